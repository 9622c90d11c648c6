/* SPDX-License-Identifier: MIT */
/*
 * The locks of <rdv/blocking.h>, and waiting for a condition and for a thread: the thread
 * waits harmless, and is not held with what it waited for.
 */
#include "unit.h"

#include <rdv/blocking.h>
#include <sched.h>
#include <sys/syscall.h>

/* --------------------------------------------------------------------------- mutex */

static pthread_mutex_t mutex;

static void mutex_open(int type, int robust, int protocol)
{
	pthread_mutexattr_t attr;

	pthread_mutexattr_init(&attr);
	pthread_mutexattr_settype(&attr, type);
	pthread_mutexattr_setrobust(&attr, robust);
	assert_int_equal(pthread_mutexattr_setprotocol(&attr, protocol), 0);
	assert_int_equal(pthread_mutex_init(&mutex, &attr), 0);
	pthread_mutexattr_destroy(&attr);
}

static void plain_mutex(void)
{
	mutex_open(PTHREAD_MUTEX_NORMAL, PTHREAD_MUTEX_STALLED, PTHREAD_PRIO_NONE);
}

static void robust_mutex(void)
{
	mutex_open(PTHREAD_MUTEX_NORMAL, PTHREAD_MUTEX_ROBUST, PTHREAD_PRIO_NONE);
}

static void do_lock(struct actor *a)
{
	SHIM_SET(a->outside, SYS_futex);
	CALL(a, a->ret = rdv_mutex_lock(a->self, &mutex));
}

/* By somebody who may be no member. */
static void do_plain_lock(struct actor *a)
{
	a->ret = pthread_mutex_lock(&mutex);
}

static void do_plain_trylock(struct actor *a)
{
	a->ret = pthread_mutex_trylock(&mutex);
}

static void do_unlock(struct actor *a)
{
	a->ret = pthread_mutex_unlock(&mutex);
}

static void do_consistent(struct actor *a)
{
	a->ret = pthread_mutex_consistent(&mutex);
}

static void lock_takes_a_free_one_running(void)
{
	rdv_domain *d = unit_domain();
	struct actor *a = actor_member(d, "a"), *b = actor_member(d, "b");

	plain_mutex();
	assert_goes(b, do_isolate, GATHERING);
	assert_does(a, do_lock, 0);
	assert_int_equal(actor_state(a), RDV_STATE_RUNNING);
	assert_where(b, GATHERING);
	actor_do(a, do_unlock);
	actor_do(a, do_now);
	assert_where(b, DONE);
	actor_do(b, do_release);
	actor_stop(a);
	actor_stop(b);
	pthread_mutex_destroy(&mutex);
}

static void lock_waits_harmless(void)
{
	rdv_domain *d = unit_domain();
	struct actor *a = actor_member(d, "a"), *b = actor_member(d, "b");
	struct actor *o = actor_start(d, "owner");
	int protocol;

	for (protocol = 0; protocol < 2; protocol++) {
		mutex_open(PTHREAD_MUTEX_NORMAL, PTHREAD_MUTEX_STALLED,
			   protocol ? PTHREAD_PRIO_INHERIT : PTHREAD_PRIO_NONE);
		actor_do(o, do_plain_lock);
		assert_goes(a, do_lock, OUTSIDE);
		actor_do(b, do_isolate);
		actor_do(b, do_release);
		assert_where(a, OUTSIDE);
		actor_do(o, do_unlock);
		assert_done(a, 0);
		assert_int_equal(actor_state(a), RDV_STATE_RUNNING);
		assert_does(o, do_plain_trylock, EBUSY);
		assert_does(a, do_unlock, 0);
		pthread_mutex_destroy(&mutex);
	}
}

