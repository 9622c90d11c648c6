/* SPDX-License-Identifier: MIT */
/*
 * The queue: isolators that want the token.
 *
 * A thread that has the token may open one round after another for a turn, patience_ns.
 * Meanwhile isolators that are awake may take the token whenever the gate is open.  The
 * others sleep, each on its own asleep, with their bit in want_rdv[] set.  Two things end
 * such a sleep.  Each opening of the gate wakes one of them, unless one is on its way
 * already; the woken one competes for the token.  And when the turn is over, the owner
 * passes the token to the isolator that has waited longest, and another turn begins.
 *
 * See domain.h for the words and doc/design.md for the argument.
 */
#include "domain.h"
#include "clock.h"
#include "futex.h"
#include "inside/record.h"
#include "spin.h"
#include "wait.h"
#include "window.h"

#include <errno.h>

/* ------------------------------------------------------------------ the token */

/*
 * Takes the token and so opens a round, if none is on and the isolators are not barred.
 * [GATE] The thread closes the gate before the leader reads any thread's state.
 * If no more than the other two bits have changed in between, the gate is as it was.
 */
bool rdv_take(struct rdv_member *m)
{
	rdv_domain *d = m->domain;
	uint32_t ctl = rdv_load_acq(&d->ctl), seen = ctl, left;

	if (!rdv_ctl_open(ctl) || !rdv_may_open(d, &left))
		return false;
	while (!rdv_cas_sc(&d->ctl, &ctl, rdv_ctl_owned(ctl, m)))
		if ((ctl ^ seen) & ~(RDV_GATE_ASKED | RDV_GATE_KEPT))
			return false;
	rdv_record_round(m);
	if (d->gathered) /* as in rdv_window_stop_counting() */
		d->gathered = false;
	if (d->gave_up) /* in another round */
		d->gave_up = false;
	rdv_window_gate_closed(d);
	return true;
}

/*
 * Writes the new owner's name on the gate, unless it has done so itself.  By then it may
 * even have passed the token on, but not back to us.
 */
static void rename_owner(const struct rdv_member *from, const struct rdv_member *to)
{
	rdv_word *word = &from->domain->ctl;
	uint32_t ctl = rdv_load_rlx(word); /* (b) */

	while ((ctl & RDV_CTL_OWNER) == rdv_ctl_name(from) &&
	       !rdv_cas_sc(word, &ctl, rdv_ctl_owned(ctl, to)))
		;
}

/*
 * competing:  31                            15  14      0
 *            | when the last came, us, wrapping |  count  |
 *
 * counts the isolators that are awake, or about to be, and go for the gate.
 */
enum { US_SHIFT = 15 };

static uint32_t one_more(uint32_t competing, uint32_t now)
{
	return now << US_SHIFT | ((competing & RDV_COMPETING) + 1);
}

/* Whether an isolator is on its way and is not lost, by 17 bits of now. */
static bool somebody_competes(uint32_t competing, uint32_t now)
{
	return (competing & RDV_COMPETING) &&
	       !rdv_lost(0, (uint32_t)(((int32_t)((now << US_SHIFT) -
						  (competing & ~RDV_COMPETING))) >>
				       US_SHIFT));
}

/*
 * The queued isolator that has waited longest, or NULL. asleep: only those that sleep
 * count.  A ticket is written before the bit is set.
 */
static struct rdv_member *longest_waiting(const rdv_domain *d, bool asleep)
{
	uint32_t words = rdv_load_sc(&d->words), word, bits, id, ticket, first = 0;
	struct rdv_member *t, *longest = NULL;

	for (word = 0; word < words; word++) {
		for (bits = rdv_load_sc(&d->want_rdv[word]); bits; bits &= bits - 1) {
			id = word * RDV_WORD_BITS + (uint32_t)__builtin_ctz(bits);
			t = d->member[id];
			ticket = rdv_load_rlx(&d->ticket[id]); /* (f) */
			if (longest && (int32_t)(ticket - first) >= 0)
				continue;
			if (asleep && rdv_load_sc(&t->asleep) != RDV_ASLEEP)
				continue;
			longest = t;
			first = ticket;
		}
	}
	return longest;
}

/*
 * Wakes an isolator, if it sleeps, and tells it why.  The thread that swaps asleep does
 * the waking.  The caller is shielded: a handler must not wait between the two.
 */
