/* SPDX-License-Identifier: MIT */
/*
 * What a header of <rdv/loop/> has to do, whatever the library.  Each of loop-*.c gives
 * the functions that are declared here for its own, and includes this last.
 */
#include <pthread.h>
#include <stdio.h>
#include <stdlib.h>
#include <unistd.h>

static void lib_open(void);
static void lib_close(void);
static int lib_start(void); /* the glue */
static void lib_stop(void);
static rdv_thread *lib_self(void);
static void lib_watch(int fd); /* calls readable() */
static void lib_unwatch(void);
static void lib_run(void); /* until lib_break() */
static void lib_break(void);
static void lib_more(void); /* cases of its own; the glue is all that is in the loop */

static rdv_domain *domain;
static int wake[2];
static unsigned points, failed;

static void point(bool good, const char *what)
{
	printf("%sok %u - %s\n", good ? "" : "not ", ++points, what);
	fflush(stdout);
	failed += !good;
}

/* ------------------------------------------------------------------ other threads */

static void *other(void *arg)
{
	struct timespec deadline;
	long *seconds = arg;
	rdv_thread *self;

	clock_gettime(CLOCK_MONOTONIC, &deadline);
	deadline.tv_sec += *seconds;
	if (rdv_thread_register(domain, "other", &self))
		abort();
	*seconds = rdv_isolate_until(self, &deadline);
	rdv_thread_unregister(self);
	return arg;
}

/* Whether another thread can isolate now.  By the thread of the loop, so it does not
 * wait. */
static bool others_isolate(void)
{
	pthread_t thread;
	long result = 0;

	if (pthread_create(&thread, NULL, other, &result))
		abort();
	pthread_join(thread, NULL);
	return !result;
}

/* ... some time, while the loop sleeps.  Wakes it. */
static void *isolator(void *arg)
{
	long result = 600; /* or it hangs */

	other(&result);
	*(bool *)arg = !result;
	if (write(wake[1], "", 1) != 1)
		abort();
	return NULL;
}

/* One that leaves the sync-point to whoever comes, and is in nobody's way. */
static void *requester(void *arg)
{
	rdv_thread *self;

	if (rdv_thread_register(domain, "requester", &self))
		abort();
	rdv_sync_want(self);
	rdv_sync_enter(self);
	*(bool *)arg = rdv_sync_my_turn(self);
	rdv_sync_exit(self);
	rdv_thread_unregister(self);
	return NULL;
}

/* ----------------------------------------------------------------------- callbacks */

static enum { LOOK, WANT, STOP } order;
static bool ran, harmless;
static unsigned met;

static void readable(void)
{
	char byte;

	if (read(wake[0], &byte, 1) != 1)
		abort();
	ran = true;
	if (order == WANT) {
		rdv_sync_want(lib_self());
		return;
	}
	if (order == STOP)
		lib_stop();
	harmless = others_isolate();
	lib_break();
}

/* At a sync-point. */
static void meet(rdv_thread *self)
{
	rdv_sync_enter(self);
	met += rdv_sync_my_turn(self);
	rdv_sync_exit(self);
	lib_break();
}

/* --------------------------------------------------------------------------- cases */

static void order_to(int what)
{
	order = what;
	ran = harmless = false;
}

static void go(int what)
{
	order_to(what);
	if (write(wake[1], "", 1) != 1)
		abort();
	lib_run();
}

/* True: another thread could isolate before it made the loop end. */
static bool run_beside_isolator(void)
{
	bool isolated = false;
	pthread_t thread;

	order_to(LOOK);
	if (pthread_create(&thread, NULL, isolator, &isolated))
		abort();
	lib_run();
	pthread_join(thread, NULL);
	return isolated;
}

static void sleeping(void)
{
	point(run_beside_isolator(), "asleep it is harmless");
	point(ran && !harmless, "a callback is run by a running thread");
}

static void meetings(void)
{
	bool served = false;
	pthread_t thread;

	go(WANT);
	point(met == 1, "what it wants while alone in the domain, it gets");
	met = 0;
	if (pthread_create(&thread, NULL, requester, &served))
		abort();
	lib_run();
	RDV_HARMLESS(lib_self())
		pthread_join(thread, NULL);
	point(served && !met, "what others want, they get");
}

static void stopping(void)
{
	go(STOP);
	point(ran && harmless && !rdv_thread_self(domain),
	      "stopped in a callback it is out of the domain at once");
	lib_stop();
	point(!lib_self(), "stopping twice is stopping once");
	go(LOOK);
	point(ran && harmless, "without the glue the loop goes on");
}

int main(void)
{
	rdv_thread *self;

	if (rdv_domain_create(&domain, NULL) || rdv_sync_enable(domain) < 0 || pipe(wake))
		abort();
	alarm(600); /* a loop that hangs */
	lib_open();
	if (rdv_thread_register(domain, "main", &self))
		abort();
	point(lib_start() == -EEXIST && rdv_thread_self(domain) == self,
	      "a member cannot start it");
	rdv_thread_unregister(self);
	point(!lib_start() && lib_self() == rdv_thread_self(domain) && lib_self(),
	      "it registers the thread");
	lib_more();
	lib_watch(wake[0]);
	sleeping();
	meetings();
	stopping();
	lib_unwatch();
	lib_close();
	point(!rdv_domain_destroy(domain), "nobody is left in the domain");
	printf("1..%u\n", points);
	return failed != 0;
}
