/* SPDX-License-Identifier: MIT */
/*
 * Signal handlers: one that makes the thread harmless, and ends that, may come at any
 * moment.  It never waits for the call that it interrupted, and the call then goes
 * on as if nothing had happened.
 *
 * Each call is interrupted at each of its points, one after the other; and where the
 * processor can, after each of its instructions.
 */
#include "unit.h"
#include "points.h"

#include <errno.h>
#include <rdv/handshake.h>
#include <signal.h>
#include <stdlib.h>
#include <sys/wait.h>

enum { MOST = 128 }; /* instructions: the inline part is at the beginning */

/* --------------------------------------------------------------- the interruption */

/* What the handler does. */
static void (*action)(rdv_thread *self);

static void pair(rdv_thread *self)
{
	rdv_harmless_now(self);
	rdv_harmless_end(self);
}

static void two_pairs(rdv_thread *self)
{
	pair(self);
	rdv_harmless_now(self);
	rdv_harmless_now(self);
	rdv_harmless_end(self);
}

static void till_end(rdv_thread *self)
{
	rdv_harmless_till_end(self);
	rdv_harmless_end(self);
}

/* Those that need not wait, and in the end do what the others do. */
static void tries(rdv_thread *self)
{
	int busy, late;

	rdv_harmless_now(self);
	busy = rdv_harmless_end_try(self);
	late = busy ? rdv_harmless_end_until(self, &unit_past) : 0;
	if ((busy && busy != -EBUSY) || (late && late != -ETIMEDOUT))
		abort();
	if (!late && self->state != RDV_STATE_RUNNING)
		abort();
	rdv_harmless_end(self);
}

static void checkpoint(rdv_thread *self)
{
	rdv_checkpoint(self);
}

static void look(rdv_thread *self)
{
	rdv_domain *d = rdv_member_of(self)->domain;
	bool isolated = rdv_isolated(self);

	rdv_sync_pending(d);
	rdv_sync_wanted(self);
	rdv_sync_fd(d);
	rdv_thread_id(self);
	if (isolated != rdv_isolated(self))
		abort();
}

/* The actor's, although it may not be a member any more, or not yet. */
static __thread rdv_thread *victim;
static __thread int countdown;

static void handler(int number)
{
	int saved_errno = errno;

	(void)number;
	action(victim);
	errno = saved_errno;
}

static void at_point(void *arg)
{
	(void)arg;
	if (!countdown--)
		raise(SIGUSR1);
}

/* The call to be interrupted, and after how many points; from then on that is < 0. */
static actor_fn *call;
static int point;

static void do_interrupted(struct actor *a)
{
	victim = a->self;
	countdown = point;
	points_on(at_point, NULL);
	call(a);
	points_off();
	SHIM_SET(point, countdown);
}

/* ------------------------------------------------------ after each instruction */

#if defined(__x86_64__) && !UNIT_TSAN && !UNIT_ASAN
#include <ucontext.h>

#define CAN_STEP  1
#define TRAP_FLAG 0x100

static __thread bool stepping;
static uintptr_t trace[MOST];
static int traced;

static void trap(int number, siginfo_t *info, void *context)
{
	ucontext_t *uc = context;
	int saved_errno = errno;

	(void)number;
	(void)info;
	if (!stepping || !shim_self()->in_call)
		return;
	if (point == MOST && traced < MOST)
		trace[traced++] = (uintptr_t)uc->uc_mcontext.gregs[REG_RIP];
	if (!countdown--)
		action(victim);
	if (countdown < 0 || traced == MOST)
		uc->uc_mcontext.gregs[REG_EFL] &= ~TRAP_FLAG;
	errno = saved_errno;
}

/* The flag that traps each instruction from the next one on. */
static inline void trap_flag_set(void)
{
	__asm__ volatile("lea -128(%%rsp), %%rsp\n\tpushfq\n\torl $0x100, (%%rsp)\n\t"
			 "popfq\n\tlea 128(%%rsp), %%rsp" ::
				 : "memory", "cc");
}

static inline void trap_flag_clear(void)
{
	__asm__ volatile("lea -128(%%rsp), %%rsp\n\tpushfq\n\tandl $~0x100, (%%rsp)\n\t"
			 "popfq\n\tlea 128(%%rsp), %%rsp" ::
				 : "memory", "cc");
}

