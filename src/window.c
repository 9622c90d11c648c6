/* SPDX-License-Identifier: MIT */
/*
 * Windows: for how long the gate stays open before the next round, for the sake of the
 * held.
 *
 * While threads are held, the owner adds up for how long the gate was closed and for how
 * long it was open.  When the gate has been closed for the domain's patience, a window
 * begins.  The gate then stays open until it has been open for as long as it was closed,
 * or until all the held have run.  A window bars all isolators.  It ends by time and
 * waits for no thread, because a held thread may get no CPU. While a thread misses one
 * window after another, each window is twice as long as the last.
 *
 * The owner keeps the account.  When it opens the gate it writes the end of the window to
 * barred_until, or 0.
 */
#include "window.h"
#include "clock.h"

/*
 * held has two counts: of the threads that were held before the window began, and of
 * those that came later.  held_unit is what the next held thread adds, in the place of
 * the latter.  Returns how many of the former are still held: these missed the window.
 */
static uint32_t missed_it(const rdv_domain *d, uint32_t held)
{
	return rdv_load_rlx(&d->held_unit) == 1 ? held >> RDV_HELD_SHIFT /* (f) */
						: held & ((1u << RDV_HELD_SHIFT) - 1);
}

/* From here on the threads that are held count as held before the window. */
static void change_groups(rdv_domain *d)
{
	rdv_store_rlx(&d->held_unit, rdv_load_rlx(&d->held_unit) == 1 /* (f) */
					     ? 1u << RDV_HELD_SHIFT
					     : 1);
}

static void begin(rdv_domain *d, uint32_t since)
{
	struct rdv_window *w = &d->window;

	w->counting = true;
	w->since = since;
	w->closed = w->open = w->doubled = 0;
	w->due = false;
}

/* For how long the gate has to be open in a window, all in all. */
static uint32_t length(const rdv_domain *d)
{
	uint64_t us = (uint64_t)d->window.closed << d->window.doubled;

	return us < d->window_max_us ? (uint32_t)us : d->window_max_us;
}

/* rdv_window_gate_closed() while threads are held */
void rdv_window_closed(rdv_domain *d, uint32_t held)
{
	struct rdv_window *w = &d->window;
	uint32_t now = rdv_now_us();

	if (!w->counting) {
		begin(d, now);
		return;
	}
	w->open += now - w->since;
	w->since = now;
	if (!w->due)
		return;
	/* the window is over */
	if (!missed_it(d, held))
		w->doubled = 0;
	else if (length(d) < d->window_max_us)
		w->doubled++;
	w->closed = w->open = 0;
	w->due = false;
}

/* When the window ends that begins or goes on now; 0: there is none. */
static uint32_t window(rdv_domain *d, uint32_t held, uint32_t now)
{
	struct rdv_window *w = &d->window;
	uint32_t until;

	if (w->closed < d->patience_us)
		return 0;
	if (w->open >= length(d)) {
		begin(d, now); /* rounds are far enough apart */
		return 0;
	}
	if (!missed_it(d, held))
		change_groups(d);
	w->due = true;
	until = now + length(d) - w->open;
	return until ? until : 1;
}

/*
 * rdv_window_gate_opens() while threads are held
 *
 * A waker may wake as many threads as the round had microseconds.  That at most doubles
 * what the round has cost.
 */
void rdv_window_opens(rdv_domain *d, uint32_t held, uint32_t now)
{
	struct rdv_window *w = &d->window;
	uint32_t round;

	if (!w->counting)
		begin(d, rdv_load_rlx(&d->held_since)); /* (f) */
	if (!now || (int32_t)(now - w->since) < 0)
		now = rdv_now_us();
	round = now - w->since;
	w->closed += round;
	w->since = now;
	rdv_store_rlx(&d->round_us, round);                    /* (d) */
	rdv_store_rlx(&d->barred_until, window(d, held, now)); /* (f) */
}

/*
 * rdv_may_open() while threads are held
 *
 * barred_until may not be that of the last opening.  Then it belongs to a ctl that has
 * changed, so a compare-and-swap that follows fails.
 */
bool rdv_window_over(const rdv_domain *d, uint32_t *left)
{
	uint32_t until = rdv_load_rlx(&d->barred_until); /* (f) */

	if (!until)
		return true;
	*left = until - rdv_now_us();
	return *left - 1 >= d->window_max_us;
}
