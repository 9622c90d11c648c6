/* SPDX-License-Identifier: MIT */
/*
 * What the program does inside of on_stall, in the middle of a wait: the thread may be
 * cancelled, end, fork, exit, and call the library.  The domain stays as it should be.
 */
#include "unit.h"
#include "inside/count.h"

#include <rdv/stats.h>
#include <sys/wait.h>

#define IN_CHILD(condition) CHECK(NULL, condition)
#define IS_ZERO(word)       IN_CHILD(!d->word);

enum { MS = 1000000 };

static rdv_domain *d, *in_other;
static struct actor *a, *b; /* a waits, and reports */

/* What a does at its next report, once it is told to. */
static struct {
	void (*act)(const struct rdv_stall *stall);
	bool go, done;
	sem_t acted;
	bool child;
	int status; /* of the child */
} in;

static int on_stall(const struct rdv_stall *stall, void *arg)
{
	(void)arg;
	if (!SHIM_GET(in.go) || SHIM_GET(in.done) || stall->self != a->self)
		return 0;
	SHIM_SET(in.done, true);
	in.act(stall);
	sem_post(&in.acted);
	return 0;
}

static rdv_domain *stalling_domain(void)
{
	rdv_domain_attr attr = unit_attr();

	attr.stall_ns = MS;
	attr.on_stall = on_stall;
	return unit_domain_attr(&attr);
}

/* ------------------------------------------------------- what a does, and its child
 *
 * If a forks in on_stall the child comes here too, and ends here.
 */

/* In the child: the wait of a is over, with what it was for. */
static void check_isolated(void)
{
	struct rdv_member *m = member(a);

	IN_CHILD(rdv_isolated(a->self));
	IN_CHILD((d->ctl & RDV_CTL_OWNER) == rdv_ctl_name(m));
	rdv_release(a->self);
}

static void *join_in(void *arg)
{
	rdv_thread *self;

	IN_CHILD(!rdv_thread_register(d, "mate", &self));
	rdv_isolate(self);
	rdv_release(self);
	return arg;
}

static void check_rest(void)
{
	pthread_t mate;

	IN_CHILD(rdv_ctl_open(d->ctl));
	RDV_WORDS_AT_REST(IS_ZERO)
	IN_CHILD(!(d->want_rdv[0] | d->want_rdv[1]));
	IN_CHILD(!rdv_sync_pending(d));
	rdv_harmless_end(a->self);
	rdv_isolate(a->self);
	rdv_release(a->self);
	rdv_harmless_now(a->self);
	IN_CHILD(!pthread_create(&mate, NULL, join_in, NULL));
	IN_CHILD(!pthread_join(mate, NULL));
	rdv_thread_unregister(a->self);
	IN_CHILD(!rdv_domain_destroy(d));
	fflush(NULL);
	_exit(0);
}

static void do_isolate_or_child(struct actor *self)
{
	do_isolate(self);
	if (!in.child)
		return;
	check_isolated();
	rdv_harmless_now(self->self);
	check_rest();
}

static void do_end_or_child(struct actor *self)
{
	do_end(self);
	if (!in.child)
		return;
	IN_CHILD(actor_state(self) == RDV_STATE_RUNNING);
	IN_CHILD(!actor_bit(self));
	rdv_harmless_now(self->self);
	check_rest();
}

static void do_till_end_or_child(struct actor *self)
{
	do_till_end(self);
	if (!in.child)
		return;
	IN_CHILD(actor_state(self) != RDV_STATE_RUNNING);
	check_rest();
}

static void do_synchronize_or_child(struct actor *self)
{
	do_synchronize(self);
	if (!in.child)
		return;
	IN_CHILD(actor_state(self) == RDV_STATE_RUNNING);
	rdv_harmless_now(self->self);
	check_rest();
}

static void do_keep(struct actor *self)
{
	CALL(self, self->ret = rdv_keep(self->self, (unsigned)(uintptr_t)self->arg));
}

static void do_let_go(struct actor *self)
{
	CALL(self, rdv_let_go(self->self));
}

