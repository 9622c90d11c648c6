/* SPDX-License-Identifier: MIT */
/*
 * Small programs for two or three threads, in all the orders that a few preemptions
 * can bring about; see explore.h.  In each of them nobody runs beside an isolated
 * thread (G1), everybody finishes (G3, G9), release comes after the end of the round
 * (G5), and in the end the words are as if nothing had been (G8).
 *
 * UNIT_PREEMPTIONS in the environment takes more patience.
 */
#include "unit.h"
#include "explore.h"

#include <sched.h>

enum op {
	STOP, /* unregister */
	NOW,
	END,
	END_TRY,   /* and if that fails, END */
	END_UNTIL, /* likewise; its deadline may pass at any time */
	TILL_END,
	CHECKPOINT,
	ISOLATE,
	RELEASE,
	TRY, /* these three release at once, if they succeed */
	UNTIL,
	UNTIL_LATE,
	REJOIN, /* unregister, and register again */
	SYNC,   /* ask for a sync-point */
};

typedef enum op program[8];

/* What a thread may do outside of the library, as it sees it itself. */
enum role { HARMLESS, RUNNING, ALONE };

static struct {
	rdv_domain *d;
	rdv_thread *self[EXPLORE_MAX];
	const enum op *program[EXPLORE_MAX];
	enum role role[EXPLORE_MAX];
	uint32_t round[EXPLORE_MAX]; /* that it was alone in */
	int threads;
	uint64_t patience_ns;
	bool in_turn; /* a requester of a sync-point */
} play;

/* ------------------------------------------------------------------ what must be so */

static bool has_bit(int i)
{
	const struct rdv_member *m = rdv_member_of(play.self[i]);

	return SHIM_GET(play.d->harmless[m->word]) & m->bit;
}

static void take_role(int i, enum role role)
{
	int other;

	play.role[i] = role;
	if (role == RUNNING && has_bit(i))
		explore_fail("runs, and the others think that it is harmless");
	for (other = 0; other < play.threads; other++) {
		if (other == i)
			continue;
		if ((role == ALONE && play.role[other] != HARMLESS) ||
		    (role == RUNNING && play.role[other] == ALONE))
			explore_fail("not alone");
	}
	explore_point(); /* for as long as the others like */
}

static uint32_t current_round(void)
{
	return rdv_load_rlx(&play.d->ctl) / RDV_CTL_ROUND;
}

static bool words_are_clean(void)
{
	const rdv_domain *d = play.d;
	uint32_t word;

	for (word = 0; word < RDV_MASK_WORDS(d->max_threads); word++)
		if (d->want_rdv[word] || d->harmless[word] != ~0u || d->registered[word])
			return false;
	return !(d->ctl % RDV_CTL_ROUND) && !d->held && !d->asleep && !d->waking &&
	       !d->lingering && !d->barred && !d->gathering && !d->spinners &&
	       !d->members && !d->sync.phase && !d->sync.pending && !d->sync.wanting &&
	       !d->sync.entered && !d->sync.exited && !d->sync.readable;
}

/* --------------------------------------------------------------------- the programs */

/* The inline functions have no points: these are the same with. */
static void now(rdv_thread *self)
{
	uint32_t published, gate;

	explore_point();
	published = rdv_state_set(self, RDV_STATE_HARMLESS);
	explore_point();
	gate = __atomic_load_n(self->gate, __ATOMIC_SEQ_CST);
	if ((gate & RDV_GATE_OWNER) | published)
		rdv_harmless_now_slow(self);
}

static void end(rdv_thread *self)
{
	uint32_t published, gate;

	explore_point();
	published = rdv_state_set(self, RDV_STATE_RUNNING);
	explore_point();
	gate = __atomic_load_n(self->gate, __ATOMIC_SEQ_CST);
	if ((gate & RDV_GATE_OWNER) | published)
		rdv_harmless_end_slow(self);
}

static void leave_round(int i)
{
	play.role[i] = HARMLESS; /* it may be, from here on */
	rdv_release(play.self[i]);
	if (play.round[i] == current_round())
		explore_fail("released, and the round goes on");
	take_role(i, RUNNING);
}

static void be_alone(int i, bool release)
{
	play.round[i] = current_round();
	take_role(i, ALONE);
	if (release)
		leave_round(i);
}

static void pass_sync(int i)
{
	rdv_thread *self = play.self[i];

	if (!rdv_sync_pending(play.d))
		return;
	play.role[i] = HARMLESS;
	rdv_sync_enter(self);
	if (rdv_sync_wanted(self)) {
		if (play.in_turn)
			explore_fail("two in their turn");
		play.in_turn = true;
		take_role(i, ALONE);
		play.in_turn = false;
	}
	play.role[i] = HARMLESS;
	rdv_sync_exit(self);
	take_role(i, RUNNING);
}