static void lock_tells_of_a_deadlock(void)
{
	rdv_domain *d = unit_domain();
	struct actor *a = actor_member(d, "a"), *b = actor_member(d, "b");

	mutex_open(PTHREAD_MUTEX_ERRORCHECK, PTHREAD_MUTEX_STALLED, PTHREAD_PRIO_NONE);
	assert_does(a, do_lock, 0);
	assert_does(a, do_lock, EDEADLK);
	assert_int_equal(actor_state(a), RDV_STATE_RUNNING);
	assert_goes(b, do_isolate, GATHERING);
	assert_goes(a, do_lock, HELD);
	assert_where(b, DONE);
	actor_do(b, do_release);
	assert_done(a, EDEADLK);
	assert_does(a, do_unlock, 0);
	pthread_mutex_destroy(&mutex);

	mutex_open(PTHREAD_MUTEX_RECURSIVE, PTHREAD_MUTEX_STALLED, PTHREAD_PRIO_NONE);
	assert_does(a, do_lock, 0);
	assert_does(a, do_lock, 0);
	actor_do(a, do_unlock);
	assert_does(a, do_unlock, 0);
	pthread_mutex_destroy(&mutex);
}

static void lock_of_the_dead(void)
{
	rdv_domain *d = unit_domain();
	struct actor *a = actor_member(d, "a"), *b = actor_member(d, "b");
	struct actor *o;

	/* found at once */
	robust_mutex();
	o = actor_start(d, "owner");
	actor_do(o, do_plain_lock);
	actor_stop(o);
	assert_does(a, do_lock, EOWNERDEAD);
	actor_do(a, do_consistent);
	actor_do(a, do_unlock);
	/* while waiting */
	o = actor_start(d, "owner");
	actor_do(o, do_plain_lock);
	assert_goes(a, do_lock, OUTSIDE);
	actor_stop(o);
	assert_done(a, EOWNERDEAD);
	assert_int_equal(actor_state(a), RDV_STATE_RUNNING);
	actor_do(a, do_consistent);
	actor_do(a, do_unlock);
	/* and while somebody is isolated: not given back, as nobody could have it then */
	o = actor_start(d, "owner");
	actor_do(o, do_plain_lock);
	assert_goes(a, do_lock, OUTSIDE);
	actor_do(b, do_isolate);
	actor_stop(o);
	assert_where(a, HELD);
	assert_does(b, do_plain_trylock, EBUSY);
	actor_do(b, do_release);
	assert_done(a, EOWNERDEAD);
	/* nor can anybody if it is not made consistent */
	actor_do(a, do_unlock);
	assert_does(b, do_lock, ENOTRECOVERABLE);
	assert_int_equal(actor_state(b), RDV_STATE_RUNNING);
	pthread_mutex_destroy(&mutex);
}

/* The same, found while it waits. */
static void lock_of_the_lost(void)
{
	rdv_domain *d = unit_domain();
	struct actor *a = actor_member(d, "a"), *b = actor_member(d, "b");
	struct actor *o = actor_start(d, "owner");

	robust_mutex();
	actor_do(o, do_plain_lock);
	actor_stop(o);
	assert_does(b, do_lock, EOWNERDEAD);
	assert_goes(a, do_lock, OUTSIDE);
	actor_do(b, do_unlock);
	assert_done(a, ENOTRECOVERABLE);
	assert_int_equal(actor_state(a), RDV_STATE_RUNNING);
	pthread_mutex_destroy(&mutex);
}

/* -------------------------------------------------------------- rwlocks, semaphores */

static pthread_rwlock_t rwlock;
static sem_t sem;

static void mutex_close(void)
{
	assert_int_equal(pthread_mutex_destroy(&mutex), 0);
}

/* A lock is taken by a member, and by somebody who may be none; "other" excludes it. */
struct lock_kind {
	void (*open)(void);
	actor_fn *take, *take_other, *try_other, *give_back;
	void (*close)(void);
};

static void rwlock_open(void)
{
	assert_int_equal(pthread_rwlock_init(&rwlock, NULL), 0);
}

static void rwlock_close(void)
{
	assert_int_equal(pthread_rwlock_destroy(&rwlock), 0);
}

static void sem_open_1(void)
{
	assert_int_equal(sem_init(&sem, 0, 1), 0);
}

static void sem_close_1(void)
{
	int value;

	assert_int_equal(sem_getvalue(&sem, &value), 0);
	assert_int_equal(value, 1);
	sem_destroy(&sem);
}

static void do_rdlock(struct actor *a)
{
	SHIM_SET(a->outside, SYS_futex);
	CALL(a, a->ret = rdv_rwlock_rdlock(a->self, &rwlock));
}

static void do_wrlock(struct actor *a)
{
	SHIM_SET(a->outside, SYS_futex);
	CALL(a, a->ret = rdv_rwlock_wrlock(a->self, &rwlock));
}