static void do_stepping(struct actor *a)
{
	victim = a->self;
	countdown = point;
	stepping = true;
	trap_flag_set();
	call(a);
	trap_flag_clear();
	stepping = false;
	SHIM_SET(point, countdown);
}

/* Valgrind and emulators have no such flag. */
static bool can_step(void)
{
	struct sigaction sa = {.sa_sigaction = trap, .sa_flags = SA_SIGINFO};

	sigaction(SIGTRAP, &sa, NULL);
	action = look;
	point = MOST;
	traced = 0;
	stepping = true;
	countdown = MOST;
	shim_call_begin();
	trap_flag_set();
	trap_flag_clear();
	shim_call_end();
	stepping = false;
	return traced > 0;
}
#else
#define CAN_STEP 0
#endif

/* ------------------------------------------------------------------- the scenarios */

/* a is interrupted; b and c help.  Everybody runs before and after. */
struct cast {
	rdv_domain *d;
	struct actor *a, *b, *c;
};

typedef void scene(struct cast *cast);

/* What a is after the call. */
enum end { RUNS, ISOLATED, GONE };

struct scenario {
	scene *before;
	actor_fn *call;
	scene *after; /* a has come to a rest, asleep or done */
	enum end end;
	int ret;
	scene *finish; /* what is left to do */
	bool inlined;  /* has a part that is not in the library, without points */
};

static void nothing(struct cast *cast)
{
	(void)cast;
}

static void others_harmless(struct cast *cast)
{
	actor_do(cast->b, do_now);
	actor_do(cast->c, do_now);
}

static void c_harmless(struct cast *cast)
{
	actor_do(cast->c, do_now);
}

static void a_harmless(struct cast *cast)
{
	actor_do(cast->a, do_now);
}

static void a_parked(struct cast *cast)
{
	actor_do(cast->a, do_now);
	actor_do(cast->c, do_now);
	actor_do(cast->b, do_isolate);
	actor_do(cast->b, do_release);
}

static void b_isolated(struct cast *cast)
{
	actor_do(cast->a, do_now);
	actor_do(cast->c, do_now);
	actor_do(cast->b, do_isolate);
}

/* The leader waits for a alone. */
static void b_gathers(struct cast *cast)
{
	actor_do(cast->c, do_now);
	assert_goes(cast->b, do_isolate, GATHERING);
}

/* The child's handlers have points, too. */
static void do_fork(struct actor *a)
{
	pid_t pid;
	int status;

	CALL(a, pid = fork());
	if (!pid)
		_exit(0);
	while (waitpid(pid, &status, 0) < 0)
		CHECK(a, errno == EINTR);
	a->ret = status;
}

static void do_lock(struct actor *a)
{
	CALL(a, CHECK(a, rdv_sync_enable(a->domain) >= 0));
}

static void free_item(struct rdv_retired *item)
{
	free(item);
}

/* The last thread to leave frees it. */
static void do_retire(struct actor *a)
{
	struct rdv_retired *item = malloc(sizeof(*item));

	CHECK(a, item);
	CALL(a, rdv_retire(a->self, item, free_item));
	CALL(a, rdv_retire_run(a->self));
}

static void a_isolated(struct cast *cast)
{
	others_harmless(cast);
	actor_do(cast->a, do_isolate);
}

static void b_held(struct cast *cast)
{
	a_isolated(cast);
	assert_goes(cast->b, do_end, HELD);
}

static void b_queued(struct cast *cast)
{
	a_isolated(cast);
	assert_goes(cast->b, do_isolate, QUEUED);
}

static void late(struct cast *cast)
{
	cast->a->deadline = &unit_past;
	actor_do(cast->c, do_now);
}

static void late_for_b(struct cast *cast)
{
	cast->a->deadline = &unit_past;
	b_isolated(cast);
}

static void b_releases(struct cast *cast)
{
	assert_where(cast->b, DONE);
	assert_true(rdv_isolated(cast->b->self));
	actor_go(cast->b, do_release);
	actor_where(cast->b);
}

/* a did not have to let b be alone, but for the handler. */
static void b_is_alone(struct cast *cast)
{
	if (actor_where(cast->b) == GATHERING) {
		assert_where(cast->a, DONE);
		actor_go(cast->a, do_checkpoint);
	}
	assert_where(cast->b, DONE);
}

static void b_has_its_way(struct cast *cast)
{
	b_is_alone(cast);
	b_releases(cast);
}