static void try_end(int i, int ret)
{
	if (ret) {
		explore_point();
		end(play.self[i]);
	}
	take_role(i, RUNNING);
}

static void try_alone(int i, int ret)
{
	if (!ret)
		be_alone(i, true);
	else
		take_role(i, RUNNING);
}

/* What is done in an isolated section leaves the thread alone; true if it was that. */
static bool do_nested(rdv_thread *self, enum op op)
{
	if (op == NOW)
		now(self);
	else if (op == END)
		end(self);
	else if (op == ISOLATE)
		rdv_isolate(self);
	else if (op == RELEASE && rdv_member_of(self)->depth > 1)
		rdv_release(self);
	else
		return false;
	explore_point();
	return true;
}

static void do_rejoin(int i)
{
	rdv_thread_unregister(play.self[i]);
	explore_point();
	if (rdv_thread_register(play.d, NULL, &play.self[i]))
		explore_fail("cannot register");
	take_role(i, RUNNING);
}

/* Those that have to do with isolating; before: what the thread was. */
static void do_isolate_op(int i, enum op op, enum role before)
{
	rdv_thread *self = play.self[i];

	switch (op) {
	case ISOLATE:
		rdv_isolate(self);
		be_alone(i, false);
		break;
	case RELEASE:
		leave_round(i);
		break;
	case TRY:
		play.role[i] = before; /* it never waits */
		try_alone(i, rdv_isolate_try(self));
		break;
	case UNTIL:
		try_alone(i, rdv_isolate_until(self, &unit_far));
		break;
	default:
		try_alone(i, rdv_isolate_until(self, &unit_past));
		break;
	}
}

static void do_op(int i, enum op op)
{
	rdv_thread *self = play.self[i];
	enum role before = play.role[i];

	if (before == ALONE && do_nested(self, op))
		return;
	play.role[i] = HARMLESS;
	switch (op) {
	case NOW:
		now(self);
		explore_point();
		break;
	case END:
		end(self);
		take_role(i, RUNNING);
		break;
	case END_TRY:
		try_end(i, rdv_harmless_end_try(self));
		break;
	case END_UNTIL:
		try_end(i, rdv_harmless_end_until(self, &unit_far));
		break;
	case TILL_END:
		rdv_harmless_till_end(self);
		explore_point();
		break;
	case CHECKPOINT:
		rdv_checkpoint(self);
		take_role(i, RUNNING);
		break;
	case REJOIN:
		do_rejoin(i);
		break;
	case SYNC:
		play.role[i] = before;
		rdv_sync_want(self);
		break;
	case STOP:
		rdv_thread_unregister(self);
		break;
	default:
		do_isolate_op(i, op, before);
		break;
	}
}

static void run(void *unused, int i)
{
	const enum op *op = play.program[i];

	(void)unused;
	shim_call_begin();
	if (rdv_thread_register(play.d, NULL, &play.self[i]))
		explore_fail("cannot register");
	take_role(i, RUNNING);
	for (; *op != STOP; op++) {
		do_op(i, *op);
		if (play.role[i] == RUNNING)
			pass_sync(i);
	}
	do_op(i, STOP);
	shim_call_end();
}

static void before(void *unused)
{
	rdv_domain_attr attr = unit_attr();
	int i;

	(void)unused;
	attr.max_threads = 3;
	attr.patience_ns = play.patience_ns;
	if (play.patience_ns != RDV_PATIENCE_NONE)
		shim.clock_ns = 1000;
	if (rdv_domain_create(&play.d, &attr))
		abort();
	for (i = 0; i < EXPLORE_MAX; i++)
		play.role[i] = HARMLESS;
	play.in_turn = false;
}

static bool after(void *unused)
{
	bool clean = words_are_clean();

	(void)unused;
	return !rdv_domain_destroy(play.d) && clean;
}

static unsigned long try_all(const enum op *a, const enum op *b, const enum op *c,
			     int preemptions, bool spurious)
{
	const struct explore e = {
		.threads = c ? 3 : 2,
		.before = before,
		.run = run,
		.after = after,
		.preemptions = preemptions,
		.spurious = spurious,
	};

	play.threads = e.threads;
	play.program[0] = a;
	play.program[1] = b;
	play.program[2] = c;
	return explore(&e);
}

/* ------------------------------------------------------------------------- the cases */

static const program programs[] = {
	{NOW, END, NOW, END},
	{NOW, END_TRY},
	{NOW, END_UNTIL},
	{NOW, TILL_END, END},
	{TILL_END, END, CHECKPOINT},
	{ISOLATE, RELEASE},
	{NOW, ISOLATE, RELEASE},
	{ISOLATE, RELEASE, ISOLATE, RELEASE},
	{ISOLATE, NOW, ISOLATE, END, RELEASE, RELEASE},
	{TRY, TRY},
	{UNTIL},
	{UNTIL_LATE, NOW, UNTIL},
	{REJOIN, NOW, REJOIN},
	{ISOLATE, REJOIN, CHECKPOINT},
	{SYNC, CHECKPOINT},
};

