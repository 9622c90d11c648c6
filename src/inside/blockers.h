/* SPDX-License-Identifier: MIT */
#ifndef RDV_BLOCKERS_H
#define RDV_BLOCKERS_H

#include <rdv/stats.h>

#include "domain.h"

/* Those that a wait of this kind (enum rdv_wait_kind) waits for, and has since then; see
 * rdv_domain_blockers(). */
size_t rdv_blockers(const rdv_domain *d, uint32_t kind, uint64_t since,
		    struct rdv_blocker *blockers, size_t n, size_t size);

/* The thread that has the token, or NULL. */
const struct rdv_member *rdv_owner(const rdv_domain *d);

#endif