static void do_sem_wait(struct actor *a)
{
	SHIM_SET(a->outside, SYS_futex);
	CALL(a, a->ret = rdv_sem_wait(a->self, &sem));
}

static void do_plain_wrlock(struct actor *a)
{
	a->ret = pthread_rwlock_wrlock(&rwlock);
}

static void do_plain_trywrlock(struct actor *a)
{
	a->ret = pthread_rwlock_trywrlock(&rwlock);
}

static void do_rwlock_unlock(struct actor *a)
{
	a->ret = pthread_rwlock_unlock(&rwlock);
}

static void do_plain_sem_wait(struct actor *a)
{
	a->ret = sem_wait(&sem);
}

static void do_plain_sem_trywait(struct actor *a)
{
	a->ret = sem_trywait(&sem) ? EBUSY : 0;
}

static void do_sem_post(struct actor *a)
{
	a->ret = sem_post(&sem);
}

static const struct lock_kind kinds[] = {
	{plain_mutex, do_lock, do_plain_lock, do_plain_trylock, do_unlock, mutex_close},
	{rwlock_open, do_rdlock, do_plain_wrlock, do_plain_trywrlock, do_rwlock_unlock,
	 rwlock_close},
	{rwlock_open, do_wrlock, do_plain_wrlock, do_plain_trywrlock, do_rwlock_unlock,
	 rwlock_close},
	{sem_open_1, do_sem_wait, do_plain_sem_wait, do_plain_sem_trywait, do_sem_post,
	 sem_close_1},
};

#define KINDS_END (kinds + sizeof(kinds) / sizeof(kinds[0]))

static void each_waits_harmless(void)
{
	rdv_domain *d = unit_domain();
	struct actor *a = actor_member(d, "a"), *b = actor_member(d, "b");
	struct actor *o = actor_start(d, "owner");
	const struct lock_kind *kind;

	for (kind = kinds; kind < KINDS_END; kind++) {
		kind->open();
		actor_do(o, kind->take_other);
		assert_goes(a, kind->take, OUTSIDE);
		actor_do(b, do_isolate);
		actor_do(b, do_release);
		assert_where(a, OUTSIDE);
		actor_do(o, kind->give_back);
		assert_done(a, 0);
		assert_int_equal(actor_state(a), RDV_STATE_RUNNING);
		assert_does(o, kind->try_other, EBUSY);
		actor_do(a, kind->give_back);
		/* free, it is had at once */
		assert_does(a, kind->take, 0);
		actor_do(a, kind->give_back);
		kind->close();
	}
}

/* It gets the lock while somebody is isolated, who needs it. */
static void each_is_not_held_with_it(void)
{
	rdv_domain *d = unit_domain();
	struct actor *a = actor_member(d, "a"), *b = actor_member(d, "b");
	struct actor *o = actor_start(d, "owner");
	const struct lock_kind *kind;

	for (kind = kinds; kind < KINDS_END; kind++) {
		kind->open();
		actor_do(o, kind->take_other);
		assert_goes(a, kind->take, OUTSIDE);
		actor_do(b, do_isolate);
		actor_do(o, kind->give_back);
		assert_where(a, HELD);
		assert_does(b, kind->take_other, 0);
		/* b goes on with the lock: a waits for it again, harmless again */
		actor_do(b, do_release);
		assert_where(a, OUTSIDE);
		actor_do(b, do_isolate);
		actor_do(b, kind->give_back);
		assert_where(a, HELD);
		actor_do(b, do_release);
		assert_done(a, 0);
		assert_int_equal(actor_state(a), RDV_STATE_RUNNING);
		assert_does(o, kind->try_other, EBUSY);
		actor_do(a, kind->give_back);
		kind->close();
	}
}

