/* SPDX-License-Identifier: MIT */
/*
 * The sync-point: its barriers, its turns, its eventfd.
 */
#include "unit.h"

#include <fcntl.h>
#include <poll.h>
#include <sys/epoll.h>
#include <sys/resource.h>
#include <sys/syscall.h>

#ifdef SYS_epoll_wait
#define SYS_POLLING SYS_epoll_wait
#else
#define SYS_POLLING SYS_epoll_pwait
#endif

static bool readable(int fd)
{
	struct pollfd p = {.fd = fd, .events = POLLIN};

	return poll(&p, 1, 0) == 1;
}

static bool wanted(struct actor *a)
{
	actor_do(a, do_wanted);
	return a->flag;
}

/* a, b and c, of which the test says who wants; enabled. */
struct trio {
	rdv_domain *d;
	struct actor *a, *b, *c;
	int fd;
};

static struct trio trio(void)
{
	struct trio t;

	t.d = unit_domain();
	t.fd = rdv_sync_enable(t.d);
	assert_true(t.fd >= 0);
	t.a = actor_member(t.d, "a");
	t.b = actor_member(t.d, "b");
	t.c = actor_member(t.d, "c");
	return t;
}

/* Those who are left pass a sync-point that a has asked for: nothing is stuck. */
static void check_works(struct trio *t)
{
	actor_do(t->a, do_want);
	assert_true(rdv_sync_pending(t->d));
	actor_go(t->a, do_enter);
	if (t->b)
		actor_go(t->b, do_enter);
	if (t->c)
		actor_go(t->c, do_enter);
	assert_where(t->a, DONE);
	actor_go(t->a, do_exit);
	if (t->b) {
		assert_where(t->b, DONE);
		actor_go(t->b, do_exit);
	}
	if (t->c) {
		assert_where(t->c, DONE);
		actor_go(t->c, do_exit);
	}
	assert_where(t->a, DONE);
	assert_false(rdv_sync_pending(t->d));
	assert_false(readable(t->fd));
}

/* -------------------------------------------------------------------- the eventfd */

static void enable_gives_one_descriptor(void)
{
	rdv_domain *d = unit_domain();
	int fd, again;

	assert_int_equal(rdv_sync_fd(d), -1);
	CALL(NULL, fd = rdv_sync_enable(d));
	assert_true(fd >= 0);
	CALL(NULL, again = rdv_sync_enable(d));
	assert_int_equal(again, fd);
	assert_int_equal(rdv_sync_fd(d), fd);
	assert_int_equal(shim.eventfds, 1);
	assert_true(fcntl(fd, F_GETFD) & FD_CLOEXEC);
	assert_true(fcntl(fd, F_GETFL) & O_NONBLOCK);
	assert_false(readable(fd));
	unit_destroy(d);
	assert_int_equal(fcntl(fd, F_GETFD), -1);
}

static void enable_fails_as_eventfd_does(void)
{
	static const int errors[] = {EMFILE, ENFILE, ENOMEM, ENODEV};
	rdv_domain *d = unit_domain();
	struct actor *a = actor_member(d, "a");
	int i, ret;

	for (i = 0; i < 4; i++) {
		shim.deny_eventfd = errors[i];
		CALL(NULL, ret = rdv_sync_enable(d));
		assert_int_equal(ret, -errors[i]);
		assert_int_equal(rdv_sync_fd(d), -1);
	}
	/* the point itself does without */
	actor_do(a, do_want);
	actor_do(a, do_enter);
	assert_true(wanted(a));
	actor_do(a, do_exit);
	shim.deny_eventfd = 0;
	assert_true(rdv_sync_enable(d) >= 0);
}

static void without_descriptors(void *arg)
{
	rdv_domain *d = arg;
	struct rlimit few;
	int ret;

	CHECK(NULL, !getrlimit(RLIMIT_NOFILE, &few));
	few.rlim_cur = 64;
	CHECK(NULL, !setrlimit(RLIMIT_NOFILE, &few));
	while (dup(STDERR_FILENO) >= 0)
		;
	CALL(NULL, ret = rdv_sync_enable(d));
	CHECK(NULL, ret == -EMFILE);
}