static void do_keep_or_child(struct actor *self)
{
	do_keep(self);
	if (!in.child)
		return;
	IN_CHILD(self->ret == -ESRCH);
	IN_CHILD(actor_state(self) == RDV_STATE_RUNNING);
	rdv_harmless_now(self->self);
	check_rest();
}

static void do_enter_or_child(struct actor *self)
{
	do_enter(self);
	if (!in.child)
		return;
	rdv_sync_exit(self->self);
	rdv_harmless_now(self->self);
	check_rest();
}

static void do_exit_or_child(struct actor *self)
{
	do_exit(self);
	if (!in.child)
		return;
	rdv_harmless_now(self->self);
	check_rest();
}

/* ---------------------------------------------------------------- the kinds of wait */

static void gather(void)
{
	actor_go(a, do_isolate_or_child);
}

static void queue(void)
{
	actor_do(a, do_now);
	actor_do(b, do_isolate);
	actor_do(a, do_checkpoint);
	actor_go(a, do_isolate_or_child);
}

static void hold(void)
{
	actor_do(a, do_now);
	actor_do(b, do_isolate);
	actor_go(a, do_end_or_child);
}

static void hold_till_end(void)
{
	actor_do(a, do_now);
	actor_do(b, do_isolate);
	actor_go(a, do_till_end_or_child);
}

static void enter(void)
{
	actor_do(a, do_want);
	actor_go(a, do_enter_or_child);
}

static void enter_as_a_guest(void)
{
	actor_do(b, do_want);
	actor_go(a, do_enter_or_child);
}

static void leave(void)
{
	actor_do(a, do_want);
	actor_go(a, do_enter_or_child);
	actor_go(b, do_enter);
	actor_wait(a);
	actor_go(a, do_exit_or_child);
	actor_wait(b);
}

static void let_b_have_the_turn(void)
{
	actor_do(b, do_want);
	actor_go(a, do_enter_or_child);
	actor_do(b, do_enter);
}

static void enter_for_the_turn_after_b(void)
{
	d->sync.next = rdv_thread_id(b->self);
	actor_do(a, do_want);
	let_b_have_the_turn();
}

static void ask(void)
{
	actor_go(a, do_synchronize_or_child);
}

static void keep(void)
{
	a->arg = (void *)(uintptr_t)rdv_thread_id(b->self);
	actor_go(a, do_keep_or_child);
}

static void stay(void)
{
	actor_do(a, do_now);
	b->arg = (void *)(uintptr_t)rdv_thread_id(a->self);
	actor_do(b, do_keep);
	actor_go(a, do_end_or_child);
}

/* How the wait ends, and all is as before; and what b does if a is not there any more. */
static void nothing(void)
{
}

static void become_harmless(void)
{
	actor_do(b, do_now);
	actor_wait(a);
	actor_do(a, do_release);
	actor_do(b, do_end);
}

static void pass_the_token(void)
{
	actor_go(b, do_release);
	actor_wait(a);
	actor_do(a, do_release);
	actor_wait(b);
}

static void release(void)
{
	actor_do(b, do_release);
}

static void let_run(void)
{
	release();
	actor_wait(a);
}

static void come(void)
{
	actor_go(b, do_enter);
	actor_wait(a); /* it has its turn */
	actor_go(a, do_exit);
	actor_wait(b);
	actor_do(b, do_exit);
	actor_wait(a);
}

static void end_the_turn(void)
{
	actor_go(b, do_exit);
	actor_wait(a);
	actor_do(a, do_exit);
	actor_wait(b);
}

static void come_for_a_turn(void)
{
	actor_do(b, do_enter);
	end_the_turn();
}

static void go(void)
{
	actor_do(b, do_exit);
}

static void go_both(void)
{
	go();
	actor_wait(a);
}

static void answer(void)
{
	actor_do(b, do_checkpoint);
}

static void answer_a(void)
{
	answer();
	actor_wait(a);
}

static void be_kept(void)
{
	actor_do(b, do_now);
	actor_wait(a);
	actor_do(a, do_let_go);
	actor_do(b, do_end);
}

static void let_go(void)
{
	actor_do(b, do_let_go);
}