/* Isolated, and harmless, the thread stays as it is. */
static void each_leaves_the_thread_as_it_was(void)
{
	rdv_domain *d = unit_domain();
	struct actor *a = actor_member(d, "a"), *b = actor_member(d, "b");
	struct actor *o = actor_start(d, "owner");
	const struct lock_kind *kind;

	for (kind = kinds; kind < KINDS_END; kind++) {
		kind->open();
		actor_do(o, kind->take_other);
		actor_do(b, do_now);
		actor_do(a, do_isolate);
		assert_goes(a, kind->take, OUTSIDE);
		assert_goes(b, do_end, HELD);
		actor_do(o, kind->give_back);
		assert_done(a, 0);
		assert_true(rdv_isolated(a->self));
		actor_do(a, kind->give_back);
		actor_do(a, do_release);
		assert_where(b, DONE);

		actor_do(a, do_now);
		assert_does(a, kind->take, 0);
		assert_int_equal(actor_state(a), RDV_STATE_HARMLESS);
		actor_do(a, kind->give_back);
		actor_do(a, do_end);
		kind->close();
	}
}

static void rwlock_tells_of_a_deadlock(void)
{
	rdv_domain *d = unit_domain();
	struct actor *a = actor_member(d, "a"), *b = actor_member(d, "b");

	rwlock_open();
	assert_does(a, do_wrlock, 0);
	assert_does(a, do_wrlock, EDEADLK);
	assert_does(a, do_rdlock, EDEADLK);
	assert_int_equal(actor_state(a), RDV_STATE_RUNNING);
	actor_do(a, do_rwlock_unlock);
	/* readers beside each other */
	actor_do(a, do_rdlock);
	assert_does(b, do_rdlock, 0);
	actor_do(a, do_rwlock_unlock);
	actor_do(b, do_rwlock_unlock);
	rwlock_close();
}

static int sem_errno;

static void do_sem_wait_errno(struct actor *a)
{
	SHIM_SET(a->outside, SYS_futex);
	a->ret = rdv_sem_wait(a->self, &sem);
	sem_errno = errno;
}

static void sem_is_interrupted(void)
{
	rdv_domain *d = unit_domain();
	struct actor *a = actor_member(d, "a"), *b = actor_member(d, "b");

	sem_open_1();
	actor_do(b, do_plain_sem_wait);
	assert_goes(a, do_sem_wait_errno, OUTSIDE);
	actor_do(b, do_isolate);
	actor_interrupt(a);
	assert_where(a, HELD);
	actor_do(b, do_release);
	assert_done(a, -1);
	assert_int_equal(sem_errno, EINTR);
	assert_int_equal(actor_state(a), RDV_STATE_RUNNING);
	actor_do(b, do_sem_post);
	sem_close_1();
}

/* ---------------------------------------------------------------------- conditions */

static pthread_cond_t cond;
static const struct timespec *cond_deadline;

static void cond_open(void (*open_mutex)(void))
{
	open_mutex();
	assert_int_equal(pthread_cond_init(&cond, NULL), 0);
	cond_deadline = NULL;
}

static void cond_close(void)
{
	pthread_cond_destroy(&cond);
	assert_int_equal(pthread_mutex_destroy(&mutex), 0);
}

static void do_cond_wait(struct actor *a)
{
	SHIM_SET(a->outside, SYS_futex);
	CALL(a, a->ret = rdv_cond_wait(a->self, &cond, &mutex));
}

static void do_cond_wait_until(struct actor *a)
{
	SHIM_SET(a->outside, SYS_futex);
	CALL(a, a->ret = rdv_cond_wait_until(a->self, &cond, &mutex, cond_deadline));
}

static void do_signal(struct actor *a)
{
	a->ret = pthread_cond_signal(&cond);
}

/* a waits, with the mutex free. */
static void wait_for_condition(struct actor *a, actor_fn *wait)
{
	actor_do(a, do_lock);
	assert_goes(a, wait, OUTSIDE);
}

static void assert_has_mutex(struct actor *a, struct actor *other)
{
	assert_does(other, do_plain_trylock, EBUSY);
	assert_does(a, do_unlock, 0);
}

static void cond_waits_harmless(void)
{
	rdv_domain *d = unit_domain();
	struct actor *a = actor_member(d, "a"), *b = actor_member(d, "b");

	cond_open(plain_mutex);
	wait_for_condition(a, do_cond_wait);
	actor_do(b, do_isolate);
	actor_do(b, do_release);
	assert_where(a, OUTSIDE);
	actor_do(b, do_lock);
	actor_do(b, do_signal);
	/* a has been woken, and waits for the mutex harmless too */
	actor_do(b, do_isolate);
	actor_do(b, do_release);
	assert_where(a, OUTSIDE);
	actor_do(b, do_unlock);
	assert_done(a, 0);
	assert_int_equal(actor_state(a), RDV_STATE_RUNNING);
	assert_has_mutex(a, b);
	cond_close();
}

