/* SPDX-License-Identifier: MIT */
/*
 * <rdv/blocking.h>: the thread is harmless in the call and as before after it, and what the
 * call says is what the caller gets.
 */
#include "unit.h"

#include <rdv/blocking.h>
#include <sched.h>
#include <signal.h>
#include <sys/syscall.h>

enum { ERRNO_BEFORE = 4712, FOR_EVER_S = 1000 };

/* ----------------------------------------------------------------- the five calls */

/* What an actor sleeps on, and how.  What the calls fill in is not on its own stack,
 * which AddressSanitizer looks at when the thread is cancelled. */
struct sleep {
	int pipe[2], epfd;
	struct epoll_event events[2];
	struct pollfd fds[2]; /* two, so that nfds counts */
	bool at_once;         /* a timeout of 0 */
	bool broken;          /* the call cannot succeed */
	const sigset_t *mask;
	struct timespec rest;
	int error; /* errno after it */
};

static const struct timespec for_ever = {.tv_sec = FOR_EVER_S};
static const struct timespec at_once, malformed = {.tv_nsec = -1};

static void sleep_open(struct sleep *s)
{
	struct epoll_event ev = {.events = EPOLLIN};

	memset(s, 0, sizeof(*s));
	assert_int_equal(pipe(s->pipe), 0);
	s->fds[0].fd = -1;
	s->fds[1].fd = s->pipe[0];
	s->fds[1].events = POLLIN;
	s->epfd = epoll_create1(0);
	assert_int_equal(epoll_ctl(s->epfd, EPOLL_CTL_ADD, s->pipe[0], &ev), 0);
}

static void sleep_close(struct sleep *s)
{
	close(s->pipe[0]);
	close(s->pipe[1]);
	close(s->epfd);
}

static void sleep_end(struct sleep *s)
{
	assert_int_equal(write(s->pipe[1], "", 1), 1);
}

/* Around the call; the shim is to see that nothing is allocated. */
static void call_begin(struct actor *a, const char *call)
{
	unit_call_begin(a, call);
	errno = ERRNO_BEFORE;
}

static void call_end(struct actor *a)
{
	struct sleep *s = a->arg;

	s->error = errno;
	shim_call_end();
	if (a->shim->allocs)
		a->allocated = a->doing;
}

static void do_epoll_wait(struct actor *a)
{
	struct sleep *s = a->arg;

	call_begin(a, "rdv_epoll_wait");
	a->ret = rdv_epoll_wait(a->self, s->broken ? -1 : s->epfd, s->events, 2,
				s->at_once ? 0 : -1);
	call_end(a);
	CHECK(a, a->ret != 1 || s->events[0].events == EPOLLIN);
}

static void do_epoll_pwait2(struct actor *a)
{
	struct sleep *s = a->arg;

	call_begin(a, "rdv_epoll_pwait2");
	a->ret = rdv_epoll_pwait2(a->self, s->broken ? -1 : s->epfd, s->events, 2,
				  s->at_once ? &at_once : NULL, s->mask);
	call_end(a);
	CHECK(a, a->ret != 1 || s->events[0].events == EPOLLIN);
}

static void do_poll(struct actor *a)
{
	struct sleep *s = a->arg;

	call_begin(a, "rdv_poll");
	a->ret = rdv_poll(a->self, s->broken ? NULL : s->fds, 2, s->at_once ? 0 : -1);
	call_end(a);
	CHECK(a, a->ret != 1 || s->fds[1].revents == POLLIN);
}

static void do_ppoll(struct actor *a)
{
	struct sleep *s = a->arg;
	const struct timespec *timeout = s->at_once ? &at_once : NULL;

	call_begin(a, "rdv_ppoll");
	a->ret = rdv_ppoll(a->self, s->fds, 2, s->broken ? &malformed : timeout, s->mask);
	call_end(a);
	CHECK(a, a->ret != 1 || s->fds[1].revents == POLLIN);
}

static void do_nanosleep(struct actor *a)
{
	struct sleep *s = a->arg;
	const struct timespec *duration = s->at_once ? &at_once : &for_ever;

	call_begin(a, "rdv_nanosleep");
	a->ret = rdv_nanosleep(a->self, s->broken ? &malformed : duration, &s->rest);
	call_end(a);
}

