/* SPDX-License-Identifier: MIT */
/*
 * The first looks of window.c, inline: while no thread is held that is all.
 */
#ifndef RDV_WINDOW_H
#define RDV_WINDOW_H

#include "domain.h"

void rdv_window_closed(rdv_domain *d, uint32_t held);
void rdv_window_opens(rdv_domain *d, uint32_t held, uint32_t now);
bool rdv_window_over(const rdv_domain *d, uint32_t *left);

/* Does not write if there is nothing to do: isolators read this line. */
static inline void rdv_window_stop_counting(struct rdv_window *w)
{
	if (w->counting)
		w->counting = false;
}

/* The caller has just taken the token: the gate was open until now. */
static inline void rdv_window_gate_closed(rdv_domain *d)
{
	uint32_t held = rdv_load_sc(&d->held);

	if (held)
		rdv_window_closed(d, held);
	else
		rdv_window_stop_counting(&d->window);
}

/*
 * The owner is about to open the gate.  now: 0 if it has not read the clock.  It may be
 * earlier than what is noted already.
 */
static inline void rdv_window_gate_opens(rdv_domain *d, uint32_t now)
{
	uint32_t held = rdv_load_sc(&d->held);

	if (held) {
		rdv_window_opens(d, held, now);
		return;
	}
	rdv_window_stop_counting(&d->window);
	if (rdv_load_rlx(&d->barred_until))         /* (f) */
		rdv_store_rlx(&d->barred_until, 0); /* (f) */
}

/*
 * Whether a round may be opened now.  The gate is open.  If not, *left says for how many
 * more microseconds it may not, unless the held have run before.
 *
 * [BARRED] Dekker: an isolator that is going to sleep sets its asleep, then reads held;
 * the last held thread subtracts from held, then looks for isolators that are asleep.
 */
static inline bool rdv_may_open(const rdv_domain *d, uint32_t *left)
{
	return !rdv_load_sc(&d->held) || rdv_window_over(d, left);
}

#endif