/* It is woken while somebody is isolated, who needs the mutex. */
static void cond_is_not_held_with_the_mutex(void)
{
	rdv_domain *d = unit_domain();
	struct actor *a = actor_member(d, "a"), *b = actor_member(d, "b");

	cond_open(plain_mutex);
	wait_for_condition(a, do_cond_wait);
	actor_do(b, do_isolate);
	actor_do(b, do_signal);
	assert_where(a, HELD);
	assert_does(b, do_lock, 0);
	actor_do(b, do_release);
	assert_where(a, OUTSIDE);
	actor_do(b, do_unlock);
	assert_done(a, 0);
	assert_has_mutex(a, b);
	cond_close();
}

static void cond_until_a_deadline(void)
{
	rdv_domain *d = unit_domain();
	struct actor *a = actor_member(d, "a"), *b = actor_member(d, "b");
	static const struct timespec malformed = {.tv_nsec = 1000000000};
	struct timespec later;

	cond_open(plain_mutex);
	actor_do(a, do_lock);
	cond_deadline = &malformed;
	assert_does(a, do_cond_wait_until, EINVAL);
	cond_deadline = &unit_past;
	assert_does(a, do_cond_wait_until, ETIMEDOUT);
	assert_int_equal(actor_state(a), RDV_STATE_RUNNING);
	/* nor is it held with the mutex because it was too late */
	assert_goes(b, do_isolate, GATHERING);
	assert_goes(a, do_cond_wait_until, HELD);
	assert_where(b, DONE);
	actor_do(b, do_lock);
	actor_do(b, do_unlock);
	actor_do(b, do_release);
	assert_done(a, ETIMEDOUT);
	/* by the monotonic clock: by the other one it is long past */
	clock_gettime(CLOCK_MONOTONIC, &later);
	later.tv_sec += 1000;
	cond_deadline = &later;
	assert_goes(a, do_cond_wait_until, OUTSIDE);
	actor_do(b, do_signal);
	assert_done(a, 0);
	cond_deadline = NULL;
	assert_goes(a, do_cond_wait_until, OUTSIDE);
	actor_do(b, do_signal);
	assert_done(a, 0);
	assert_has_mutex(a, b);
	cond_close();
}

static void errorcheck_mutex_open(void)
{
	mutex_open(PTHREAD_MUTEX_ERRORCHECK, PTHREAD_MUTEX_STALLED, PTHREAD_PRIO_NONE);
}

static void cond_without_the_mutex_is_eperm(void)
{
	rdv_domain *d = unit_domain();
	struct actor *a = actor_member(d, "a"), *b = actor_member(d, "b");

	cond_open(errorcheck_mutex_open);
	assert_does(a, do_cond_wait, EPERM);
	assert_int_equal(actor_state(a), RDV_STATE_RUNNING);
	assert_does(b, do_plain_trylock, 0);
	actor_do(b, do_unlock);
	cond_close();
}

/* The one that woke it ends with the mutex. */
static void cond_with_a_mutex_of_the_dead(void)
{
	rdv_domain *d = unit_domain();
	struct actor *a = actor_member(d, "a"), *b = actor_member(d, "b");
	struct actor *o = actor_start(d, "owner");

	cond_open(robust_mutex);
	wait_for_condition(a, do_cond_wait);
	actor_do(b, do_isolate);
	actor_do(o, do_plain_lock);
	actor_do(o, do_signal);
	actor_stop(o);
	assert_where(a, HELD);
	actor_do(b, do_release);
	assert_done(a, EOWNERDEAD);
	actor_do(a, do_consistent);
	assert_has_mutex(a, b);
	cond_close();
}