static void enable_without_descriptors_is_emfile(void)
{
	rdv_domain *d = unit_domain();

	assert_int_equal(unit_child(without_descriptors, d), 0);
}

/* Many requests, one write; nobody reads but the last requester. */
static void one_write_and_one_read_per_point(void)
{
	struct trio t = trio();
	int point;

	for (point = 0; point < 3; point++) {
		shim_count_from_here();
		actor_do(t.a, do_want);
		assert_int_equal(SHIM(eventfd_writes), 1);
		assert_true(readable(t.fd));
		actor_do(t.a, do_want);
		actor_do(t.b, do_want);
		assert_int_equal(SHIM(eventfd_writes), 1);
		actor_go(t.c, do_enter);
		actor_go(t.b, do_enter);
		actor_go(t.a, do_enter);
		assert_true(actor_where(t.a) == DONE || actor_where(t.b) == DONE);
		actor_go(actor_where(t.a) == DONE ? t.a : t.b, do_exit);
		assert_true(readable(t.fd));
		assert_int_equal(SHIM(eventfd_reads), 0);
		actor_where(t.c);
		actor_go(actor_where(t.a) == DONE ? t.a : t.b, do_exit);
		assert_where(t.c, DONE);
		assert_false(readable(t.fd));
		actor_do(t.c, do_exit);
		assert_where(t.a, DONE);
		assert_where(t.b, DONE);
		assert_int_equal(SHIM(eventfd_writes), 1);
		assert_int_equal(SHIM(eventfd_reads), 1);
	}
}

static void alone_it_writes_nothing(void)
{
	rdv_domain *d = unit_domain();
	struct actor *a = actor_member(d, "a");
	int fd = rdv_sync_enable(d);

	shim_count_from_here();
	actor_do(a, do_want);
	assert_true(rdv_sync_pending(d));
	assert_true(wanted(a));
	actor_do(a, do_enter);
	assert_true(wanted(a));
	actor_do(a, do_exit);
	assert_false(wanted(a));
	assert_false(rdv_sync_pending(d));
	assert_int_equal(SHIM(eventfd_writes), 0);
	assert_int_equal(SHIM(eventfd_reads), 0);
	assert_int_equal(SHIM(waits), 0);
	assert_false(readable(fd));
}

/* ... but the second member has to be called. */
static void a_second_member_is_called(void)
{
	rdv_domain *d = unit_domain();
	struct actor *a = actor_member(d, "a"), *b;
	int fd = rdv_sync_enable(d);

	actor_do(a, do_want);
	assert_false(readable(fd));
	b = actor_member(d, "b");
	assert_true(readable(fd));
	assert_goes(a, do_enter, SYNCING);
	actor_go(b, do_enter);
	assert_where(a, DONE);
	actor_go(a, do_exit);
	assert_where(b, DONE);
	actor_do(b, do_exit);
	assert_where(a, DONE);
	assert_false(readable(fd));
}

static void want_may_come_before_enable(void)
{
	rdv_domain *d = unit_domain();
	struct actor *a = actor_member(d, "a"), *b = actor_member(d, "b");
	int fd;

	actor_do(a, do_want);
	assert_true(rdv_sync_pending(d));
	fd = rdv_sync_enable(d);
	assert_true(readable(fd));
	actor_go(b, do_enter);
	assert_goes(a, do_enter, DONE);
	actor_go(a, do_exit);
	assert_where(b, DONE);
	actor_do(b, do_exit);
	assert_where(a, DONE);
	assert_false(readable(fd));
}

/* ---------------------------------------------------------------------- the point */