static struct wrapped {
	actor_fn *call;
	int broken;  /* errno of a call that cannot succeed */
	bool wakes;  /* a byte in the pipe ends it */
	bool masks;  /* signals */
	long number; /* of the system call that the C library makes of it */
} wrapped[] = {
	{do_epoll_wait, EBADF, true, false, 0},  {do_epoll_pwait2, EBADF, true, true, 0},
	{do_poll, EFAULT, true, false, 0},       {do_ppoll, EINVAL, true, true, 0},
	{do_nanosleep, EINVAL, false, false, 0},
};

#define WRAPPED_END (wrapped + sizeof(wrapped) / sizeof(wrapped[0]))

/* The system call that a thread sleeps in, if it is no futex of anybody's. */
static long asleep_in(const struct actor *a)
{
	char path[64], line[256];
	long number = -1;
	FILE *file;

	snprintf(path, sizeof(path), "/proc/self/task/%d/syscall", (int)a->tid);
	file = fopen(path, "r");
	if (file && fgets(line, sizeof(line), file))
		sscanf(line, "%ld", &number);
	if (file)
		fclose(file);
	return number == SYS_futex ? -1 : number;
}

/* a begins the call, and has gone to sleep in it. */
static void go_to_sleep(struct actor *a, struct wrapped *w, struct sleep *s)
{
	long number;

	a->arg = s;
	SHIM_SET(a->outside, w->number);
	actor_go(a, w->call);
	while (!w->number) {
		sched_yield();
		number = asleep_in(a);
		if (number > 0)
			SHIM_SET(a->outside, w->number = number);
	}
	assert_where(a, OUTSIDE);
}

/* The call ends, by what it waits for if it does for anything. */
static void wake(struct actor *a, const struct wrapped *w, struct sleep *s)
{
	if (w->wakes)
		sleep_end(s);
	else
		actor_interrupt(a);
}

static void assert_woken(struct actor *a, const struct wrapped *w, const struct sleep *s)
{
	assert_done(a, w->wakes ? 1 : -1);
	assert_int_equal(s->error, w->wakes ? ERRNO_BEFORE : EINTR);
}

/* epoll_pwait2() is not there before Linux 5.11. */
static bool can_call(struct actor *a, const struct wrapped *w)
{
	struct sleep s = {.broken = true};

	if (w->call != do_epoll_pwait2)
		return true;
	a->arg = &s;
	actor_do(a, w->call);
	return s.error != ENOSYS;
}

/* --------------------------------------------------------------------- their cases */

static void sleeps_harmless(void)
{
	rdv_domain *d = unit_domain();
	struct actor *a = actor_member(d, "a"), *b = actor_member(d, "b");
	unsigned long switches;
	struct wrapped *w;
	struct sleep s;

	for (w = wrapped; w < WRAPPED_END; w++) {
		if (!can_call(a, w))
			continue;
		sleep_open(&s);
		go_to_sleep(a, w, &s);
		switches = actor_switches_asleep(a);
		actor_do(b, do_isolate);
		assert_int_not_equal(actor_state(a), RDV_STATE_RUNNING);
		actor_do(b, do_release);
		assert_where(a, OUTSIDE);
		assert_int_equal(unit_switches(a->tid), switches);
		wake(a, w, &s);
		assert_woken(a, w, &s);
		assert_int_equal(actor_state(a), RDV_STATE_RUNNING);
		sleep_close(&s);
	}
}

static void is_held_with_its_result(void)
{
	rdv_domain *d = unit_domain();
	struct actor *a = actor_member(d, "a"), *b = actor_member(d, "b");
	struct wrapped *w;
	struct sleep s;

	for (w = wrapped; w < WRAPPED_END; w++) {
		if (!can_call(a, w))
			continue;
		sleep_open(&s);
		go_to_sleep(a, w, &s);
		actor_do(b, do_isolate);
		wake(a, w, &s);
		assert_where(a, HELD);
		actor_interrupt(a); /* which is none of the call's */
		assert_where(a, HELD);
		actor_do(b, do_release);
		assert_woken(a, w, &s);
		sleep_close(&s);
	}
}

