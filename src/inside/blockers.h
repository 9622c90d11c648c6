/* SPDX-License-Identifier: MIT */
#ifndef RDV_BLOCKERS_H
#define RDV_BLOCKERS_H

#include <rdv/stats.h>

#include "domain.h"

/* Those that m waits for, see rdv_domain_blockers().  m: NULL for a pending isolation. */
size_t rdv_blockers(const rdv_domain *d, const struct rdv_member *m,
		    struct rdv_blocker *blockers, size_t n, size_t size);

/* The thread that has the token, or NULL. */
const struct rdv_member *rdv_owner(const rdv_domain *d);

#endif
