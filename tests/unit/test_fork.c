/* SPDX-License-Identifier: MIT */
/*
 * fork() (G10): the child has the forking thread alone, in the state it had; the
 * parent is as before.
 */
#include "unit.h"
#include "fence.h"
#include "points.h"

#include <fcntl.h>
#include <poll.h>

#include <rdv/stats.h>

#define IN_CHILD(condition) CHECK(NULL, condition)

static bool readable(int fd)
{
	struct pollfd p = {.fd = fd, .events = POLLIN};

	return poll(&p, 1, 0) == 1;
}

/* What the forking actor's child does. */
static void (*child)(void *actor);

static void do_fork(struct actor *a)
{
	a->ret = unit_child(child, a);
}

static void fork_by(struct actor *a, void (*fn)(void *actor))
{
	child = fn;
	assert_does(a, do_fork, 0);
}

/* ---------------------------------------------------------- what a child looks at */

/* The words say that there is nobody but self, and what it is. */
static void check_words(const rdv_domain *d, const rdv_thread *self)
{
	const struct rdv_member *m = self ? rdv_member_of(self) : NULL;
	uint32_t word, own;

	IN_CHILD(d->members == (m != NULL));
	IN_CHILD(d->ctl % RDV_CTL_ROUND == (m && m->depth ? rdv_ctl_name(m) : 0));
#define IS_ZERO(word) IN_CHILD(!d->word);
	RDV_WORDS_AT_REST(IS_ZERO)
	IN_CHILD(!d->waking && !d->competing && !d->barred_until);
	for (word = 0; word < RDV_MASK_WORDS(d->max_threads); word++) {
		own = m && m->word == word ? m->bit : 0;
		IN_CHILD(d->registered[word] == own);
		IN_CHILD(!d->want_rdv[word]);
		IN_CHILD((d->harmless[word] | own) == ~0u);
	}
}

/* Another thread, born in the child. */
struct mate {
	rdv_domain *domain;
	pthread_t thread;
	sem_t ready, go;
	bool had_turn;
};

static void *live(void *arg)
{
	struct mate *mate = arg;
	rdv_thread *self;

	IN_CHILD(!rdv_thread_register(mate->domain, "mate", &self));
	rdv_isolate(self);
	rdv_release(self);
	rdv_harmless_now(self);
	sem_post(&mate->ready);
	sem_wait(&mate->go);
	rdv_harmless_end(self);
	rdv_sync_enter(self);
	mate->had_turn = rdv_sync_wanted(self);
	rdv_sync_exit(self);
	return NULL;
}

/* Another thread is born, isolates, and meets self at a sync-point. */
static void check_company(rdv_domain *d, rdv_thread *self)
{
	struct mate mate = {.domain = d};
	int fd = rdv_sync_fd(d);

	sem_init(&mate.ready, 0, 0);
	sem_init(&mate.go, 0, 0);
	rdv_harmless_now(self);
	IN_CHILD(!pthread_create(&mate.thread, NULL, live, &mate));
	sem_wait(&mate.ready);
	rdv_harmless_end(self);
	IN_CHILD(d->members == 2);
	IN_CHILD(!rdv_isolate_try(self));
	rdv_release(self);
	rdv_sync_want(self);
	IN_CHILD(rdv_sync_pending(d));
	IN_CHILD(fd < 0 || readable(fd));
	sem_post(&mate.go);
	rdv_sync_enter(self);
	IN_CHILD(rdv_sync_wanted(self));
	rdv_sync_exit(self);
	IN_CHILD(!rdv_sync_pending(d));
	IN_CHILD(fd < 0 || !readable(fd));
	IN_CHILD(!pthread_join(mate.thread, NULL));
	IN_CHILD(!mate.had_turn);
}

/* The child works, and ends as it should; self runs. */
static void check_life(rdv_domain *d, rdv_thread *self)
{
	rdv_isolate(self);
	IN_CHILD(rdv_isolated(self));
	rdv_release(self);
	IN_CHILD(!rdv_isolate_try(self));
	rdv_release(self);
	rdv_sync_want(self);
	rdv_sync_enter(self);
	IN_CHILD(rdv_sync_wanted(self));
	rdv_sync_exit(self);
	IN_CHILD(!rdv_sync_pending(d));
	check_company(d, self);
	rdv_thread_unregister(self);
	check_words(d, NULL);
	IN_CHILD(!rdv_domain_destroy(d));
}