static void everybody_meets_and_takes_turns(void)
{
	struct trio t = trio();

	actor_do(t.a, do_want);
	actor_do(t.c, do_want);
	assert_true(wanted(t.a));
	assert_false(wanted(t.b));
	assert_goes(t.c, do_enter, SYNCING);
	assert_goes(t.b, do_enter, SYNCING);
	assert_where(t.c, SYNCING);
	assert_goes(t.a, do_enter, DONE);
	assert_true(wanted(t.a));
	assert_where(t.b, SYNCING);
	assert_where(t.c, SYNCING);
	assert_goes(t.a, do_exit, SYNCING);
	assert_where(t.b, SYNCING);
	assert_where(t.c, DONE);
	assert_true(wanted(t.c));
	assert_true(rdv_sync_pending(t.d));
	actor_go(t.c, do_exit);
	assert_where(t.a, SYNCING);
	assert_where(t.c, SYNCING);
	assert_where(t.b, DONE); /* from enter: not his turn */
	assert_false(wanted(t.b));
	assert_false(rdv_sync_pending(t.d));
	actor_do(t.b, do_exit);
	assert_where(t.a, DONE);
	assert_where(t.c, DONE);
	check_works(&t);
}

static void enter_and_exit_without_a_point_return(void)
{
	struct trio t = trio();

	actor_do(t.a, do_enter);
	actor_do(t.a, do_exit);
	assert_int_equal(actor_state(t.a), RDV_STATE_RUNNING);
	actor_do(t.b, do_want);
#ifndef RDV_DEBUG /* see test_misuse */
	actor_do(t.a, do_exit);
#endif
	assert_int_equal(SHIM(waits), 0);
	actor_go(t.a, do_enter);
	actor_go(t.c, do_enter);
	assert_goes(t.b, do_enter, DONE);
	actor_do(t.b, do_enter); /* again */
	assert_true(wanted(t.b));
	actor_go(t.b, do_exit);
	assert_where(t.a, DONE);
	actor_go(t.a, do_exit);
	assert_where(t.c, DONE);
	actor_do(t.c, do_exit);
	assert_where(t.b, DONE);
}

/* What is asked for in one's turn is this point; after it, the next. */
static void wanting_while_it_goes_on(void)
{
	struct trio t = trio();

	actor_do(t.a, do_want);
	actor_go(t.b, do_enter);
	actor_go(t.c, do_enter);
	actor_do(t.a, do_enter);
	actor_do(t.a, do_want);
	actor_go(t.a, do_exit);
	assert_where(t.b, DONE);
	assert_false(rdv_sync_pending(t.d));
	actor_do(t.b, do_want);
	assert_true(rdv_sync_pending(t.d));
	assert_true(readable(t.fd));
	assert_false(wanted(t.b)); /* not now */
	actor_go(t.b, do_exit);
	assert_where(t.c, DONE);
	actor_do(t.c, do_exit);
	assert_where(t.a, DONE);
	assert_where(t.b, DONE);
	assert_true(wanted(t.b));
	actor_go(t.a, do_enter);
	actor_go(t.c, do_enter);
	actor_do(t.b, do_enter);
	assert_true(wanted(t.b));
	actor_go(t.b, do_exit);
	assert_where(t.a, DONE);
	actor_go(t.a, do_exit);
	assert_where(t.c, DONE);
	actor_do(t.c, do_exit);
	assert_where(t.b, DONE);
	assert_false(rdv_sync_pending(t.d));
	assert_false(readable(t.fd));
}