static bool wake(struct rdv_member *from, struct rdv_member *to, uint32_t why)
{
	uint32_t asleep = RDV_ASLEEP;

	if (rdv_load_sc(&to->asleep) != RDV_ASLEEP ||
	    !rdv_cas_sc(&to->asleep, &asleep, why))
		return false;
	rdv_record_wake(from);
	rdv_futex_wake(&to->asleep, 1, RDV_FUTEX_ANY);
	return true;
}

/*
 * [TOKEN] Clearing the bit hands over the token, with all that the predecessors did.
 * False if the isolator has withdrawn: it clears its bit by itself.
 */
static bool hand_over(struct rdv_member *from, struct rdv_member *to)
{
	rdv_word *word = &to->domain->want_rdv[to->word];

	if (!(rdv_and_sc(word, ~to->bit) & to->bit))
		return false;
	rename_owner(from, to);
	/* [QUEUE-SLEEP] Dekker: it sets asleep, then reads its bit. */
	wake(from, to, RDV_AWAKE);
	return true;
}

/*
 * The time, in us, for a releaser that somebody waits for.  It may be that of an earlier
 * release in the same turn: while no thread is held, and rounds are so short that reading the
 * clock takes as long as they do, it is read each 8th time, and when the coarse clock, tick,
 * has changed.  A turn lasts for so much longer.  rdv_pass() reads the clock itself.
 */
enum {
	SHORT_US = 4, /* if all rounds since the last look took no longer than this ... */
	LOOK_AFTER = 8 - 1, /* ... so many go without a look */
};

uint32_t rdv_turn_clock(rdv_domain *d, uint64_t tick)
{
	struct rdv_turn_clock *c = &d->turn_clock;
	uint32_t now;

	if (c->left && tick == c->tick && !rdv_load_sc(&d->held)) {
		c->left--;
		return c->now;
	}
	now = rdv_now_us();
	c->left = now - c->now <= SHORT_US ? LOOK_AFTER : 0;
	c->now = now;
	c->tick = tick;
	return now;
}

/* Whether the owner has to pass the token on, if an isolator waits for it. */
bool rdv_turn_over(const rdv_domain *d, uint32_t now)
{
	return rdv_load_sc(&d->queued) &&
	       (!d->patience_us || now - d->turn_began >= d->patience_us);
}

/* Whether no isolator is on its way: the second look of rdv_wake_queued(). */
static bool nobody_competes(const rdv_domain *d, uint32_t now)
{
	uint32_t competing = rdv_load_sc(&d->competing);

	return !somebody_competes(competing, now ? now : rdv_now_us());
}

/*
 * The owner ends the round.  [OPEN] A thread that sees the gate open sees all that the
 * isolators of the round did: the addition carries it.  now: 0 if the owner has not read the
 * clock.  True if threads sleep: the caller goes on to rdv_wake_sleepers().
 */
bool rdv_open(struct rdv_member *m, uint32_t now)
{
	rdv_domain *d = m->domain;

	rdv_window_gate_opens(d, now);
	rdv_add_sc(&d->ctl, rdv_ctl_next_round(m));
	rdv_record_round_end(m);
	return (rdv_load_sc(&d->asleep) && rdv_nobody_wakes(d, now)) ||
	       (rdv_load_sc(&d->queued) && nobody_competes(d, now));
}

/* The caller is shielded, or parked for good. */
void rdv_wake_sleepers(struct rdv_member *m, uint32_t now)
{
	rdv_wake_held(m->domain, now);
	rdv_wake_queued(m, now);
}

/*
 * The owner passes the token on if its turn is over.  Otherwise it ends the round.  The
 * caller is shielded.  gathered: the caller is parked and no other thread is running, so
 * the successor need not look.
 *
 * If not, the caller gives up, and may come back in the same round.  Two that did so in turn
 * would keep the gate closed for as long as they like.  So if one that gave up has passed the
 * token on, the next one opens the gate.
 */
void rdv_pass(struct rdv_member *m, bool gathered)
{
	rdv_domain *d = m->domain;
	uint32_t now = rdv_now_us();
	bool over = rdv_turn_over(d, now) && (gathered || !d->gave_up);
	struct rdv_member *next;

	/* if one withdraws the next one gets it: that does not make our turn longer */
	while (over && (next = longest_waiting(d, false))) {
		d->gathered = gathered;
		d->gave_up = !gathered;
		d->turn_began = now;
		d->turn_clock.left = 0; /* it may show an earlier time */
		if (hand_over(m, next))
			return;
	}
	if (rdv_open(m, now))
		rdv_wake_sleepers(m, now);
}

/* -------------------------------------------------------------------- competing */