static void in_running(void *arg)
{
	struct actor *a = arg;

	check_words(a->domain, a->self);
	IN_CHILD(actor_state(a) == RDV_STATE_RUNNING);
	IN_CHILD(rdv_thread_self(a->domain) == a->self);
	check_life(a->domain, a->self);
}

static void in_harmless(void *arg)
{
	struct actor *a = arg;

	check_words(a->domain, a->self);
	IN_CHILD(actor_state(a) != RDV_STATE_RUNNING);
	rdv_harmless_end(a->self);
	IN_CHILD(actor_state(a) == RDV_STATE_RUNNING);
	IN_CHILD(!actor_bit(a));
	check_life(a->domain, a->self);
}

static void in_isolated(void *arg)
{
	struct actor *a = arg;

	check_words(a->domain, a->self);
	IN_CHILD(rdv_isolated(a->self));
	rdv_release(a->self);
	IN_CHILD(!rdv_isolated(a->self));
	check_life(a->domain, a->self);
}

static void in_nested(void *arg)
{
	struct actor *a = arg;

	IN_CHILD(rdv_isolated(a->self));
	rdv_release(a->self);
	check_words(a->domain, a->self);
	in_isolated(a);
}

/* The child of a thread that is no member. */
static void in_stranger(void *arg)
{
	struct actor *a = arg;
	rdv_thread *self;

	check_words(a->domain, NULL);
	IN_CHILD(!rdv_thread_self(a->domain));
	IN_CHILD(!rdv_sync_pending(a->domain));
	IN_CHILD(!rdv_thread_register(a->domain, NULL, &self));
	check_life(a->domain, self);
}

/* -------------------------------------------------------------- the forking thread */

static void g10_in_each_state(void)
{
	rdv_domain *d = unit_domain();
	struct actor *a = actor_member(d, "a"), *b = actor_member(d, "b");

	assert_true(rdv_sync_enable(d) >= 0);
	fork_by(a, in_running);
	actor_do(b, do_now);
	fork_by(a, in_running);
	actor_do(a, do_now);
	fork_by(a, in_harmless);
	actor_do(b, do_isolate); /* a's bit is set for it */
	fork_by(a, in_harmless);
	actor_do(b, do_release);
	fork_by(a, in_harmless);
	actor_do(a, do_end);
	actor_do(b, do_now);
	actor_do(a, do_isolate);
	fork_by(a, in_isolated);
	actor_do(a, do_isolate);
	fork_by(a, in_nested);
	assert_true(rdv_isolated(a->self));
	assert_goes(b, do_end, HELD);
	actor_do(a, do_release);
	actor_do(a, do_release);
	assert_where(b, DONE);
}

static void g10_by_a_stranger(void)
{
	rdv_domain *d = unit_domain();
	struct actor *a = actor_start(d, "a"), *b = actor_member(d, "b");

	fork_by(a, in_stranger);
	actor_do(b, do_isolate);
	fork_by(a, in_stranger);
	actor_do(b, do_release);
	actor_do(b, do_want);
	fork_by(a, in_stranger);
	actor_do(b, do_enter);
	fork_by(a, in_stranger);
	actor_do(b, do_exit);
	actor_do(a, do_register);
	actor_do(a, do_unregister);
	fork_by(a, in_stranger);
}

/* ----------------------------------------------------------------- what others do */

/* One is held, one queued, one gathers or is alone; e forks. */
static void g10_whatever_the_others_do(void)
{
	rdv_domain *d = unit_domain();
	struct actor *a = actor_member(d, "a"), *b = actor_member(d, "b");
	struct actor *c = actor_member(d, "c"), *e = actor_member(d, "e");

	actor_do(c, do_now);
	assert_goes(a, do_isolate, GATHERING);
	assert_goes(b, do_isolate, QUEUED);
	assert_goes(c, do_end, HELD);
	fork_by(e, in_running); /* a waits for it */
	assert_where(a, GATHERING);
	actor_do(e, do_now);
	assert_where(a, DONE);
	fork_by(e, in_harmless);
	fork_by(a, in_isolated);
	actor_go(a, do_release);
	assert_where(b, DONE);
	assert_where(a, HELD);
	assert_where(c, HELD);
	fork_by(b, in_isolated);
	fork_by(e, in_harmless);
	actor_do(b, do_release);
	assert_where(a, DONE);
	assert_where(c, DONE);
}

