/* SPDX-License-Identifier: MIT */
#ifndef RDV_BLOCKERS_H
#define RDV_BLOCKERS_H

#include <rdv/stats.h>

#include "internal.h"

/* Those that a wait of this kind waits for, see rdv_domain_blockers(). */
size_t rdv_blockers(const rdv_domain *d, enum rdv_wait_kind kind,
		    struct rdv_blocker *blockers, size_t n);

/* Who has the token, or NULL. */
const struct rdv_member *rdv_owner(const rdv_domain *d);

#endif