/* If the handler has let b be alone, a has no lock that b wants. */
static void b_takes_a_lock(struct cast *cast)
{
	b_is_alone(cast);
	actor_do(cast->b, do_lock);
	b_releases(cast);
}

static void b_lets_it(struct cast *cast)
{
	assert_where(cast->a, GATHERING);
	actor_do(cast->b, do_now);
}

/* To a, or if that was held in its handler, to nobody yet. */
static void b_hands_over(struct cast *cast)
{
	assert_where(cast->b, DONE);
	actor_go(cast->b, do_release);
	if (actor_where(cast->a) == GATHERING)
		actor_do(cast->b, do_now);
}

static void b_was_handed_it(struct cast *cast)
{
	assert_where(cast->a, HELD);
	b_releases(cast);
}

/* c is held, and does not know yet that it may run: a is barred. */
static void a_will_be_barred(struct cast *cast)
{
	actor_do(cast->a, do_now);
	actor_hold_for(cast->c, cast->b, 1000000);
	actor_do(cast->b, do_now);
	actor_do(cast->a, do_end);
}

static void c_runs(struct cast *cast)
{
	assert_where(cast->a, QUEUED);
	shim_resume(cast->c->shim);
	assert_where(cast->c, DONE);
	actor_do(cast->c, do_now);
}

static void a_wants(struct cast *cast)
{
	actor_do(cast->a, do_want);
}

static void others_enter(struct cast *cast)
{
	actor_go(cast->b, do_enter);
	actor_go(cast->c, do_enter);
	actor_where(cast->b);
}

static void a_wants_others_entered(struct cast *cast)
{
	a_wants(cast);
	others_enter(cast);
}

static void a_in_turn(struct cast *cast)
{
	a_wants_others_entered(cast);
	actor_do(cast->a, do_enter);
}

static void others_exit(struct cast *cast)
{
	assert_where(cast->b, DONE);
	actor_go(cast->b, do_exit);
	assert_where(cast->c, DONE);
	actor_go(cast->c, do_exit);
	assert_where(cast->b, DONE);
	assert_where(cast->c, DONE);
}

/* It was asked while it was isolated. */
static void a_answers(struct cast *cast)
{
	actor_do(cast->a, do_release);
	actor_do(cast->a, do_checkpoint);
}

static void all_exit(struct cast *cast)
{
	actor_go(cast->a, do_exit);
	others_exit(cast);
	assert_where(cast->a, DONE);
}

static void pass_point(struct cast *cast)
{
	if (actor_state(cast->c) != RDV_STATE_RUNNING)
		actor_do(cast->c, do_end);
	actor_go(cast->a, do_enter);
	others_enter(cast);
	assert_where(cast->a, DONE);
	all_exit(cast);
}

static void a_wants_b_gathers(struct cast *cast)
{
	a_wants(cast);
	b_gathers(cast);
}

static void b_releases_others_enter(struct cast *cast)
{
	b_releases(cast);
	actor_do(cast->c, do_end);
	others_enter(cast);
}

/* ---------------------------------------------------------------- what must be so */

static void check_runs(struct cast *cast)
{
	struct rdv_member *m = member(cast->a);

	assert_int_equal(actor_state(cast->a), RDV_STATE_RUNNING);
	assert_false(actor_bit(cast->a));
	assert_false(rdv_isolated(cast->a->self));
	assert_int_equal(rdv_load_sc(&m->shielded), 0);
}

/* The others see it so as well. */
static void check_is_waited_for(struct cast *cast)
{
	if (actor_state(cast->c) == RDV_STATE_RUNNING)
		actor_do(cast->c, do_now);
	if (actor_state(cast->b) != RDV_STATE_RUNNING)
		actor_do(cast->b, do_end);
	assert_goes(cast->b, do_isolate, GATHERING);
	actor_do(cast->a, do_now);
	assert_where(cast->b, DONE);
	actor_do(cast->b, do_release);
	actor_do(cast->a, do_end);
}

static void check_isolated(struct cast *cast)
{
	struct rdv_member *m = member(cast->a);

	assert_true(rdv_isolated(cast->a->self));
	assert_int_equal(actor_state(cast->a), RDV_STATE_RUNNING);
	assert_false(actor_bit(cast->a));
	assert_int_equal(rdv_load_sc(&m->shielded), 0);
	assert_int_equal(rdv_load_sc(&cast->d->ctl) & RDV_CTL_OWNER, rdv_ctl_name(m));
}