/* A barred isolator sleeps at an open gate. */
static void g10_with_a_barred_isolator(void)
{
	rdv_domain_attr attr = unit_attr();
	struct actor *a, *b, *h;
	rdv_domain *d;

	attr.patience_ns = RDV_PATIENCE_NONE;
	d = unit_domain_attr(&attr);
	a = actor_member(d, "a");
	b = actor_member(d, "b");
	h = actor_member(d, "held");
	actor_do(b, do_now);
	unit_clock_begin();
	actor_hold_for(h, a, 1000000);
	assert_goes(b, do_isolate, QUEUED);
	assert_int_not_equal(d->barred_until, 0);
	fork_by(a, in_running);
	shim_resume(h->shim);
	assert_where(h, DONE);
	actor_do(h, do_now);
	actor_do(a, do_now);
	assert_where(b, DONE);
	actor_do(b, do_release);
}

/* ------------------------------------------------------------------ the sync-point */

static void in_turn(void *arg)
{
	struct actor *a = arg;

	check_words(a->domain, a->self);
	IN_CHILD(rdv_sync_wanted(a->self));
	IN_CHILD(rdv_sync_pending(a->domain));
	rdv_sync_exit(a->self);
	IN_CHILD(!rdv_sync_pending(a->domain));
	check_life(a->domain, a->self);
}

static void between_barriers(void *arg)
{
	struct actor *a = arg;

	check_words(a->domain, a->self);
	IN_CHILD(!rdv_sync_wanted(a->self));
	IN_CHILD(!rdv_sync_pending(a->domain));
	rdv_sync_exit(a->self);
	check_life(a->domain, a->self);
}

/* The point that this thread has asked for is still to come. */
static void in_requester(void *arg)
{
	struct actor *a = arg;

	IN_CHILD(rdv_sync_wanted(a->self));
	IN_CHILD(rdv_sync_pending(a->domain));
	rdv_sync_enter(a->self);
	in_turn(a);
}

/* The others had asked, or had come. */
static void in_other(void *arg)
{
	struct actor *a = arg;

	IN_CHILD(!rdv_sync_wanted(a->self));
	IN_CHILD(!rdv_sync_pending(a->domain));
	rdv_sync_enter(a->self);
	in_running(a);
}

static void leave_in_turn(void *arg)
{
	struct actor *a = arg;

	rdv_thread_unregister(a->self);
	in_stranger(a);
}

static void g10_within_a_sync_point(void)
{
	rdv_domain *d = unit_domain();
	struct actor *a = actor_member(d, "a"), *b = actor_member(d, "b");
	struct actor *c = actor_member(d, "c");

	assert_true(rdv_sync_enable(d) >= 0);
	actor_do(a, do_want);
	actor_do(b, do_want);
	fork_by(a, in_requester);
	fork_by(c, in_other);
	assert_goes(b, do_enter, SYNCING);
	fork_by(a, in_requester);
	fork_by(c, in_other);
	actor_go(c, do_enter);
	actor_do(a, do_enter);
	fork_by(a, in_turn);
	fork_by(a, leave_in_turn);
	actor_go(a, do_exit);
	assert_where(b, DONE);
	fork_by(b, in_turn);
	actor_go(b, do_exit);
	assert_where(c, DONE);
	fork_by(c, between_barriers);
	actor_do(c, do_exit);
	assert_where(a, DONE);
	assert_where(b, DONE);
}

/* -------------------------------------------------------------------- the eventfd */

static int fd_flags;

static void with_own_eventfd(void *arg)
{
	struct actor *a = arg;
	int fd = rdv_sync_fd(a->domain);
	const uint64_t one = 1;

	IN_CHILD(!readable(fd));
	IN_CHILD(fcntl(fd, F_GETFD) & FD_CLOEXEC);
	IN_CHILD(fcntl(fd, F_GETFL) == fd_flags);
	IN_CHILD(write(fd, &one, sizeof(one)) == sizeof(one));
	IN_CHILD(readable(fd));
}

static void with_own_eventfd_not_drained(void *arg)
{
	struct actor *a = arg;

	/* a point passes in the child: the parent's is still to come */
	rdv_sync_want(a->self);
	rdv_sync_enter(a->self);
	rdv_sync_exit(a->self);
	check_life(a->domain, a->self);
}

