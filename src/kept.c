/* SPDX-License-Identifier: MIT */
/*
 * A thread that is kept: it tells its keeper that it is harmless, and waits until it is let go.
 * keep.c has the keeper, and the words.
 */
#include "domain.h"
#include "futex.h"
#include "inside/record.h"
#include "spin.h"
#include "wait.h"

#include <errno.h>

/* ------------------------------------------------------------------------ telling */

/*
 * [TOLD] Dekker: a keeper sets told, then looks; we have changed what it looks at, then
 * read told.  The thread that swaps told does the waking.
 */
void rdv_tell(struct rdv_member *from, uint32_t keeper)
{
	rdv_word *told = &from->domain->told[keeper];
	uint32_t looks = 1;

	if (!rdv_load_sc(told) || !rdv_cas_sc(told, &looks, 0))
		return;
	rdv_record_wake(from);
	rdv_futex_wake(told, 1, RDV_FUTEX_ANY);
}

/*
 * Tells the keeper, if there is one, to look at the calling thread, which has just published
 * itself.
 *
 * [KEPT] we have written our state, then read kept[].  That keeper may have let go and have
 * left by now: the thread that has its id looks once more, for nothing.
 *
 * Shielded, as in rdv_tell_leader().
 */
void rdv_tell_keeper(struct rdv_member *m)
{
	rdv_domain *d = m->domain;
	bool shielded = rdv_shielded(m);
	uint32_t kept;

	if (!(rdv_load_sc(&d->ctl) & RDV_GATE_KEPT))
		return;
	kept = rdv_load_sc(&d->kept[m->id]) & RDV_KEPT_BY;
	if (!kept)
		return;
	if (!shielded)
		rdv_shield_on(m);
	rdv_tell(m, kept - 1);
	if (!shielded)
		rdv_shield_off(m);
}

/* ------------------------------------------------------------------------ waiting */

/* Spins until it is let go, or until spinning does not pay any longer.  Returns its word. */
static uint32_t spin_kept(const struct rdv_member *m, const struct timespec *deadline)
{
	const rdv_word *word = &m->domain->kept[m->id];
	struct rdv_spin spin;
	uint32_t kept;

	rdv_spin_begin(&spin, m->domain, RDV_SPIN_KEPT, deadline);
	while ((kept = rdv_load_sc(word)) && rdv_spin_once(&spin))
		;
	rdv_spin_end(&spin);
	return kept;
}

/*
 * A kept thread, which is parked and shielded, waits until it is let go.  [LET-GO] the word is
 * 0 then.  [KEPT-SLEEP] SLEEPS is in the word that the kernel compares.
 */
int rdv_wait_let_go(struct rdv_member *m, const struct timespec *deadline)
{
	rdv_word *word = &m->domain->kept[m->id];
	uint32_t kept;
	int ret = 0;

	if (!rdv_kept(m, rdv_load_sc(&m->domain->ctl)))
		return 0;
	rdv_wait_begin(m, RDV_WAIT_KEPT);
	while ((kept = spin_kept(m, deadline)) && ret != -ETIMEDOUT) {
		if (!(kept & RDV_KEPT_SLEEPS) &&
		    !rdv_cas_sc(word, &kept, kept | RDV_KEPT_SLEEPS))
			continue;
		ret = rdv_wait(m, word, kept | RDV_KEPT_SLEEPS, RDV_FUTEX_ANY, deadline);
	}
	rdv_wait_end(m);
	return kept ? -ETIMEDOUT : 0;
}