static void let_go_a(void)
{
	let_go();
	actor_wait(a);
}

static void meet_nobody(void)
{
	actor_do(b, do_enter);
	actor_do(b, do_exit);
}

static const struct scene {
	void (*begin)(void), (*end)(void), (*alone)(void);
	uint32_t kind;
} scenes[] = {
	{gather, become_harmless, nothing, RDV_STALL_GATHER},
	{queue, pass_the_token, release, RDV_STALL_QUEUE},
	{hold, let_run, release, RDV_STALL_HELD},
	{hold_till_end, let_run, release, RDV_STALL_HELD},
	{enter, come, meet_nobody, RDV_STALL_SYNC},
	{enter_as_a_guest, come_for_a_turn, meet_nobody, RDV_STALL_SYNC},
	{leave, go_both, go, RDV_STALL_SYNC},
	{ask, answer_a, answer, RDV_STALL_GRACE},
	{keep, be_kept, nothing, RDV_STALL_KEEP},
	{stay, let_go_a, let_go, RDV_STALL_KEPT},
	{let_b_have_the_turn, end_the_turn, go, RDV_STALL_SYNC},
	{enter_for_the_turn_after_b, end_the_turn, go, RDV_STALL_SYNC},
};

enum { SCENES = sizeof(scenes) / sizeof(scenes[0]) };

/* a waits, and at its next report does this. */
static void begin(const struct scene *s, void (*act)(const struct rdv_stall *stall))
{
	memset(&in, 0, sizeof(in));
	sem_init(&in.acted, 0, 0);
	in.act = act;
	d = stalling_domain();
	assert_true(rdv_sync_enable(d) >= 0);
	a = actor_member(d, "a");
	b = actor_member(d, "b");
	s->begin();
	while (rdv_peek(&member(a)->wait_kind) != s->kind)
		usleep(100);
}

static void let_act(void)
{
	SHIM_SET(in.go, true);
}

static void await_act(void)
{
	while (sem_wait(&in.acted))
		;
}

/* b isolates, and passes a sync-point.  Words and counts are looked at by the harness. */
static void assert_works_for_b(void)
{
	assert_int_equal(d->members, 1);
	assert_does(b, do_isolate_try, 0);
	actor_do(b, do_release);
	actor_do(b, do_want);
	meet_nobody();
	assert_false(rdv_sync_pending(d));
	unit_clear();
}

/* ------------------------------------------------------------------ the thread ends */

static void exit_thread(const struct rdv_stall *stall)
{
	(void)stall;
	pthread_exit(NULL);
}

static void g9_ending_takes_the_wait_back(void)
{
	int i;

	for (i = 0; i < SCENES; i++) {
		begin(&scenes[i], exit_thread);
		let_act();
		actor_join(a);
		scenes[i].alone();
		assert_works_for_b();
	}
}

/* The token is passed to a, or the turn, while it is in on_stall. */
static void exit_when_told(const struct rdv_stall *stall)
{
	(void)stall;
	sem_post(&in.acted);
	while (SHIM_GET(in.go))
		usleep(100);
	pthread_exit(NULL);
}

static void g9_ending_with_the_token(void)
{
	static const struct scene with_c = {.begin = nothing};
	struct actor *c;

	begin(&with_c, exit_when_told);
	c = actor_member(d, "c");
	actor_do(c, do_now);
	queue();
	let_act();
	await_act();
	actor_go(b, do_release);
	while (actor_wants(a))
		usleep(100);
	actor_go(c, do_isolate);
	while (rdv_load_sc(&d->queued) < 2) /* a and c: a bit alone does not count yet */
		usleep(100);
	SHIM_SET(in.go, false);
	actor_join(a);
	actor_wait(c);
	assert_true(rdv_isolated(c->self));
	actor_do(c, do_release);
	actor_wait(b);
	actor_stop(c);
	assert_works_for_b();
}

static void g9_ending_with_the_turn(void)
{
	uint32_t turn;

	begin(&scenes[4], exit_when_told);
	let_act();
	await_act();
	turn = SHIM_GET(d->sync.turn);
	actor_go(b, do_enter);
	while (SHIM_GET(d->sync.turn) == turn)
		usleep(100);
	assert_true(rdv_sync_my_turn(a->self));
	SHIM_SET(in.go, false);
	actor_join(a);
	actor_wait(b);
	actor_do(b, do_exit);
	assert_works_for_b();
}