static void g10_the_eventfd_is_the_child_s_own(void)
{
	rdv_domain *d = unit_domain();
	struct actor *a = actor_member(d, "a"), *b = actor_member(d, "b");
	int low = open("/dev/null", O_RDONLY), fd = rdv_sync_enable(d);

	assert_true(low >= 0 && fd > low);
	fd_flags = fcntl(fd, F_GETFL);
	fork_by(a, with_own_eventfd);
	assert_false(readable(fd));
	close(low); /* now a lower number is free */
	fork_by(a, with_own_eventfd);
	assert_false(readable(fd));
	actor_do(b, do_want);
	assert_true(readable(fd));
	fork_by(a, with_own_eventfd);
	fork_by(a, with_own_eventfd_not_drained);
	fork_by(b, with_own_eventfd_not_drained);
	assert_true(readable(fd));
	actor_go(a, do_enter);
	actor_do(b, do_enter);
	actor_go(b, do_exit);
	assert_where(a, DONE);
	actor_do(a, do_exit);
	assert_where(b, DONE);
	assert_false(readable(fd));
}

static void without_eventfd(void *arg)
{
	struct actor *a = arg;

	IN_CHILD(rdv_sync_fd(a->domain) == -1);
	shim.deny_eventfd = 0;
	IN_CHILD(rdv_sync_enable(a->domain) >= 0);
	check_life(a->domain, a->self);
}

static void g10_there_may_be_no_eventfd(void)
{
	rdv_domain *d = unit_domain();
	struct actor *a = actor_member(d, "a");

	assert_true(rdv_sync_enable(d) >= 0);
	shim.deny_eventfd = EMFILE;
	fork_by(a, without_eventfd);
	shim.deny_eventfd = 0;
}

/* ------------------------------------------------------------------ kernel's tid */

static void joins_for_the_first_time(void *arg)
{
	rdv_domain *d = arg;
	rdv_thread *self;

	IN_CHILD(!rdv_thread_register(d, "child", &self));
	IN_CHILD(rdv_member_of(self)->record.tid == getpid());
	rdv_thread_unregister(self);
}

static void do_leave_and_fork(struct actor *a)
{
	rdv_thread_unregister(a->self);
	a->ret = unit_child(joins_for_the_first_time, a->domain);
	if (!a->ret)
		a->ret = rdv_thread_register(a->domain, "again", &a->self);
	CHECK(a, rdv_member_of(a->self)->record.tid == a->tid);
	rdv_harmless_now(a->self);
}

/* What the parent's thread knew of itself is not true in the child. */
static void g10_a_tid_of_its_own(void)
{
	assert_does(actor_member(unit_domain(), "a"), do_leave_and_fork, 0);
}

/* --------------------------------------------------------------------- and the rest */

static rdv_domain *second, *third;
static rdv_thread *in_second;

static void do_join_second(struct actor *a)
{
	a->ret = rdv_thread_register(second, "a", &in_second);
	rdv_harmless_now(in_second);
}

static void in_three_domains(void *arg)
{
	struct actor *a = arg;
	rdv_thread *self;

	check_words(a->domain, a->self);
	check_words(second, in_second);
	check_words(third, NULL);
	IN_CHILD(rdv_isolated(a->self) && !rdv_isolated(in_second));
	rdv_harmless_end(in_second);
	check_life(second, in_second);
	IN_CHILD(!rdv_thread_register(third, NULL, &self));
	check_life(third, self);
	in_isolated(a);
}

static void g10_all_domains_of_the_process(void)
{
	struct actor *a, *b, *c;
	rdv_domain *first;

	second = unit_domain();
	first = unit_domain();
	a = actor_member(first, "a");
	third = unit_domain();
	b = actor_member(second, "b");
	c = actor_member(third, "c");
	actor_do(a, do_join_second);
	actor_do(a, do_isolate);
	actor_do(c, do_isolate);
	assert_goes(b, do_isolate, DONE);
	fork_by(a, in_three_domains);
	actor_do(b, do_release);
	actor_do(c, do_release);
	actor_do(a, do_release);
}

/*
 * A handler makes the thread harmless while it forks, and others isolate in both of its domains.
 * So it is held after the fork, first in one of them, and calls on_stall there.
 */
static struct {
	struct actor *actor, *isolator, *isolator_in_second;
	void (*stalled)(void), (*stalled_in_second)(void);
	sem_t begun, done;
	int reports;
	bool ok;
} disturbed;

static void do_run_in_second(struct actor *a)
{
	do_join_second(a);
	rdv_harmless_end(in_second);
}