/* The next point forms before a slow one has left this: it cannot begin without. */
static void a_slow_one_is_waited_for(void)
{
	struct trio t = trio();

	actor_do(t.a, do_want);
	actor_go(t.b, do_enter);
	actor_go(t.c, do_enter);
	actor_do(t.a, do_enter);
	actor_go(t.a, do_exit);
	assert_where(t.c, DONE);
	shim_stop_at(t.c->shim, SHIM_AFTER_WAIT);
	assert_goes(t.c, do_exit, SYNCING);
	assert_where(t.b, DONE);
	actor_do(t.b, do_exit);
	assert_where(t.c, STOPPED);
	assert_where(t.a, DONE);
	actor_do(t.a, do_want);
	actor_go(t.a, do_enter);
	actor_go(t.b, do_enter);
	assert_where(t.a, SYNCING);
	assert_where(t.b, SYNCING);
	shim_resume(t.c->shim);
	assert_where(t.c, DONE);
	assert_where(t.a, SYNCING);
	actor_go(t.c, do_enter);
	assert_where(t.a, DONE);
	actor_go(t.a, do_exit);
	assert_where(t.b, DONE);
	actor_go(t.b, do_exit);
	assert_where(t.c, DONE);
	actor_do(t.c, do_exit);
	assert_where(t.a, DONE);
}

/* The step that a thread waits for comes before it sleeps. */
static void g3_the_step_comes_before_it_sleeps(void)
{
	struct trio t = trio();

	actor_do(t.a, do_want);
	shim_stop_at(t.a->shim, SHIM_BEFORE_WAIT);
	assert_goes(t.a, do_enter, STOPPED);
	shim_stop_at(t.b->shim, SHIM_BEFORE_WAIT);
	assert_goes(t.b, do_enter, STOPPED);
	assert_goes(t.c, do_enter, SYNCING);
	shim_resume(t.a->shim);
	assert_where(t.a, DONE);
	shim_stop_at(t.a->shim, SHIM_BEFORE_WAIT);
	assert_goes(t.a, do_exit, STOPPED);
	shim_resume(t.b->shim);
	assert_where(t.b, DONE);
	assert_where(t.c, DONE);
	actor_go(t.b, do_exit);
	actor_go(t.c, do_exit);
	assert_where(t.b, DONE);
	assert_where(t.c, DONE);
	shim_resume(t.a->shim);
	assert_where(t.a, DONE);
}

/* What a thread does with the lock. */
struct locking {
	unsigned locks;        /* how often it takes it */
	unsigned calls;        /* wakes others, or writes the eventfd ... */
	unsigned locked_calls; /* ... with the lock */
};

static void count_locking(enum shim_place place, void *arg)
{
	struct locking *l = arg;

	if (place == SHIM_AFTER_LOCK)
		l->locks++;
	if (place != SHIM_BEFORE_WAKE && place != SHIM_BEFORE_WRITE)
		return;
	l->calls++;
	if (rdv_lock_held())
		l->locked_calls++;
}

/* The threads that it wakes take the lock next. */
static void nobody_is_woken_with_the_lock(void)
{
	struct trio t = trio();
	struct actor *const actors[] = {t.a, t.b, t.c};
	struct locking locking[3] = {{0}};
	int i;

	for (i = 0; i < 3; i++) {
		actors[i]->shim->hook_arg = &locking[i];
		actors[i]->shim->hook = count_locking;
	}
	check_works(&t);
	for (i = 0; i < 3; i++)
		actors[i]->shim->hook = NULL;
	/* want, enter and exit; the others are called, woken for the turn, and let go */
	assert_int_equal(locking[0].locks, 3);
	assert_int_equal(locking[1].locks, 2);
	assert_int_equal(locking[2].locks, 2);
	assert_int_equal(locking[0].calls + locking[1].calls + locking[2].calls, 4);
	for (i = 0; i < 3; i++)
		assert_int_equal(locking[i].locked_calls, 0);
}

enum { MANY = 40 };