static void is_interrupted(void)
{
	rdv_domain *d = unit_domain();
	struct actor *a = actor_member(d, "a"), *b = actor_member(d, "b");
	struct wrapped *w;
	struct sleep s;

	for (w = wrapped; w < WRAPPED_END; w++) {
		if (!can_call(a, w))
			continue;
		sleep_open(&s);
		go_to_sleep(a, w, &s);
		actor_do(b, do_isolate);
		actor_interrupt(a);
		assert_where(a, HELD);
		actor_do(b, do_release);
		assert_done(a, -1);
		assert_int_equal(s.error, EINTR);
		if (w->call == do_nanosleep)
			assert_in_range(s.rest.tv_sec, 1, FOR_EVER_S);
		assert_int_equal(actor_state(a), RDV_STATE_RUNNING);
		sleep_close(&s);
	}
}

static void fails_as_it_does(void)
{
	rdv_domain *d = unit_domain();
	struct actor *a = actor_member(d, "a"), *b = actor_member(d, "b");
	struct sleep s;
	struct wrapped *w;

	sleep_open(&s);
	s.broken = true;
	for (w = wrapped; w < WRAPPED_END; w++) {
		if (!can_call(a, w) || (w->broken == EFAULT && unit_on_valgrind()))
			continue;
		a->arg = &s;
		actor_do(a, w->call);
		assert_ret(a, -1);
		assert_int_equal(s.error, w->broken);
		/* and held on the way back */
		assert_goes(b, do_isolate, GATHERING);
		actor_go(a, w->call);
		assert_where(a, HELD);
		assert_where(b, DONE);
		s.error = 0;
		actor_do(b, do_release);
		assert_done(a, -1);
		assert_int_equal(s.error, w->broken);
	}
	sleep_close(&s);
}

/* A loop that never sleeps lets others isolate. */
static void looking_is_harmless_too(void)
{
	rdv_domain *d = unit_domain();
	struct actor *a = actor_member(d, "a"), *b = actor_member(d, "b");
	struct sleep s;
	struct wrapped *w;

	sleep_open(&s);
	s.at_once = true;
	for (w = wrapped; w < WRAPPED_END; w++) {
		if (!can_call(a, w))
			continue;
		a->arg = &s;
		actor_do(a, w->call);
		assert_ret(a, 0);
		assert_int_equal(s.error, ERRNO_BEFORE);
		assert_goes(b, do_isolate, GATHERING);
		actor_go(a, w->call);
		assert_where(b, DONE);
		assert_where(a, HELD);
		actor_do(b, do_release);
		assert_done(a, 0);
	}
	sleep_close(&s);
}

static void leaves_the_thread_as_it_was(void)
{
	rdv_domain *d = unit_domain();
	struct actor *a = actor_member(d, "a"), *b = actor_member(d, "b");
	struct sleep s;
	struct wrapped *w;

	sleep_open(&s);
	s.at_once = true;
	actor_do(b, do_now);
	for (w = wrapped; w < WRAPPED_END; w++) {
		if (!can_call(a, w))
			continue;
		a->arg = &s;
		/* harmless, by its own doing and then with its bit set */
		actor_do(a, do_now);
		actor_do(a, w->call);
		assert_ret(a, 0);
		assert_int_equal(actor_state(a), RDV_STATE_HARMLESS);
		actor_do(b, do_isolate);
		actor_do(a, w->call);
		assert_ret(a, 0);
		/* where there is no membarrier the domain is not biased after all */
		assert_int_equal(actor_state(a),
				 d->biased ? RDV_STATE_HARMLESS : RDV_STATE_PARKED);
		actor_do(b, do_release);
		actor_do(b, do_now);
		actor_do(a, do_end);
		/* isolated */
		actor_do(a, do_isolate);
		assert_goes(b, do_end, HELD);
		actor_do(a, w->call);
		assert_ret(a, 0);
		assert_true(rdv_isolated(a->self));
		assert_int_equal(actor_state(a), RDV_STATE_RUNNING);
		assert_where(b, HELD);
		actor_do(a, do_release);
		assert_where(b, DONE);
		actor_do(b, do_now);
	}
	sleep_close(&s);
}

static void do_block(struct actor *a)
{
	sigset_t set;

	(void)a;
	sigemptyset(&set);
	sigaddset(&set, SIGUSR2);
	pthread_sigmask(SIG_BLOCK, &set, NULL);
}