static bool in_both(const struct actor *a, uint32_t state)
{
	return actor_state(a) == state && rdv_member_of(in_second)->self.state == state;
}

/* The handler.  It comes when the thread is shielded in both. */
static void idle_and_run(void *arg)
{
	struct actor *a = arg;

	if (!member(a)->forks || !rdv_member_of(in_second)->forks)
		return;
	points_off();
	rdv_harmless_now(in_second);
	rdv_harmless_now(a->self);
	actor_do(disturbed.isolator, do_isolate);
	actor_do(disturbed.isolator_in_second, do_isolate);
	rdv_harmless_end(a->self);
	rdv_harmless_end(in_second);
}

static void in_running_in_both(void *arg)
{
	struct actor *a = arg;

	check_words(a->domain, a->self);
	check_words(second, in_second);
	IN_CHILD(in_both(a, RDV_STATE_RUNNING));
}

static void in_held(void *arg)
{
	IN_CHILD(actor_state(arg) == RDV_STATE_PARKED);
	IN_CHILD(rdv_member_of(in_second)->self.state == RDV_STATE_RUNNING);
}

static int when_held(const struct rdv_stall *stall, void *arg)
{
	(void)arg;
	if (stall->kind == RDV_STALL_HELD && !disturbed.reports++) {
		sem_post(&disturbed.begun);
		disturbed.stalled();
		sem_post(&disturbed.done);
	} else if (stall->domain == second && disturbed.stalled_in_second) {
		disturbed.stalled_in_second();
		disturbed.stalled_in_second = NULL;
		sem_post(&disturbed.done);
	}
	return 0;
}

static void do_fork_disturbed(struct actor *a)
{
	points_on(idle_and_run, a);
	CALL(a, a->ret = unit_child(in_running_in_both, a));
	a->allocated = NULL; /* it may */
}

static void await(sem_t *sem)
{
	while (sem_wait(sem))
		;
}

static struct actor *fork_disturbed(void (*stalled)(void))
{
	rdv_domain_attr attr = unit_attr();
	struct actor *a;

	memset(&disturbed, 0, sizeof(disturbed));
	sem_init(&disturbed.begun, 0, 0);
	sem_init(&disturbed.done, 0, 0);
	disturbed.stalled = stalled;
	attr.stall_ns = 1000000;
	attr.on_stall = when_held;
	a = disturbed.actor = actor_member(unit_domain_attr(&attr), "a");
	disturbed.isolator = actor_member(a->domain, "isolator");
	second = unit_domain_attr(&attr);
	disturbed.isolator_in_second = actor_member(second, "isolator in second");
	actor_do(a, do_run_in_second);
	actor_go(a, do_fork_disturbed);
	await(&disturbed.begun);
	return a;
}

static void check_goes_on(struct actor *a)
{
	actor_do(disturbed.isolator_in_second, do_release);
	await(&disturbed.done);
	assert_true(disturbed.ok);
	actor_do(disturbed.isolator, do_release);
	assert_done(a, 0);
	assert_true(in_both(a, RDV_STATE_RUNNING));
}

/* It forks once more: that must not lose what is to be done for the other domain. */
static void fork_again(void)
{
	disturbed.ok = !unit_child(in_held, disturbed.actor);
}

static void g10_again_while_held(void)
{
	check_goes_on(fork_disturbed(fork_again));
}

/* It uses the other domain, and so waits until it may run there. */
static void use_second(void)
{
	rdv_harmless_now(in_second);
	rdv_harmless_end(in_second);
	disturbed.ok = rdv_member_of(in_second)->self.state == RDV_STATE_RUNNING;
}

static void g10_another_domain_is_used_while_held(void)
{
	check_goes_on(fork_disturbed(use_second));
}

/* ... and forks while it does so. */
static bool forked;

static void in_held_in_both(void *arg)
{
	IN_CHILD(in_both(arg, RDV_STATE_PARKED));
}

static void fork_in_second(void)
{
	forked = !unit_child(in_held_in_both, disturbed.actor);
}

static void use_second_and_fork(void)
{
	disturbed.stalled_in_second = fork_in_second;
	use_second();
}

static void g10_again_while_held_in_both(void)
{
	struct actor *a = fork_disturbed(use_second_and_fork);

	await(&disturbed.done);
	assert_true(forked);
	check_goes_on(a);
}

static void leave_second(void)
{
	rdv_thread_unregister(in_second);
}