/* Ids that are 31 apart share a bit of the wake-ups. */
static void turns_go_in_the_order_of_ids(void)
{
	static const int wants[] = {0, 1, 31, 32, 39};
	rdv_domain *d = unit_domain();
	struct actor *a[MANY];
	int i;

	for (i = 0; i < MANY; i++)
		a[i] = actor_member(d, "a");
	for (i = 4; i >= 0; i--)
		actor_do(a[wants[i]], do_want);
	for (i = 0; i < MANY; i++)
		actor_go(a[i], do_enter);
	for (i = 0; i < 5; i++) {
		assert_where(a[wants[i]], DONE);
		assert_true(wanted(a[wants[i]]));
		if (i < 4)
			assert_where(a[wants[i + 1]], SYNCING);
		assert_where(a[2], SYNCING);
		actor_go(a[wants[i]], do_exit);
	}
	assert_where(a[2], DONE);
	for (i = 0; i < MANY; i++)
		if (i != 0 && i != 1 && i != 31 && i != 32 && i != 39)
			actor_go(a[i], do_exit);
	for (i = 0; i < MANY; i++) {
		assert_where(a[i], DONE);
		actor_stop(a[i]);
	}
}

static void domains_have_points_of_their_own(void)
{
	struct trio t = trio(), u = trio();

	assert_int_not_equal(t.fd, u.fd);
	actor_do(t.a, do_want);
	assert_false(rdv_sync_pending(u.d));
	assert_false(readable(u.fd));
	actor_do(u.a, do_enter);
	assert_goes(t.b, do_enter, SYNCING);
	check_works(&u);
	assert_where(t.b, SYNCING);
	actor_go(t.c, do_enter);
	actor_do(t.a, do_enter);
	actor_go(t.a, do_exit);
	assert_where(t.b, DONE);
	actor_go(t.b, do_exit);
	assert_where(t.c, DONE);
	actor_do(t.c, do_exit);
	assert_where(t.a, DONE);
}

/* ------------------------------------------------------------- G9: coming, going */

static void g9_registering_while_it_forms_counts(void)
{
	struct trio t = trio();
	struct actor *e = actor_start(t.d, "e");

	actor_do(t.a, do_want);
	actor_go(t.a, do_enter);
	actor_go(t.b, do_enter);
	actor_do(e, do_register);
	assert_true(readable(t.fd)); /* for it */
	assert_goes(t.c, do_enter, SYNCING);
	assert_where(t.a, SYNCING);
	assert_where(t.b, SYNCING);
	actor_go(e, do_enter);
	assert_where(t.a, DONE);
	assert_where(e, SYNCING);
	actor_go(t.a, do_exit);
	assert_where(e, DONE);
	actor_go(e, do_exit);
	actor_go(t.b, do_exit);
	actor_go(t.c, do_exit);
	assert_where(t.a, DONE);
	assert_where(e, DONE);
	actor_stop(e);
}

static void g9_registering_while_it_serves_waits(void)
{
	struct trio t = trio();
	struct actor *e = actor_start(t.d, "e"), *f = actor_start(t.d, "f");

	actor_do(t.a, do_want);
	actor_go(t.b, do_enter);
	actor_go(t.c, do_enter);
	actor_do(t.a, do_enter);
	assert_goes(e, do_register, SYNCING);
	assert_int_equal(t.d->members, 3);
	actor_go(t.a, do_exit);
	assert_where(t.b, DONE);
	assert_where(e, SYNCING);
	actor_go(f, do_register); /* and while they leave */
	assert_where(f, SYNCING);
	actor_go(t.b, do_exit);
	actor_go(t.c, do_exit);
	assert_done(e, 0);
	assert_done(f, 0);
	assert_where(t.a, DONE);
	actor_stop(e);
	actor_stop(f);
}

static void leave(struct actor **a, actor_fn *how)
{
	actor_go(*a, how);
	if (how == do_pthread_exit)
		actor_join(*a);
	else
		actor_stop(*a);
	*a = NULL;
}

/* b, who has not come, leaves instead. */
static void check_leaving_while_it_forms(actor_fn *how)
{
	struct trio t = trio();

	actor_do(t.a, do_want);
	actor_go(t.a, do_enter);
	actor_go(t.c, do_enter);
	assert_where(t.a, SYNCING);
	leave(&t.b, how);
	assert_where(t.a, DONE);
	actor_go(t.a, do_exit);
	assert_where(t.c, DONE);
	actor_do(t.c, do_exit);
	assert_where(t.a, DONE);
	check_works(&t);
}