/* The mask of the call lets a signal in that is blocked otherwise. */
static void passes_the_mask_on(void)
{
	rdv_domain *d = unit_domain();
	struct actor *a = actor_member(d, "a");
	sigset_t none;
	struct wrapped *w;
	struct sleep s;

	sigemptyset(&none);
	actor_do(a, do_block);
	for (w = wrapped; w < WRAPPED_END; w++) {
		if (!w->masks || !can_call(a, w))
			continue;
		sleep_open(&s);
		s.mask = &none;
		a->arg = &s;
		actor_interrupt(a);
		actor_do(a, w->call);
		assert_ret(a, -1);
		assert_int_equal(s.error, EINTR);
		sleep_close(&s);
	}
}

#ifdef HAVE_EPOLL_PWAIT2
static void an_old_kernel_says_so(void)
{
	rdv_domain *d = unit_domain();
	struct actor *a = actor_member(d, "a");
	struct sleep s;

	sleep_open(&s);
	a->arg = &s;
	SHIM_SET(shim.deny_pwait2, ENOSYS);
	actor_do(a, do_epoll_pwait2);
	SHIM_SET(shim.deny_pwait2, 0);
	assert_ret(a, -1);
	assert_int_equal(s.error, ENOSYS);
	assert_int_equal(actor_state(a), RDV_STATE_RUNNING);
	sleep_close(&s);
}

#endif

static void cancelled_it_unregisters(void)
{
	rdv_domain *d = unit_domain();
	struct actor *a, *b = actor_member(d, "b");
	struct wrapped *w;
	struct sleep s;

	for (w = wrapped; w < WRAPPED_END; w++) {
		if (!can_call(b, w))
			continue;
		a = actor_member(d, "a");
		sleep_open(&s);
		go_to_sleep(a, w, &s);
		actor_do(b, do_isolate);
		pthread_cancel(a->thread);
		actor_join(a);
		actor_do(b, do_release);
		assert_int_equal(d->members, 1);
		sleep_close(&s);
	}
}

/* -------------------------------------------------------------------------- scopes */

static int scope_return(struct actor *a)
{
	RDV_HARMLESS(a->self) {
		CHECK(a, actor_state(a) == RDV_STATE_HARMLESS);
		return 17;
	}
	return 0;
}

static void scope_goto(struct actor *a)
{
	RDV_HARMLESS(a->self) {
		CHECK(a, actor_state(a) == RDV_STATE_HARMLESS);
		goto out;
	}
	CHECK(a, !"reached");
out:
	CHECK(a, actor_state(a) == RDV_STATE_RUNNING);
}

static void scope_nested(struct actor *a)
{
	RDV_HARMLESS(a->self) {
		RDV_HARMLESS(a->self)
			CHECK(a, actor_state(a) == RDV_STATE_HARMLESS);
		CHECK(a, actor_state(a) == RDV_STATE_HARMLESS);
	}
	CHECK(a, actor_state(a) == RDV_STATE_RUNNING);
}

static rdv_thread *counted(struct actor *a, int *count)
{
	++*count;
	return a->self;
}

static void do_scopes(struct actor *a)
{
	int turns = 0, after = 0, evaluated = 0, set;

	errno = ERRNO_BEFORE;
	RDV_HARMLESS(counted(a, &evaluated))
		set = actor_state(a) == RDV_STATE_HARMLESS;
	CHECK(a, set && evaluated == 1 && actor_state(a) == RDV_STATE_RUNNING);
	CHECK(a, scope_return(a) == 17 && actor_state(a) == RDV_STATE_RUNNING);
	scope_goto(a);
	scope_nested(a);
	/* break and continue are the scope's */
	for (turns = 0; turns < 3; turns++) {
		RDV_HARMLESS(a->self) {
			if (turns == 1)
				break;
			if (turns == 2)
				continue;
			CHECK(a, actor_state(a) == RDV_STATE_HARMLESS);
		}
		CHECK(a, actor_state(a) == RDV_STATE_RUNNING);
		after++;
	}
	CHECK(a, turns == 3 && after == 3);
	/* a statement like any other */
	if (turns)
		RDV_HARMLESS(a->self)
			CHECK(a, actor_state(a) == RDV_STATE_HARMLESS);
	else
		CHECK(a, !"reached");
	CHECK(a, actor_state(a) == RDV_STATE_RUNNING);
	CHECK(a, errno == ERRNO_BEFORE);
}