static void g10_another_domain_is_left_while_held(void)
{
	struct actor *a = fork_disturbed(leave_second);

	await(&disturbed.done);
	actor_do(disturbed.isolator, do_release);
	assert_done(a, 0);
	assert_int_equal(actor_state(a), RDV_STATE_RUNNING);
	/* nobody is in its slot */
	actor_do(disturbed.isolator_in_second, do_release);
	actor_do(disturbed.isolator_in_second, do_isolate);
	actor_do(disturbed.isolator_in_second, do_release);
}

/*
 * What the program has registered by pthread_atfork() before there was any domain: the
 * library has no lock in it, before the fork() and after.
 */
static struct actor *early;
static rdv_domain *made;

static void early_before(void)
{
	if (!early)
		return;
	rdv_isolate(early->self);
	CHECK(early, !rdv_domain_create(&made, NULL));
}

static void early_after(void)
{
	rdv_thread *self;

	if (!early)
		return;
	CHECK(NULL, !rdv_thread_register(made, NULL, &self));
	rdv_sync_want(self);
	rdv_thread_unregister(self);
	CHECK(NULL, !rdv_domain_destroy(made));
	rdv_release(early->self);
}

__attribute__((constructor)) static void register_early(void)
{
	if (pthread_atfork(early_before, early_after, early_after))
		abort();
}

static void in_running_again(void *arg)
{
	early = NULL; /* check_life() forks */
	in_running(arg);
}

static void g10_handlers_of_the_program(void)
{
	rdv_domain *d = unit_domain();
	struct actor *a = actor_member(d, "a");

	early = a;
	fork_by(a, in_running_again);
	early = NULL;
	assert_int_equal(actor_state(a), RDV_STATE_RUNNING);
}

/* As by a handler that has interrupted a call. */
static void with_the_lock(void *domain)
{
	rdv_lock(&((rdv_domain *)domain)->registry);
	fork();
}

static void g10_not_in_a_call(void)
{
	rdv_domain *d = unit_domain();

	assert_true(unit_child_aborts(with_the_lock, d));
}

static void has_no_time_limit(void *arg)
{
	struct actor *a = arg;

	IN_CHILD(!a->domain->member[1]->may_give_up);
	in_isolated(a);
}

/* The wait of a thread that is not in the child could be given up. */
static void g10_the_next_in_a_slot_has_no_time_limit(void)
{
	rdv_domain *d = unit_domain();
	struct actor *a = actor_member(d, "a"), *b = actor_member(d, "b");

	actor_do(b, do_now);
	actor_do(a, do_isolate);
	assert_goes(b, do_isolate_until, QUEUED);
	fork_by(a, has_no_time_limit);
	actor_do(a, do_now);
	actor_go(a, do_release);
	assert_where(b, DONE);
	actor_do(b, do_release);
}

/* A child of a child. */
static void with_a_child(void *arg)
{
	struct actor *a = arg;

	IN_CHILD(unit_child(in_isolated, a) == 0);
	in_isolated(a);
}

static void g10_generations(void)
{
	rdv_domain *d = unit_domain();
	struct actor *a = actor_member(d, "a"), *b = actor_member(d, "b");

	assert_true(rdv_sync_enable(d) >= 0);
	actor_do(b, do_now);
	actor_do(a, do_isolate);
	fork_by(a, with_a_child);
	actor_do(a, do_release);
}

/* Biased domains ask the kernel anew, and do without if it refuses. */
static void with_fences(void *arg)
{
	struct actor *a = arg;

	IN_CHILD(shim.fence_registrations == 1);
	in_running(a);
}

static void without_fences(void *arg)
{
	struct actor *a = arg;

	IN_CHILD(!a->domain->biased && !a->self->biased);
	in_running(a);
}

static void g10_fences_are_registered_anew(void)
{
	rdv_domain *d = unit_domain();
	struct actor *a = actor_member(d, "a");

	actor_member(d, "b");
	if (d->biased) {
		shim_count_from_here();
		fork_by(a, with_fences);
		shim.deny_membarrier = EPERM;
		fork_by(a, without_fences);
		shim.deny_membarrier = 0;
		assert_true(d->biased);
	}
}

/* The others are anywhere: each child must be able to work all the same. */
enum { FORKS = 25 };

static bool over;