/* b, who has asked for it, leaves: others have asked too, or not; come, or not. */
static void check_requester_leaving(bool another, bool formed, actor_fn *how)
{
	struct trio t = trio();

	actor_do(t.b, do_want);
	if (another)
		actor_do(t.a, do_want);
	if (formed)
		actor_go(t.a, do_enter);
	if (formed)
		assert_where(t.a, SYNCING);
	leave(&t.b, how);
	if (!another && !formed) {
		assert_false(rdv_sync_pending(t.d));
		assert_false(readable(t.fd));
	} else {
		assert_true(rdv_sync_pending(t.d));
		assert_true(readable(t.fd));
		actor_go(t.c, do_enter);
		if (!formed)
			actor_go(t.a, do_enter);
		assert_where(t.a, DONE);
		assert_int_equal(wanted(t.a), another);
		actor_go(t.a, do_exit);
		assert_where(t.c, DONE);
		actor_do(t.c, do_exit);
		assert_where(t.a, DONE);
	}
	check_works(&t);
}

/* b leaves when it is his turn, c being next, or nobody. */
static void check_leaving_in_turn(bool another, actor_fn *how)
{
	struct trio t = trio();

	actor_do(t.b, do_want);
	if (another)
		actor_do(t.c, do_want);
	actor_go(t.a, do_enter);
	actor_go(t.c, do_enter);
	actor_do(t.b, do_enter);
	leave(&t.b, how);
	assert_where(t.c, DONE);
	assert_int_equal(wanted(t.c), another);
	if (another)
		assert_where(t.a, SYNCING);
	actor_go(t.c, do_exit);
	assert_where(t.a, DONE);
	actor_do(t.a, do_exit);
	assert_where(t.c, DONE);
	check_works(&t);
}

/* b has done what it had to, or had nothing to do, and leaves before the others; it may have
 * asked for the next one. */
static void check_leaving_at_the_end(bool wants, actor_fn *how)
{
	struct trio t = trio();

	actor_do(t.a, do_want);
	actor_go(t.b, do_enter);
	actor_go(t.c, do_enter);
	actor_do(t.a, do_enter);
	actor_go(t.a, do_exit);
	assert_where(t.b, DONE);
	assert_where(t.c, DONE);
	assert_goes(t.c, do_exit, SYNCING);
	if (wants)
		actor_do(t.b, do_want);
	leave(&t.b, how);
	assert_where(t.a, DONE);
	assert_where(t.c, DONE);
	assert_false(rdv_sync_pending(t.d));
	assert_false(readable(t.fd));
	check_works(&t);
}

static void g9_a_requester_leaves_at_the_end(void)
{
	check_leaving_at_the_end(true, do_unregister);
	check_leaving_at_the_end(true, do_pthread_exit);
}

static void g9_members_leave_at_any_stage(void)
{
	static actor_fn *const ways[] = {do_unregister, do_pthread_exit};
	int i;

	for (i = 0; i < 2; i++) {
		check_leaving_while_it_forms(ways[i]);
		check_requester_leaving(false, false, ways[i]);
		check_requester_leaving(false, true, ways[i]);
		check_requester_leaving(true, false, ways[i]);
		check_requester_leaving(true, true, ways[i]);
		check_leaving_in_turn(false, ways[i]);
		check_leaving_in_turn(true, ways[i]);
		check_leaving_at_the_end(false, ways[i]);
	}
}

/* The last one of all leaves in its turn; the domain is as new. */
static void g9_the_only_member_leaves_in_its_turn(void)
{
	rdv_domain *d = unit_domain();
	struct actor *a = actor_member(d, "a"), *b;

	actor_do(a, do_want);
	actor_do(a, do_enter);
	actor_stop(a);
	b = actor_member(d, "b");
	assert_false(rdv_sync_pending(d));
	actor_do(b, do_want);
	actor_do(b, do_enter);
	assert_true(wanted(b));
	actor_do(b, do_exit);
}