/* Its slot is as if nobody had ever been in it. */
static void check_gone(struct cast *cast)
{
	uint32_t absent = ~cast->d->registered[0];

	assert_int_equal(cast->d->members, 2);
	assert_int_equal(cast->d->harmless[0] & absent, absent);
	assert_int_equal(cast->d->member[0]->self.state, RDV_STATE_PARKED);
	actor_go(cast->a, do_register);
	actor_where(cast->a);
}

static void calm(struct cast *cast)
{
	struct actor *const all[] = {cast->a, cast->b, cast->c};
	int i;

	for (i = 0; i < 3; i++) {
		if (actor_where(all[i]) == DONE && rdv_isolated(all[i]->self)) {
			actor_go(all[i], do_release);
			i = -1;
			actor_where(all[0]);
		}
	}
	for (i = 0; i < 3; i++) {
		assert_where(all[i], DONE);
		if (actor_state(all[i]) != RDV_STATE_RUNNING)
			actor_do(all[i], do_end);
		assert_int_equal(actor_state(all[i]), RDV_STATE_RUNNING);
		assert_false(actor_bit(all[i]));
		assert_int_equal(rdv_load_sc(&member(all[i])->shielded), 0);
	}
	unit_quiet(cast->d);
}

static void check(struct cast *cast, const struct scenario *s)
{
	s->after(cast);
	assert_where(cast->a, DONE);
	assert_ret(cast->a, s->ret);
	if (s->end == RUNS)
		check_runs(cast);
	else if (s->end == ISOLATED)
		check_isolated(cast);
	else
		check_gone(cast);
	if (s->finish)
		s->finish(cast);
	else if (s->end == RUNS)
		check_is_waited_for(cast);
	calm(cast);
}

/* One interruption; false if the call was over before its turn came. */
static bool run(struct cast *cast, const struct scenario *s, actor_fn *interrupted, int k)
{
	cast->a->ret = 0;
	s->before(cast);
	call = s->call;
	point = k;
	actor_go(cast->a, interrupted);
	actor_where(cast->a);
	check(cast, s);
	return SHIM_GET(point) < 0;
}

static void run_all_points(struct cast *cast, const struct scenario *s)
{
	static void (*const actions[])(rdv_thread *) = {
		pair, two_pairs, till_end, tries, checkpoint, look,
	};
	size_t i;
	int k;

	for (i = 0; i < sizeof(actions) / sizeof(actions[0]); i++) {
		action = actions[i];
		for (k = 0; run(cast, s, do_interrupted, k); k++)
			;
	}
}

#if CAN_STEP
static bool step;

/*
 * The inline functions are not in the library, and have no points.  So: after the first
 * use of each instruction, as the trace of an undisturbed run has them.
 */
static void run_all_instructions(struct cast *cast, const struct scenario *s)
{
	int k, i;

	action = pair;
	traced = 0;
	run(cast, s, do_stepping, MOST);
	for (k = 0; k < traced; k++) {
		for (i = 0; trace[i] != trace[k]; i++)
			;
		if (i == k)
			run(cast, s, do_stepping, k);
	}
}
#endif

static void scenario(const struct scenario *s)
{
	rdv_domain_attr attr = unit_attr();
	struct cast cast;

	attr.patience_ns = RDV_PATIENCE_NONE;
	unit_clock_begin();
	cast.d = unit_domain_attr(&attr);
	cast.a = actor_member(cast.d, "a");
	cast.b = actor_member(cast.d, "b");
	cast.c = actor_member(cast.d, "c");
	run_all_points(&cast, s);
#if CAN_STEP
	if (step && s->inlined)
		run_all_instructions(&cast, s);
#endif
	unit_clear();
}

#define SCENARIO(name, ...)                                     \
	static void name(void)                                  \
	{                                                       \
		static const struct scenario s = {__VA_ARGS__}; \
		scenario(&s);                                   \
	}