static int isolated_return(struct actor *a)
{
	RDV_ISOLATED(a->self)
	{
		CHECK(a, rdv_isolated(a->self));
		return 17;
	}
	return 0;
}

static void do_isolated_scopes(struct actor *a)
{
	int turns, after = 0, set;

	errno = ERRNO_BEFORE;
	RDV_ISOLATED(a->self)
	set = rdv_isolated(a->self);
	CHECK(a, set && !rdv_isolated(a->self));
	CHECK(a, isolated_return(a) == 17 && !rdv_isolated(a->self));
	for (turns = 0; turns < 3; turns++) {
		RDV_ISOLATED(a->self)
		{
			if (turns == 1)
				break;
			if (turns == 2)
				continue;
			CHECK(a, rdv_isolated(a->self));
		}
		CHECK(a, !rdv_isolated(a->self));
		after++;
	}
	CHECK(a, after == 3);
	/* nested, and two in a line; still alone between the two ends */
	RDV_ISOLATED(a->self) RDV_ISOLATED(a->self)
	{
		CHECK(a, rdv_isolated(a->self));
		goto out;
	}
	CHECK(a, !"reached");
out:
	CHECK(a, !rdv_isolated(a->self));
	RDV_ISOLATED(a->self)
	{
		RDV_ISOLATED(a->self)
		RDV_HARMLESS(a->self)
			CHECK(a, rdv_isolated(a->self));
		CHECK(a, rdv_isolated(a->self));
	}
	CHECK(a, !rdv_isolated(a->self) && actor_state(a) == RDV_STATE_RUNNING);
	CHECK(a, errno == ERRNO_BEFORE);
}

static void do_scopes_alone(struct actor *a)
{
	RDV_HARMLESS(a->self) {
		CHECK(a, rdv_isolated(a->self));
		CHECK(a, actor_state(a) == RDV_STATE_RUNNING);
	}
	CHECK(a, rdv_isolated(a->self) && actor_state(a) == RDV_STATE_RUNNING);
}

static void do_scope(struct actor *a)
{
	RDV_HARMLESS(a->self)
		a->flag = true;
}

static void scope_ends_however_it_is_left(void)
{
	rdv_domain *d = unit_domain();
	struct actor *a = actor_member(d, "a"), *b = actor_member(d, "b");

	actor_do(a, do_scopes);
	actor_do(b, do_now);
	actor_do(a, do_isolate);
	actor_do(a, do_scopes_alone);
	actor_do(a, do_release);
	actor_do(a, do_isolated_scopes);
	actor_do(b, do_end);
	/* held where it ends */
	assert_goes(b, do_isolate, GATHERING);
	a->flag = false;
	assert_goes(a, do_scope, HELD);
	assert_true(a->flag);
	assert_where(b, DONE);
	actor_do(b, do_release);
	assert_where(a, DONE);
}

static const struct unit_case cases[] = {
	UNIT(sleeps_harmless, STEADY),
	UNIT(is_held_with_its_result, ALL),
	UNIT(is_interrupted, ALL),
	UNIT(fails_as_it_does, ALL),
	UNIT(looking_is_harmless_too, ALL),
	UNIT(leaves_the_thread_as_it_was, BOTH),
	UNIT(passes_the_mask_on, ONLY_PLAIN),
#ifdef HAVE_EPOLL_PWAIT2
	UNIT(an_old_kernel_says_so, ONLY_PLAIN),
#endif
	UNIT(scope_ends_however_it_is_left, BOTH),
	UNIT(cancelled_it_unregisters, BOTH), /* last, see main() */
};

/* What the C library loads to cancel a thread is a leak, says valgrind. */
int main(void)
{
	size_t n = sizeof(cases) / sizeof(cases[0]);

	if (unit_on_valgrind())
		puts("# cancelled_it_unregisters: left out, not for valgrind");
	return unit_main("blocking", cases, n - unit_on_valgrind());
}