/* -------------------------------------------------------------- with rendez-vous */

/* Those who wait here are harmless, at either barrier. */
static void waiting_here_is_harmless(void)
{
	struct trio t = trio();

	actor_do(t.a, do_want);
	assert_goes(t.a, do_enter, SYNCING);
	actor_go(t.b, do_isolate);
	assert_where(t.b, GATHERING); /* for c, who runs */
	assert_goes(t.c, do_enter, SYNCING);
	assert_where(t.b, DONE);
	actor_do(t.b, do_release);
	actor_go(t.b, do_enter);
	assert_where(t.a, DONE);
	actor_go(t.a, do_exit);
	assert_where(t.b, DONE);
	assert_where(t.c, DONE);
	assert_goes(t.b, do_isolate, GATHERING);
	actor_go(t.c, do_exit);
	assert_where(t.b, DONE);
	actor_do(t.b, do_release);
	actor_do(t.b, do_exit);
	assert_where(t.a, DONE);
	assert_where(t.c, DONE);
}

/* The others wait for it already. */
static void isolating_in_one_s_turn_is_free(void)
{
	struct trio t = trio();

	actor_do(t.a, do_want);
	actor_do(t.b, do_want);
	actor_go(t.b, do_enter);
	actor_go(t.c, do_enter);
	actor_do(t.a, do_enter);
	assert_where(t.b, SYNCING);
	assert_where(t.c, SYNCING);
	shim_count_from_here();
	actor_do(t.a, do_isolate);
	assert_true(rdv_isolated(t.a->self));
	actor_do(t.a, do_release);
	assert_int_equal(SHIM(futex_calls), 0);
	actor_go(t.a, do_exit);
	assert_where(t.b, DONE);
	actor_do(t.b, do_isolate);
	actor_do(t.b, do_release);
	actor_go(t.b, do_exit);
	assert_where(t.c, DONE);
	actor_do(t.c, do_exit);
	assert_where(t.a, DONE);
	assert_where(t.b, DONE);
}

/* The sync-point is over, a round is on: who comes out of it is held. */
static void leaving_into_a_round_is_held(void)
{
	struct trio t = trio();

	actor_do(t.a, do_want);
	actor_go(t.b, do_enter);
	actor_go(t.c, do_enter);
	actor_do(t.a, do_enter);
	actor_go(t.a, do_exit);
	assert_where(t.b, DONE);
	assert_where(t.c, DONE);
	shim_stop_at(t.a->shim, SHIM_AFTER_WAIT);
	actor_go(t.c, do_exit);
	actor_do(t.b, do_exit);
	assert_where(t.a, STOPPED);
	actor_do(t.c, do_now);
	actor_do(t.b, do_isolate);
	shim_resume(t.a->shim);
	assert_where(t.a, HELD);
	actor_do(t.b, do_release);
	assert_where(t.a, DONE);
	assert_int_equal(actor_state(t.a), RDV_STATE_RUNNING);
}

/* A harmless thread enters, and is running between the barriers. */
static void entering_harmless_returns_running(void)
{
	struct trio t = trio();

	actor_do(t.a, do_want);
	actor_do(t.b, do_now);
	actor_go(t.b, do_enter);
	actor_go(t.c, do_enter);
	actor_do(t.a, do_enter);
	assert_int_equal(actor_state(t.a), RDV_STATE_RUNNING);
	actor_go(t.a, do_exit);
	assert_where(t.b, DONE);
	assert_int_equal(actor_state(t.b), RDV_STATE_RUNNING);
	assert_false(actor_bit(t.b));
	actor_go(t.b, do_exit);
	assert_where(t.c, DONE);
	actor_do(t.c, do_exit);
	assert_where(t.b, DONE);
	assert_int_equal(actor_state(t.b), RDV_STATE_RUNNING);
}

/* ------------------------------------------------------------- with real pollers */

enum { POLLERS = 16, POINTS = 5 };