/* clang-format off */
SCENARIO(in_harmless_end, a_harmless, do_end, nothing, RUNS, 0, NULL, true)
SCENARIO(in_harmless_end_parked, a_parked, do_end, nothing, RUNS, 0, NULL, true)
SCENARIO(in_harmless_end_held, b_isolated, do_end, b_releases, RUNS, 0, NULL, true)
SCENARIO(in_checkpoint, b_gathers, do_checkpoint, b_releases, RUNS, 0, NULL, true)
SCENARIO(in_isolate, others_harmless, do_isolate, nothing, ISOLATED, 0, NULL, false)
SCENARIO(in_isolate_gathering, c_harmless, do_isolate, b_lets_it, ISOLATED, 0, NULL,
	 false)
SCENARIO(in_isolate_queued, b_gathers, do_isolate, b_hands_over, ISOLATED, 0, NULL,
	 false)
SCENARIO(in_isolate_barred, a_will_be_barred, do_isolate, c_runs, ISOLATED, 0, NULL,
	 false)
SCENARIO(in_isolate_try, others_harmless, do_isolate_try, nothing, ISOLATED, 0, NULL,
	 false)
SCENARIO(in_isolate_try_busy, c_harmless, do_isolate_try, nothing, RUNS, -EBUSY, NULL,
	 false)
SCENARIO(in_isolate_late, late, do_isolate_until, nothing, RUNS, -ETIMEDOUT, NULL,
	 false)
SCENARIO(in_isolate_late_queued, late_for_b, do_isolate_until, b_releases, RUNS,
	 -ETIMEDOUT, NULL, false)
SCENARIO(in_release, a_isolated, do_release, nothing, RUNS, 0, NULL, false)
SCENARIO(in_release_with_held, b_held, do_release, nothing, RUNS, 0, NULL, false)
SCENARIO(in_release_with_queued, b_queued, do_release, b_was_handed_it, RUNS, 0, NULL,
	 false)
SCENARIO(in_unregister, others_harmless, do_unregister, nothing, GONE, 0, NULL, false)
SCENARIO(in_unregister_awaited, b_gathers, do_unregister, b_releases, GONE, 0, NULL,
	 false)
SCENARIO(in_unregister_isolated, a_isolated, do_unregister, nothing, GONE, 0, NULL,
	 false)
SCENARIO(in_unregister_with_queued, b_queued, do_unregister, nothing, GONE, 0, NULL,
	 false)
SCENARIO(in_sync_want, nothing, do_want, nothing, RUNS, 0, pass_point, false)
SCENARIO(in_sync_want_awaited, b_gathers, do_want, b_has_its_way, RUNS, 0, pass_point,
	 false)
SCENARIO(in_sync_enter, a_wants_others_entered, do_enter, nothing, RUNS, 0, all_exit,
	 false)
SCENARIO(in_sync_enter_first, a_wants, do_enter, others_enter, RUNS, 0, all_exit, false)
SCENARIO(in_sync_enter_awaited, a_wants_b_gathers, do_enter, b_releases_others_enter,
	 RUNS, 0, all_exit, false)
SCENARIO(in_sync_exit, a_in_turn, do_exit, others_exit, RUNS, 0, NULL, false)
SCENARIO(in_fork_awaited, b_gathers, do_fork, b_takes_a_lock, RUNS, 0, NULL, false)
SCENARIO(in_isolated_now, a_isolated, do_now, nothing, ISOLATED, 0, NULL, true)
SCENARIO(in_isolated_end, a_isolated, do_end, nothing, ISOLATED, 0, NULL, true)
SCENARIO(in_isolated_till_end, a_isolated, do_till_end, nothing, ISOLATED, 0, NULL,
	 true)
SCENARIO(in_isolated_retire, a_isolated, do_retire, nothing, ISOLATED, 0, a_answers,
	 true)
SCENARIO(in_isolated_checkpoint, a_isolated, do_checkpoint, nothing, ISOLATED, 0, NULL,
	 true)
/* clang-format on */

#if CAN_STEP
/*
 * A handler that knows the thread to be harmless, as it was or is about to be, may end
 * that and begin it again; in between somebody isolates.
 */
static struct cast *helpers;

static void do_isolate_and_release(struct actor *a)
{
	do_isolate(a);
	do_release(a);
}

static void end_and_now(rdv_thread *self)
{
	rdv_harmless_end(self);
	actor_go(helpers->b, do_isolate_and_release);
	while (actor_where_now(helpers->b) != GATHERING)
		;
	rdv_harmless_now(self);
	actor_wait(helpers->b);
}