static void come_to_a_cancellation_point(const struct rdv_stall *stall)
{
	(void)stall;
	pthread_testcancel();
}

/* The wait goes on, and the thread is cancelled at the next cancellation point of its own. */
static void cancellation_is_off(void)
{
	bool awaits_b;
	int i;

	for (i = 0; i < SCENES; i++) {
		begin(&scenes[i], come_to_a_cancellation_point);
		pthread_cancel(a->thread);
		let_act();
		await_act();
		awaits_b = scenes[i].kind == RDV_STALL_GATHER ||
			   scenes[i].kind == RDV_STALL_KEEP;
		if (awaits_b)
			actor_do(b, do_now);
		scenes[i].alone();
		actor_join(a);
		if (awaits_b)
			actor_do(b, do_end);
		assert_works_for_b();
	}
}

/* ------------------------------------------------------------------------- children */

static void fork_here(const struct rdv_stall *stall)
{
	pid_t pid = fork();

	(void)stall;
	if (!pid) {
		unit_in_child();
		in.child = true;
		return;
	}
	while (pid > 0 && waitpid(pid, &in.status, 0) < 0)
		if (errno != EINTR)
			break;
	if (pid < 0)
		in.status = -1;
}

/* The wait goes on in the child, and ends, as nobody else is there. */
static void g10_a_wait_goes_on_in_the_child(void)
{
	int i;

	for (i = 0; i < SCENES; i++) {
		begin(&scenes[i], fork_here);
		let_act();
		await_act();
		assert_int_equal(in.status, 0);
		scenes[i].end();
		actor_stop(a);
		assert_works_for_b();
	}
}

/* exit() in on_stall, where what has been registered with atexit() unregisters. */
static struct {
	rdv_thread *self;
	sem_t ready;
	uint32_t kind;
} main_thread;

static void unregister_at_exit(void)
{
	rdv_thread_unregister(main_thread.self);
	IN_CHILD(d->members == 1);
	RDV_WORDS_AT_REST(IS_ZERO)
	IN_CHILD(!d->want_rdv[0]);
	fflush(NULL);
	_exit(0);
}

static int exit_process(const struct rdv_stall *stall, void *arg)
{
	(void)arg;
	IN_CHILD(stall->kind == main_thread.kind);
	exit(1);
}

static void *be_in_the_way(void *arg)
{
	rdv_thread *self;

	IN_CHILD(!rdv_thread_register(d, "mate", &self));
	if (main_thread.kind != RDV_STALL_GATHER)
		rdv_isolate(self);
	sem_post(&main_thread.ready);
	for (;;)
		pause();
	return arg;
}

static void exit_while_waiting(void *arg)
{
	rdv_domain_attr attr = unit_attr();
	pthread_t mate;

	(void)arg;
	attr.stall_ns = MS;
	attr.on_stall = exit_process;
	IN_CHILD(!rdv_domain_create(&d, &attr));
	IN_CHILD(!rdv_thread_register(d, "main", &main_thread.self));
	rdv_harmless_now(main_thread.self);
	sem_init(&main_thread.ready, 0, 0);
	atexit(unregister_at_exit);
	IN_CHILD(!pthread_create(&mate, NULL, be_in_the_way, NULL));
	while (sem_wait(&main_thread.ready))
		;
	if (main_thread.kind == RDV_STALL_HELD)
		rdv_harmless_end(main_thread.self);
	else
		rdv_isolate(main_thread.self);
}

static void exiting_may_unregister(void)
{
	static const uint32_t kinds[] = {RDV_STALL_QUEUE, RDV_STALL_HELD,
					 RDV_STALL_GATHER};
	size_t i;

	for (i = 0; !UNIT_TSAN && i < 3; i++) {
		main_thread.kind = kinds[i];
		assert_int_equal(unit_child(exit_while_waiting, NULL), 0);
	}
}