static volatile int sum; /* not atomic: it is protected */

static void do_poll(struct actor *a)
{
	struct epoll_event event = {.events = EPOLLIN};
	int epfd = epoll_create1(EPOLL_CLOEXEC), point, n;

	CHECK(a, !epoll_ctl(epfd, EPOLL_CTL_ADD, rdv_sync_fd(a->domain), &event));
	for (point = 0; point < POINTS; point++) {
		SHIM_SET(a->outside, SYS_POLLING);
		rdv_harmless_now(a->self);
		do
			n = epoll_wait(epfd, &event, 1, -1);
		while (n < 0 && errno == EINTR);
		rdv_harmless_end(a->self);
		SHIM_SET(a->outside, 0);
		CHECK(a, n == 1);
		CHECK(a, rdv_sync_pending(a->domain));
		rdv_sync_enter(a->self);
		CHECK(a, !rdv_sync_wanted(a->self));
		CHECK(a, sum == point + 1);
		rdv_sync_exit(a->self);
		CHECK(a, epoll_wait(epfd, &event, 1, 0) == 0);
	}
	close(epfd);
}

static void do_change(struct actor *a)
{
	do_want(a);
	do_enter(a);
	sum = sum + 1;
	do_exit(a);
}

static void every_poller_is_woken(void)
{
	rdv_domain *d = unit_domain();
	struct actor *a = actor_member(d, "a"), *p[POLLERS];
	int fd = rdv_sync_enable(d), i, point;

	sum = 0;
	for (i = 0; i < POLLERS; i++) {
		p[i] = actor_member(d, "poller");
		actor_go(p[i], do_poll);
	}
	for (point = 0; point < POINTS; point++) {
		for (i = 0; i < POLLERS; i++)
			assert_where(p[i], OUTSIDE);
		shim_count_from_here();
		assert_goes(a, do_change, DONE);
		assert_int_equal(SHIM(eventfd_writes), 1);
		assert_int_equal(SHIM(eventfd_reads), 1);
	}
	assert_false(readable(fd));
	for (i = 0; i < POLLERS; i++) {
		assert_where(p[i], DONE);
		actor_stop(p[i]);
	}
}

static const struct unit_case cases[] = {
	UNIT(enable_gives_one_descriptor, ONLY_PLAIN),
	UNIT(enable_fails_as_eventfd_does, ONLY_PLAIN),
	UNIT(enable_without_descriptors_is_emfile, ONLY_PLAIN),
	UNIT(one_write_and_one_read_per_point, ALL),
	UNIT(alone_it_writes_nothing, BOTH),
	UNIT(a_second_member_is_called, ALL),
	UNIT(want_may_come_before_enable, ALL),
	UNIT(everybody_meets_and_takes_turns, ALL),
	UNIT(enter_and_exit_without_a_point_return, ALL),
	UNIT(wanting_while_it_goes_on, ALL),
	UNIT(a_slow_one_is_waited_for, STEADY),
	UNIT(g3_the_step_comes_before_it_sleeps, STEADY),
	UNIT(nobody_is_woken_with_the_lock, STEADY),
	UNIT(turns_go_in_the_order_of_ids, ALL),
	UNIT(domains_have_points_of_their_own, ALL),
	UNIT(g9_registering_while_it_forms_counts, ALL),
	UNIT(g9_registering_while_it_serves_waits, ALL),
	UNIT(g9_a_requester_leaves_at_the_end, ALL),
	UNIT(g9_members_leave_at_any_stage, ALL),
	UNIT(g9_the_only_member_leaves_in_its_turn, BOTH),
	UNIT(waiting_here_is_harmless, ALL),
	UNIT(isolating_in_one_s_turn_is_free, BOTH),
	UNIT(leaving_into_a_round_is_held, STEADY),
	UNIT(entering_harmless_returns_running, ALL),
	UNIT(every_poller_is_woken, ALL),
};

UNIT_MAIN("sync", cases)
