/* SPDX-License-Identifier: MIT */
/*
 * Whether another thread is harmless, for those that ask and keep.  Nobody waits in here.
 */
#include "domain.h"

/*
 * Whether another thread is harmless by its state.  [PARK] what it did before.
 *
 * An isolated thread that calls rdv_harmless_now() says HARMLESS for a moment, and takes that
 * back.  [TAKEN-BACK] If we have read what it said in an isolation, we find its name on the
 * gate, or that taken_back has changed: it counts that before its name is taken off.  If it had
 * counted before we read its state, we would have read RUNNING, or what came later.
 *
 * Repeats if any owner has taken it back in between.
 */
bool rdv_says_harmless(const struct rdv_member *t)
{
	const rdv_domain *d = t->domain;
	uint64_t before;
	uint32_t state;

	do {
		before = rdv_load_acq(&d->taken_back);
		state = rdv_load_sc(&t->self.state);
		if (state != RDV_STATE_HARMLESS)
			return state != RDV_STATE_RUNNING;
		if (rdv_ctl_id(rdv_load_sc(&d->ctl)) == (int32_t)t->id)
			return false;
	} while (rdv_load_rlx(&d->taken_back) != before); /* (f) */
	return true;
}

/* The same, for those that have written what the thread reads after its bit and its state.  A
 * thread that parks makes its bit seq_cst, one that takes the fast path its state. */
bool rdv_is_harmless(const struct rdv_member *t)
{
	return rdv_load_sc(&t->domain->harmless[t->word]) & t->bit ||
	       rdv_says_harmless(t);
}