static void competes(struct rdv_member *m)
{
	rdv_word *word = &m->domain->competing;
	uint32_t competing = rdv_load_rlx(word), now = rdv_now_us(); /* (b) */

	if (m->competes)
		return;
	while (!rdv_cas_sc(word, &competing, one_more(competing, now)))
		;
	m->competes = true;
}

/* [COMPETING] The thread does it before it looks at the gate for the last time. */
static void competes_no_more(struct rdv_member *m)
{
	if (m->competes)
		rdv_sub_sc(&m->domain->competing, 1);
	m->competes = false;
}

/*
 * Called when the gate may be open.  Wakes the isolator that has slept longest, to
 * compete for the token, unless one is on its way.  The caller is shielded.
 *
 * [QUEUED] Dekker: an isolator counts itself in queued and sets its asleep, then reads
 * ctl; we opened the gate, then read queued and asleep.
 *
 * [COMPETING] Dekker: an isolator that stops competing counts itself out of competing,
 * then reads ctl; we opened the gate, then read competing.
 *
 * If the isolator turns out to be awake, it will not know that we counted it.  Other
 * openers may have relied on that count.  They opened the gate before we count it out, so
 * we look again for them.
 */
void rdv_wake_queued(struct rdv_member *m, uint32_t now)
{
	rdv_domain *d = m->domain;
	struct rdv_member *t;
	uint32_t seen;

	while (rdv_load_sc(&d->queued)) {
		seen = rdv_load_sc(&d->competing);
		if (somebody_competes(seen, now))
			return;
		t = longest_waiting(d, true);
		if (!t)
			return;
		if (!rdv_cas_sc(&d->competing, &seen, one_more(seen, now)))
			continue;
		if (wake(m, t, RDV_TO_COMPETE))
			return;
		rdv_sub_sc(&d->competing, 1);
	}
}

/* -------------------------------------------------------------------- queueing */

/* [TOKEN] A clear bit hands over the token, with all that the predecessors did. */
static bool handed(const struct rdv_member *m)
{
	return !(rdv_load_sc(&m->domain->want_rdv[m->word]) & m->bit);
}

/*
 * Takes the token if the gate is open.  Otherwise looks now and then, for a while,
 * whether it is.  Meanwhile back-to-back rounds of another thread go on at its own speed:
 * no lines go back and forth.  The thread stops if no round ends for a while, because in
 * a long round the cost of a hand-over does not matter.
 */
static bool compete(struct rdv_member *m, bool queued, const struct timespec *deadline)
{
	rdv_domain *d = m->domain;
	uint32_t round = rdv_load_rlx(&d->ctl) / RDV_CTL_ROUND, ctl, left; /* (d) */
	struct rdv_spin spin;
	bool mine = (queued && handed(m)) || rdv_take(m);

	if (mine || !rdv_spin_begin(&spin, d, RDV_SPIN_ROUNDS, deadline))
		return mine;
	competes(m);
	while (!(mine = (queued && handed(m)) || rdv_take(m))) {
		ctl = rdv_load_rlx(&d->ctl); /* (d) */
		if (ctl / RDV_CTL_ROUND != round)
			rdv_spin_prolong(&spin);
		round = ctl / RDV_CTL_ROUND;
		if ((rdv_ctl_open(ctl) && !rdv_may_open(d, &left)) ||
		    !rdv_spin_once(&spin))
			break;
	}
	rdv_spin_end(&spin);
	return mine;
}

/* From here on the token may be passed to the thread. */
static void queue(struct rdv_member *m)
{
	rdv_domain *d = m->domain;

	rdv_store_rlx(&d->ticket[m->id], rdv_add_sc(&d->tickets, 1)); /* (f) */
	rdv_or_sc(&d->want_rdv[m->word], m->bit);
	rdv_add_sc(&d->queued, 1);
}

/*
 * The gate is open, and the isolators are barred.  Sleeps until the window is over.  Its
 * end may wake nobody, so this wait ends by time.
 */
static int sleep_barred(struct rdv_member *m, uint32_t left,
			const struct timespec *deadline)
{
	struct timespec over = rdv_deadline_at(rdv_clock_ns() + (uint64_t)left * 1000);
	bool first = !deadline || rdv_deadline_earlier(&over, deadline);
	int ret = rdv_wait(m, &m->asleep, RDV_ASLEEP, RDV_FUTEX_ANY,
			   first ? &over : deadline);

	return first && ret == -ETIMEDOUT ? 0 : ret;
}