static void cond_while_alone(void)
{
	rdv_domain *d = unit_domain();
	struct actor *a = actor_member(d, "a"), *b = actor_member(d, "b");
	struct actor *o = actor_start(d, "other");

	cond_open(plain_mutex);
	actor_do(b, do_now);
	actor_do(a, do_isolate);
	wait_for_condition(a, do_cond_wait);
	assert_goes(b, do_end, HELD);
	actor_do(o, do_signal);
	assert_done(a, 0);
	assert_true(rdv_isolated(a->self));
	assert_has_mutex(a, o);
	actor_do(a, do_release);
	assert_where(b, DONE);
	/* and while harmless */
	actor_do(a, do_now);
	wait_for_condition(a, do_cond_wait);
	actor_do(b, do_isolate);
	actor_do(o, do_signal);
	assert_done(a, 0);
	assert_int_not_equal(actor_state(a), RDV_STATE_RUNNING);
	assert_has_mutex(a, o);
	actor_do(b, do_release);
	actor_do(a, do_end);
	cond_close();
}

/* ---------------------------------------------------------------------------- once */

static rdv_once_flag flag;
static bool ends;
static int calls;

static void once_open(void)
{
	flag = (rdv_once_flag)RDV_ONCE_FLAG_INIT;
	calls = 0;
	ends = false;
}

/* It isolates, which a routine may do. */
static void routine(void *arg)
{
	struct actor *a = arg;

	CHECK(a, actor_state(a) == RDV_STATE_RUNNING);
	calls++;
	if (ends)
		pthread_exit(NULL);
	rdv_isolate(a->self);
	rdv_release(a->self);
}

static void do_once(struct actor *a)
{
	SHIM_SET(a->outside, SYS_futex);
	CALL(a, rdv_once(a->self, &flag, routine, a));
}

static void once_is_waited_for_harmless(void)
{
	rdv_domain *d = unit_domain();
	struct actor *a = actor_member(d, "a"), *b = actor_member(d, "b");
	struct actor *c = actor_member(d, "c");

	once_open();
	assert_goes(a, do_once, GATHERING);
	assert_goes(b, do_once, OUTSIDE);
	assert_where(a, GATHERING);
	actor_do(c, do_now);
	assert_where(a, DONE);
	assert_where(b, DONE);
	assert_int_equal(calls, 1);
	actor_do(b, do_once);
	assert_int_equal(calls, 1);
	assert_int_equal(actor_state(b), RDV_STATE_RUNNING);
	/* also by one who is isolated, and is the first */
	once_open();
	actor_do(b, do_now);
	actor_do(a, do_isolate);
	actor_do(a, do_once);
	actor_do(a, do_release);
	actor_do(b, do_end);
	actor_do(c, do_end);
	assert_int_equal(calls, 1);
}

/* A thread that ends in it has not done it. */
static void once_is_done_by_the_next(void)
{
	rdv_domain *d = unit_domain();
	struct actor *a = actor_member(d, "a"), *b = actor_member(d, "b");

	once_open();
	ends = true;
	actor_go(a, do_once);
	actor_join(a);
	ends = false;
	actor_do(b, do_once);
	assert_int_equal(calls, 2);
	assert_int_equal(d->members, 1);
}

/* ---------------------------------------------------------------------------- join */

static pthread_t joined;
static void *joined_result;

static void do_join(struct actor *a)
{
	SHIM_SET(a->outside, SYS_futex);
	CALL(a, a->ret = rdv_thread_join(a->self, joined, &joined_result));
}

static void *a_member(void *domain)
{
	rdv_thread *self;

	CHECK(NULL, !rdv_thread_register(domain, "joined", &self));
	RDV_HARMLESS(self)
		CHECK(NULL, !sem_wait(&sem));
	rdv_thread_unregister(self);
	return domain;
}

static pid_t stranger;

static void *a_stranger(void *unused)
{
	SHIM_SET(stranger, (pid_t)syscall(SYS_gettid));
	return unused;
}

/* Creates it, and returns when it has ended: to join it takes no time any more. */
static void end_a_stranger(void *arg)
{
	SHIM_SET(stranger, 0);
	assert_int_equal(pthread_create(&joined, NULL, a_stranger, arg), 0);
	while (!SHIM_GET(stranger) || !syscall(SYS_tgkill, getpid(), stranger, 0))
		sched_yield();
}