static void in_harmless_now(void)
{
	struct cast cast;
	int k;

	if (!step)
		return;
	cast.d = unit_domain();
	cast.a = actor_member(cast.d, "a");
	cast.b = actor_member(cast.d, "b");
	helpers = &cast;
	call = do_now;
	action = look;
	point = MOST;
	traced = 0;
	actor_do(cast.a, do_stepping);
	action = end_and_now;
	for (k = 0; k < traced; k++) {
		actor_do(cast.a, do_end);
		point = k;
		actor_do(cast.a, do_stepping);
		assert_int_not_equal(actor_state(cast.a), RDV_STATE_RUNNING);
		actor_do(cast.a, do_end);
		check_runs(&cast);
	}
}
#endif

/* --------------------------------------------------------- real signals, any time */

/* While it sleeps in there; and then it sleeps on. */
static void check_asleep(const struct scenario *s, enum where where)
{
	rdv_domain_attr attr = unit_attr();
	struct cast cast;
	int i;

	attr.patience_ns = RDV_PATIENCE_NONE;
	unit_clock_begin();
	cast.d = unit_domain_attr(&attr);
	cast.a = actor_member(cast.d, "a");
	cast.b = actor_member(cast.d, "b");
	cast.c = actor_member(cast.d, "c");
	s->before(&cast);
	call = s->call;
	point = MOST;
	action = pair;
	actor_go(cast.a, do_interrupted);
	for (i = 0; i < 20; i++) {
		assert_where(cast.a, where);
		pthread_kill(cast.a->thread, SIGUSR1);
	}
	assert_where(cast.a, where);
	if (where != GATHERING)
		assert_true(actor_bit(cast.a));
	check(&cast, s);
	unit_clear();
}

#define ASLEEP(...) (&(const struct scenario){__VA_ARGS__})

static void g11_signals_do_not_end_a_wait(void)
{
	check_asleep(ASLEEP(b_isolated, do_end, b_releases, RUNS, 0, NULL, false), HELD);
	check_asleep(ASLEEP(b_gathers, do_checkpoint, b_releases, RUNS, 0, NULL, false),
		     HELD);
	check_asleep(ASLEEP(c_harmless, do_isolate, b_lets_it, ISOLATED, 0, NULL, false),
		     GATHERING);
	check_asleep(
		ASLEEP(b_gathers, do_isolate, b_hands_over, ISOLATED, 0, NULL, false),
		QUEUED);
	check_asleep(
		ASLEEP(a_will_be_barred, do_isolate, c_runs, ISOLATED, 0, NULL, false),
		QUEUED);
	check_asleep(ASLEEP(b_queued, do_release, b_was_handed_it, RUNS, 0, NULL, false),
		     HELD);
	check_asleep(ASLEEP(a_wants, do_enter, others_enter, RUNS, 0, all_exit, false),
		     SYNCING);
	check_asleep(ASLEEP(a_in_turn, do_exit, others_exit, RUNS, 0, NULL, false),
		     SYNCING);
}

/* till_end returns harmless, although a handler has ended that in between. */
static void till_end_stays_harmless(void)
{
	rdv_domain *d = unit_domain();
	struct actor *a = actor_member(d, "a"), *b = actor_member(d, "b");
	int i;

	actor_do(a, do_now);
	actor_do(b, do_isolate);
	call = do_till_end;
	point = MOST;
	action = pair;
	actor_go(a, do_interrupted);
	for (i = 0; i < 20; i++) {
		assert_where(a, HELD);
		pthread_kill(a->thread, SIGUSR1);
	}
	assert_where(a, HELD);
	actor_do(b, do_release);
	assert_where(a, DONE);
	assert_int_not_equal(actor_state(a), RDV_STATE_RUNNING);
	assert_does(b, do_isolate_try, 0);
	actor_do(b, do_release);
	actor_do(a, do_end);
}

/* --------------------------------------------------------------- holding the lock */

/* The handler comes while the thread has the registry locked. */
static void at_lock(enum shim_place place, void *arg)
{
	(void)arg;
	if (place == SHIM_AFTER_LOCK && !countdown--)
		raise(SIGUSR1);
}

static void do_interrupted_in_lock(struct actor *a)
{
	victim = a->self;
	countdown = 0;
	a->shim->hook = at_lock;
	call(a);
	a->shim->hook = NULL;
	CHECK(a, countdown < 0);
}