static void do_all_sorts(struct actor *a)
{
	while (!SHIM_GET(over)) {
		rdv_isolate(a->self);
		rdv_release(a->self);
		rdv_harmless_now(a->self);
		rdv_harmless_end(a->self);
		rdv_sync_want(a->self);
		rdv_thread_unregister(a->self);
		if (rdv_thread_register(a->domain, a->name, &a->self))
			break;
	}
	rdv_thread_unregister(a->self);
}

static void in_the_thick_of_it(void *arg)
{
	struct actor *a = arg;

	check_words(a->domain, a->self);
	IN_CHILD(!rdv_sync_pending(a->domain));
	check_life(a->domain, a->self);
}

static void do_fork_often(struct actor *a)
{
	int i;

	a->ret = 0;
	for (i = 0; i < FORKS && !a->ret; i++) {
		if (i % 2)
			rdv_isolate(a->self);
		else
			rdv_checkpoint(a->self);
		child = i % 2 ? in_isolated : in_the_thick_of_it;
		a->ret = unit_child(child, a);
		if (i % 2)
			rdv_release(a->self);
	}
	rdv_harmless_now(a->self);
}

static void g10_under_load(void)
{
	rdv_domain *d = unit_domain();
	struct actor *a = actor_member(d, "a"), *b[3];
	int i;

	assert_true(rdv_sync_enable(d) >= 0);
	SHIM_SET(over, false);
	for (i = 0; i < 3; i++)
		b[i] = actor_member(d, "b");
	for (i = 0; i < 3; i++)
		actor_go(b[i], do_all_sorts);
	assert_does(a, do_fork_often, 0);
	SHIM_SET(over, true);
}

/* ------------------------------------------------------- while another thread creates */

static struct {
	sem_t locked, go;
	int points;
} set_up;

/* The second point: the lock of the set-up is taken, and about to be freed. */
static void stop_in_set_up(void *arg)
{
	(void)arg;
	if (++set_up.points != 2)
		return;
	sem_post(&set_up.locked);
	while (sem_wait(&set_up.go))
		;
}

static void do_create(struct actor *a)
{
	rdv_domain *d = NULL;

	points_on(stop_in_set_up, NULL);
	CALL(a, a->ret = rdv_domain_create(&d, NULL));
	points_off();
	a->allocated = NULL; /* it may */
	if (d)
		CHECK(a, !rdv_domain_destroy(d));
}

static void creates_too(void *actor)
{
	rdv_domain *d;

	(void)actor;
	IN_CHILD(!rdv_domain_create(&d, NULL));
	IN_CHILD(!rdv_domain_destroy(d));
}

static void g10_while_another_creates_a_domain(void)
{
	rdv_domain *d = unit_domain();
	struct actor *a = actor_member(d, "a"), *b = actor_member(d, "b");

	memset(&set_up, 0, sizeof(set_up));
	sem_init(&set_up.locked, 0, 0);
	sem_init(&set_up.go, 0, 0);
	actor_go(b, do_create);
	while (sem_wait(&set_up.locked))
		;
	fork_by(a, creates_too);
	sem_post(&set_up.go);
	actor_wait(b);
	assert_int_equal(b->ret, 0);
}

static const struct unit_case cases[] = {
	UNIT(g10_in_each_state, ALL),
	UNIT(g10_by_a_stranger, ALL),
	UNIT(g10_whatever_the_others_do, ALL),
	UNIT(g10_with_a_barred_isolator, BOTH),
	UNIT(g10_within_a_sync_point, ALL),
	UNIT(g10_the_eventfd_is_the_child_s_own, BOTH),
	UNIT(g10_there_may_be_no_eventfd, BOTH),
	UNIT(g10_all_domains_of_the_process, ALL),
	UNIT(g10_handlers_of_the_program, BOTH),
	UNIT(g10_not_in_a_call, BOTH),
	UNIT(g10_the_next_in_a_slot_has_no_time_limit, BOTH),
	UNIT(g10_generations, BOTH),
	UNIT(g10_fences_are_registered_anew, BOTH),
	UNIT(g10_a_tid_of_its_own, BOTH),
	UNIT(g10_while_another_creates_a_domain, BOTH),
	UNIT(g10_again_while_held, BOTH),
	UNIT(g10_another_domain_is_used_while_held, BOTH),
	UNIT(g10_again_while_held_in_both, BOTH),
	UNIT(g10_another_domain_is_left_while_held, BOTH),
	UNIT(g10_under_load, STEADY),
};

UNIT_MAIN("fork", cases)