static void wakes_up(struct rdv_member *m)
{
	m->competes = rdv_xchg_sc(&m->asleep, RDV_AWAKE) == RDV_TO_COMPETE;
}

/*
 * Sleeps until there is something to look at. -ETIMEDOUT: the deadline has passed;
 * -ECANCELED: on_stall has called the wait off.
 *
 * [QUEUE-SLEEP] We set asleep, then read the bit; the predecessor clears the bit, then
 * reads asleep.
 *
 * [QUEUED] queued and asleep, [COMPETING] competing: we write these, then read the gate.
 *
 * [BARRED] asleep, then held, in rdv_may_open().
 *
 * The thread that wakes us to compete has counted us in competing.
 */
static int sleep_queued(struct rdv_member *m, const struct timespec *deadline)
{
	rdv_domain *d = m->domain;
	uint32_t left;
	int ret = 0;

	rdv_store_sc(&m->asleep, RDV_ASLEEP);
	competes_no_more(m);
	if (!handed(m)) {
		if (!rdv_ctl_open(rdv_load_sc(&d->ctl)))
			ret = rdv_wait(m, &m->asleep, RDV_ASLEEP, RDV_FUTEX_ANY,
				       deadline);
		else if (!rdv_may_open(d, &left))
			ret = sleep_barred(m, left, deadline);
	}
	wakes_up(m);
	return ret;
}

/* Clears its bit.  True if the predecessor was faster: then the token is its own. */
static bool leave_queue(struct rdv_member *m)
{
	rdv_domain *d = m->domain;
	uint32_t before = rdv_and_sc(&d->want_rdv[m->word], ~m->bit);

	rdv_sub_sc(&d->queued, 1);
	return !(before & m->bit);
}

/* [COMPETING] The isolator gives up, and others may have relied on it. */
static void wake_another(struct rdv_member *m)
{
	if (rdv_ctl_open(rdv_load_sc(&m->domain->ctl)))
		rdv_wake_queued(m, rdv_now_us());
}

/*
 * Waits for the token, parked and shielded.  Returns 0 (it has the token) or -ETIMEDOUT.  If
 * on_stall calls the wait off the deadline is over from then on, also for the caller.
 *
 * In strict order the thread queues before it competes: then the token is passed to it,
 * and no other thread can take it first.
 */
int rdv_enqueue(struct rdv_member *m, const struct timespec **deadline)
{
	static const struct timespec over = {0, 0};
	rdv_domain *d = m->domain;
	bool queued = false, mine;
	int ret = 0;

	if (!d->patience_us) {
		queue(m);
		queued = true;
	}
	while (!(mine = compete(m, queued, *deadline)) && ret != -ETIMEDOUT) {
		if (!queued)
			queue(m);
		queued = true;
		ret = sleep_queued(m, *deadline);
		if (ret == -ECANCELED) {
			*deadline = &over;
			ret = -ETIMEDOUT;
		}
	}
	if (queued && leave_queue(m))
		mine = true;
	competes_no_more(m);
	if (mine)
		return 0;
	wake_another(m);
	return -ETIMEDOUT;
}

static void write_own_name(const struct rdv_member *m)
{
	rdv_domain *d = m->domain;
	uint32_t ctl = rdv_load_rlx(&d->ctl); /* (b) */

	while (!rdv_owns(m) && !rdv_cas_sc(&d->ctl, &ctl, rdv_ctl_owned(ctl, m)))
		; /* the predecessor did it */
}

/*
 * The thread ends in on_stall, which sleep_queued() has called.  It will not return
 * there, and stays parked.  If the token has been passed to it, it passes the token on.
 */
void rdv_leave_queue(struct rdv_member *m)
{
	bool mine;

	wakes_up(m);
	mine = leave_queue(m);
	competes_no_more(m);
	if (mine) {
		write_own_name(m);
		rdv_pass(m, m->domain->gathered);
	} else {
		wake_another(m);
	}
}

/*
 * The owner, which is parked, makes sure that its name is on the gate, and runs.  Once
 * the name is there a handler takes the thread for the owner and does nothing, so the
 * shield can go.  It must go before the thread runs: a shielded thread's handler would
 * leave it parked.
 */
void rdv_take_office(struct rdv_member *m)
{
	write_own_name(m);
	rdv_shield_off(m);
	rdv_xchg_sc(&m->self.state, RDV_STATE_RUNNING);
	rdv_and_sc(&m->domain->harmless[m->word], ~m->bit);
	rdv_store_rlx(&m->self.parked, 0); /* (a) */
}