static void do_enable(struct actor *a)
{
	CALL(a, rdv_sync_enable(a->domain));
}

/* Isolated, it needs the lock itself. */
static void do_isolate_and_want(struct actor *a)
{
	do_isolate(a);
	do_want(a);
	do_release(a);
}

static void check_lock(actor_fn *fn)
{
	struct cast cast;

	cast.d = unit_domain();
	cast.a = actor_member(cast.d, "a");
	cast.b = actor_member(cast.d, "b");
	cast.c = actor_member(cast.d, "c");
	actor_do(cast.c, do_now);
	assert_goes(cast.b, do_isolate_and_want, GATHERING);
	call = fn;
	action = pair;
	actor_go(cast.a, do_interrupted_in_lock);
	assert_where(cast.b, DONE);
	unit_clear();
}

static void no_handler_waits_with_the_lock_held(void)
{
	check_lock(do_want);
	check_lock(do_enable);
	check_lock(do_unregister);
}

/* A handler interrupts another one, in a call that had to be shielded already. */
static struct actor *isolator;

static void do_shield_twice(struct actor *a)
{
	struct rdv_member *m = member(a);
	struct rdv_shield outer, inner;

	rdv_shield(m, &outer);
	rdv_shield(m, &inner);
	rdv_harmless_now(a->self);
	actor_do(isolator, do_isolate);
	rdv_harmless_end(a->self);
	CALL(a, rdv_unshield(m, &inner));
	a->flag = actor_state(a) == RDV_STATE_PARKED;
	CALL(a, rdv_unshield(m, &outer));
}

static void the_inner_shield_does_not_wait(void)
{
	rdv_domain *d = unit_domain();
	struct actor *a = actor_member(d, "a");

	isolator = actor_member(d, "isolator");
	a->flag = false;
	actor_go(a, do_shield_twice);
	assert_where(a, HELD);
	assert_true(SHIM_GET(a->flag));
	actor_do(isolator, do_release);
	assert_where(a, DONE);
	assert_int_equal(actor_state(a), RDV_STATE_RUNNING);
}

static const struct unit_case cases[] = {
#if CAN_STEP
	UNIT(in_harmless_now, BOTH),
#endif
	UNIT(in_harmless_end, BOTH),
	UNIT(in_harmless_end_parked, BOTH),
	UNIT(in_harmless_end_held, BOTH),
	UNIT(in_checkpoint, BOTH),
	UNIT(in_isolate, BOTH),
	UNIT(in_isolate_gathering, BOTH),
	UNIT(in_isolate_queued, BOTH),
	UNIT(in_isolate_barred, BOTH),
	UNIT(in_isolate_try, BOTH),
	UNIT(in_isolate_try_busy, BOTH),
	UNIT(in_isolate_late, BOTH),
	UNIT(in_isolate_late_queued, BOTH),
	UNIT(in_release, BOTH),
	UNIT(in_release_with_held, BOTH),
	UNIT(in_release_with_queued, BOTH),
	UNIT(in_unregister, BOTH),
	UNIT(in_unregister_awaited, BOTH),
	UNIT(in_unregister_isolated, BOTH),
	UNIT(in_unregister_with_queued, BOTH),
	UNIT(in_sync_want, BOTH),
	UNIT(in_sync_want_awaited, BOTH),
	UNIT(in_sync_enter, BOTH),
	UNIT(in_sync_enter_first, BOTH),
	UNIT(in_sync_enter_awaited, BOTH),
	UNIT(in_sync_exit, BOTH),
	UNIT(in_fork_awaited, BOTH),
	UNIT(in_isolated_now, BOTH),
	UNIT(in_isolated_end, BOTH),
	UNIT(in_isolated_till_end, BOTH),
	UNIT(in_isolated_checkpoint, BOTH),
	UNIT(in_isolated_retire, BOTH),
	UNIT(g11_signals_do_not_end_a_wait, STEADY),
	UNIT(till_end_stays_harmless, STEADY),
	UNIT(no_handler_waits_with_the_lock_held, BOTH),
	UNIT(the_inner_shield_does_not_wait, BOTH),
};

int main(void)
{
	struct sigaction sa = {.sa_handler = handler};

	sigaction(SIGUSR1, &sa, NULL);
#if CAN_STEP
	step = can_step();
#endif
	return unit_main("signal", cases, sizeof(cases) / sizeof(cases[0]));
}