/* ----------------------------------------------------------------------------- calls */

/* Those that do not wait; and any of another domain. */
static void call_this_and_that(const struct rdv_stall *stall)
{
	rdv_thread *self = (rdv_thread *)(uintptr_t)stall->self, *other;
	rdv_domain *e = in_other;

	shim_call_end(); /* registering allocates */
	rdv_harmless_now(self);
	rdv_harmless_end(self);
	rdv_harmless_till_end(self);
	CHECK(a, !rdv_checkpoint(self));
	CHECK(a, rdv_isolate_try(self) == -EBUSY);
	CHECK(a, !rdv_isolated(self));
#ifndef RDV_DEBUG /* see test_misuse */
	rdv_release(self);
#endif
	CHECK(a, rdv_thread_self(d) == self);
	CHECK(a, rdv_domain_destroy(d) == -EBUSY);
	CHECK(a, rdv_thread_register(d, NULL, &other) == -EEXIST);
	CHECK(a, !rdv_thread_register(e, NULL, &other));
	rdv_isolate(other);
	rdv_release(other);
	rdv_sync_want(other);
	rdv_sync_enter(other);
	rdv_sync_exit(other);
	rdv_thread_unregister(other);
	shim_call_begin();
}

static void calls_that_do_not_wait(void)
{
	int i;

	for (i = 0; i < SCENES; i++) {
		begin(&scenes[i], call_this_and_that);
		in_other = unit_domain();
		let_act();
		await_act();
		scenes[i].end();
		actor_stop(a);
		assert_works_for_b();
	}
}

/* Wants the next sync-point while it waits to leave this one. */
static void want(const struct rdv_stall *stall)
{
	rdv_sync_want((rdv_thread *)(uintptr_t)stall->self);
}

static void wanting_the_next_at_the_exit(void)
{
	begin(&scenes[6], want);
	let_act();
	await_act();
	actor_do(b, do_exit);
	actor_wait(a);
	assert_true(rdv_sync_pending(d));
	actor_go(b, do_enter);
	actor_do(a, do_enter);
	assert_true(rdv_sync_my_turn(a->self));
	actor_go(a, do_exit);
	actor_wait(b);
	actor_do(b, do_exit);
	actor_wait(a);
	actor_stop(a);
	assert_works_for_b();
}

static void isolate_here(void *self)
{
	rdv_isolate(self);
}

static void isolate_until_here(void *self)
{
	IN_CHILD(rdv_isolate_until(self, &unit_past));
}

static void enter_here(void *self)
{
	rdv_sync_enter(self);
}

static void exit_here(void *self)
{
	rdv_sync_exit(self);
}

/* A wait inside of a wait ends the program. */
static void wait_inside(const struct rdv_stall *stall)
{
	void *self = (void *)(uintptr_t)stall->self;

	CHECK(a, unit_child_aborts(isolate_here, self));
	CHECK(a, unit_child_aborts(isolate_until_here, self));
	CHECK(a, unit_child_aborts(enter_here, self));
	CHECK(a, unit_child_aborts(exit_here, self));
}

static void calls_that_wait(void)
{
	int i;

	for (i = 0; i < SCENES; i++) {
		begin(&scenes[i], wait_inside);
		let_act();
		await_act();
		scenes[i].end();
		actor_stop(a);
		assert_works_for_b();
	}
}

/* ThreadSanitizer sees no lock that a cancelled thread takes in a destructor of its data. */
enum { CANCELLED = UNIT_TSAN ? 0 : ALL };

static const struct unit_case cases[] = {
	UNIT(g9_ending_takes_the_wait_back, ALL),
	UNIT(g9_ending_with_the_token, ALL),
	UNIT(g9_ending_with_the_turn, ALL),
	UNIT(cancellation_is_off, CANCELLED),
	UNIT(g10_a_wait_goes_on_in_the_child, BOTH),
	UNIT(exiting_may_unregister, BOTH),
	UNIT(calls_that_do_not_wait, ALL),
	UNIT(wanting_the_next_at_the_exit, BOTH),
	UNIT(calls_that_wait, BOTH),
};

UNIT_MAIN("inside", cases)