enum { PROGRAMS = sizeof(programs) / sizeof(programs[0]) };

static int preemptions(int usual)
{
	const char *more = getenv("UNIT_PREEMPTIONS");

	return more ? atoi(more) : usual;
}

/* Patience: none, without end, and one that is over after a few looks at the clock. */
static void set_patience(int kind)
{
	static const uint64_t ns[] = {RDV_PATIENCE_NONE, INT64_MAX, 2000};

	play.patience_ns = ns[kind];
	shim.clock_ns = 1000;
	shim.clock_step = kind == 2 ? 500 : 0;
}

/* Of those that differ most. */
static const int chosen[] = {0, 3, 4, 5, 7, 10, 12, 14};

enum { CHOSEN = sizeof(chosen) / sizeof(chosen[0]) };

static unsigned long try_pair(int a, int b, bool spurious)
{
	unsigned long n = try_all(programs[a], programs[b], NULL,
				  preemptions(unit_slow() ? 1 : 2), spurious);

	if (!n)
		printf("# programs %d and %d\n", a, b);
	assert_true(n);
	return n;
}

static void all_pairs(int patience)
{
	unsigned long orders = 0;
	int a, b;

	set_patience(patience);
	for (a = 0; a < PROGRAMS; a++)
		for (b = a; b < PROGRAMS; b++)
			orders += try_pair(a, b, false);
	printf("# %lu orders\n", orders);
}

static void chosen_pairs(int patience, bool spurious)
{
	unsigned long orders = 0;
	int a, b;

	set_patience(patience);
	for (a = 0; a < CHOSEN; a++)
		for (b = a; b < CHOSEN; b++)
			orders += try_pair(chosen[a], chosen[b], spurious);
	printf("# %lu orders\n", orders);
}

static void pairs_without_patience(void **state)
{
	(void)state;
	if (unit_variant() == PLAIN)
		all_pairs(0);
	else
		chosen_pairs(0, false);
}

static void pairs_with_short_patience(void **state)
{
	(void)state;
	chosen_pairs(2, false);
}

static void pairs_with_spurious_wake_ups(void **state)
{
	(void)state;
	chosen_pairs(0, true);
}

static unsigned long triple(int a, int b, int c)
{
	unsigned long n =
		try_all(programs[a], programs[b], programs[c], preemptions(1), false);

	if (!n)
		printf("# programs %d, %d and %d\n", a, b, c);
	assert_true(n);
	return n;
}

static void all_triples(int patience)
{
	unsigned long orders = 0;
	int a, b, c;

	set_patience(patience);
	for (a = 0; a < CHOSEN; a++)
		for (b = a; b < CHOSEN; b++)
			for (c = b; c < CHOSEN; c++)
				orders += triple(chosen[a], chosen[b], chosen[c]);
	printf("# %lu orders\n", orders);
}

static void triples_without_patience(void **state)
{
	(void)state;
	all_triples(0);
}

static void triples_with_short_patience(void **state)
{
	(void)state;
	all_triples(2);
}

/*
 * A leader is interrupted between having parked a thread and setting its bit, while
 * that one is on its way out.
 */
static void pairs_that_take_three_preemptions(void **state)
{
	unsigned long orders = 0, n;
	int a;

	(void)state;
	set_patience(0);
	for (a = 1; a <= 2; a++) {
		n = try_all(programs[a], programs[5], NULL, preemptions(3), false);
		assert_true(n);
		orders += n;
	}
	printf("# %lu orders\n", orders);
}

static const struct unit_case cases[] = {
	UNIT(pairs_without_patience, BOTH),
	UNIT(pairs_with_short_patience, ONLY_PLAIN),
	UNIT(pairs_with_spurious_wake_ups, ONLY_PLAIN),
	UNIT(pairs_that_take_three_preemptions, ONLY_PLAIN),
	UNIT(triples_without_patience, ONLY_PLAIN),
	UNIT(triples_with_short_patience, ONLY_PLAIN),
};

/* One at a time: on one processor they are handed on fastest. */
int main(void)
{
	cpu_set_t set;
	int cpu;

	if (!sched_getaffinity(0, sizeof(set), &set)) {
		for (cpu = 0; !CPU_ISSET(cpu, &set); cpu++)
			;
		CPU_ZERO(&set);
		CPU_SET(cpu, &set);
		sched_setaffinity(0, sizeof(set), &set);
	}
	return unit_main("interleave", cases, sizeof(cases) / sizeof(cases[0]));
}