static void join_waits_harmless(void)
{
	rdv_domain *d = unit_domain();
	struct actor *a = actor_member(d, "a"), *b = actor_member(d, "b");

	assert_int_equal(sem_init(&sem, 0, 0), 0);
	assert_int_equal(pthread_create(&joined, NULL, a_member, d), 0);
	assert_goes(a, do_join, OUTSIDE);
	/* now the other one is held before it can end */
	actor_do(b, do_isolate);
	assert_int_equal(sem_post(&sem), 0);
	assert_where(a, OUTSIDE);
	actor_do(b, do_release);
	actor_wait(a); /* for a thread that is no actor */
	assert_ret(a, 0);
	assert_ptr_equal(joined_result, d);
	assert_int_equal(actor_state(a), RDV_STATE_RUNNING);
	/* and a is held, which has joined it */
	assert_goes(b, do_isolate, GATHERING);
	end_a_stranger(d);
	assert_goes(a, do_join, HELD);
	assert_where(b, DONE);
	actor_do(b, do_release);
	assert_done(a, 0);
	sem_destroy(&sem);
}

static void join_of_oneself_is_edeadlk(void)
{
	rdv_domain *d = unit_domain();
	struct actor *a = actor_member(d, "a");

	joined = a->thread;
	assert_does(a, do_join, EDEADLK);
	assert_int_equal(actor_state(a), RDV_STATE_RUNNING);
}

/* -------------------------------------------------------------------- cancellation */

static void cancelled_it_has_the_mutex(void)
{
	rdv_domain *d = unit_domain();
	struct actor *a, *b = actor_member(d, "b");

	/* of a semaphore nothing is left */
	sem_open_1();
	actor_do(b, do_plain_sem_wait);
	a = actor_member(d, "a");
	assert_goes(a, do_sem_wait, OUTSIDE);
	actor_do(b, do_isolate);
	pthread_cancel(a->thread);
	actor_join(a);
	actor_do(b, do_release);
	assert_int_equal(d->members, 1);
	actor_do(b, do_sem_post);
	sem_close_1();
	/* the robust one is the next one's */
	cond_open(robust_mutex);
	a = actor_member(d, "a");
	wait_for_condition(a, do_cond_wait);
	actor_do(b, do_isolate);
	pthread_cancel(a->thread);
	actor_join(a);
	assert_does(b, do_lock, EOWNERDEAD);
	actor_do(b, do_consistent);
	actor_do(b, do_unlock);
	actor_do(b, do_release);
	assert_int_equal(d->members, 1);
	pthread_mutex_destroy(&mutex);
}

/* What POSIX has an error for is a report to ThreadSanitizer. */
enum { MISUSE = UNIT_TSAN ? 0 : ONLY_PLAIN };

static const struct unit_case cases[] = {
	UNIT(lock_takes_a_free_one_running, BOTH),
	UNIT(lock_waits_harmless, BOTH),
	UNIT(lock_tells_of_a_deadlock, ALL),
	UNIT(lock_of_the_dead, ALL),
	UNIT(lock_of_the_lost, BOTH),
	UNIT(each_waits_harmless, BOTH),
	UNIT(each_is_not_held_with_it, ALL),
	UNIT(each_leaves_the_thread_as_it_was, BOTH),
	UNIT(rwlock_tells_of_a_deadlock, BOTH),
	UNIT(sem_is_interrupted, BOTH),
	UNIT(cond_waits_harmless, BOTH),
	UNIT(cond_is_not_held_with_the_mutex, ALL),
	UNIT(cond_until_a_deadline, BOTH),
	UNIT(cond_without_the_mutex_is_eperm, MISUSE),
	UNIT(cond_with_a_mutex_of_the_dead, BOTH),
	UNIT(cond_while_alone, BOTH),
	UNIT(once_is_waited_for_harmless, BOTH),
	UNIT(join_waits_harmless, BOTH),
	UNIT(join_of_oneself_is_edeadlk, MISUSE),
	UNIT(once_is_done_by_the_next, ONLY_PLAIN), /* last, see main() */
	UNIT(cancelled_it_has_the_mutex, BOTH),
};

/* What the C library loads to cancel a thread is a leak, says valgrind. */
int main(void)
{
	size_t n = sizeof(cases) / sizeof(cases[0]);

	if (unit_on_valgrind())
		puts("# those that end a thread: left out, not for valgrind");
	return unit_main("locks", cases, n - 2 * unit_on_valgrind());
}
