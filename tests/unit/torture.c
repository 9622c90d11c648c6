/* SPDX-License-Identifier: MIT */
/*
 * Torture: everything that threads may do, in any order, by more of them than there
 * are processors; and data that is not atomic, which shows whether an isolated thread
 * was alone.  A control run without isolation must be seen to fail.
 *
 *	torture [--seed N] [--ops N] [--threads N] [--fence N] [--patience NS]
 *	        [--spin NS] [--control]
 *
 * Without options but --seed and --ops it runs all of its configurations and speaks
 * TAP; with one, that alone.  A run ends after so many operations, not after so long.
 */
#include "dump.h"

#include <errno.h>
#include <getopt.h>
#include <rdv/sync.h>
#include <sched.h>
#include <signal.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/wait.h>
#include <unistd.h>

#if defined(__SANITIZE_THREAD__)
#define TSAN 1
#elif defined(__has_feature)
#if __has_feature(thread_sanitizer)
#define TSAN 1
#endif
#endif
#ifdef TSAN
const char *__tsan_default_options(void);

const char *__tsan_default_options(void)
{
	return "die_after_fork=0";
}
#endif

enum { MAX_THREADS = 256, LIVES = 4, TIMEOUT_S = 240, FORK_RARITY = 4000 };

struct config {
	const char *name;
	unsigned threads;
	uint32_t fence, spin_ns;
	uint64_t patience_ns;
	bool control; /* isolates nobody */
};

static struct {
	unsigned long seed;
	unsigned ops; /* of each thread */
} options = {.ops = 8000};

/* What a thread does, for those who are alone and for the watchdog. */
enum place { ELSEWHERE, IN_LIBRARY, RUNNING };

struct slot {
	pthread_t thread;
	unsigned number;
	uint64_t random;
	rdv_thread *self;
	enum place place; /* atomic */
	const char *doing;
	unsigned long alone; /* how often it was */
};

static const struct config *config;
static rdv_domain *domain;
static struct slot slots[MAX_THREADS];

/* Not atomic, and equal for whoever is not alone. */
static struct {
	volatile unsigned long a, between[32], b;
} canary;

static unsigned inside, complaints; /* atomic */

#define GET(what)        __atomic_load_n(&(what), __ATOMIC_RELAXED)
#define SET(what, value) __atomic_store_n(&(what), (value), __ATOMIC_RELAXED)

static void complain(const struct slot *s, const char *what)
{
	if (!__atomic_fetch_add(&complaints, 1, __ATOMIC_RELAXED) && !config->control)
		fprintf(stderr, "# thread %u, %s: %s\n", s->number, s->doing, what);
}

/* ------------------------------------------------------------------------- the data */

/* xorshift64* */
static unsigned draw(struct slot *s, unsigned n)
{
	s->random ^= s->random >> 12;
	s->random ^= s->random << 25;
	s->random ^= s->random >> 27;
	return (unsigned)((s->random * UINT64_C(2685821657736338717)) >> 33) % n;
}

static void look(struct slot *s)
{
	unsigned long a = canary.a;

	if (!draw(s, 64))
		sched_yield();
	if (a != canary.b)
		complain(s, "saw what an isolated thread was doing");
}

/* Whoever is in the library, or was before, is not running. */
static void change(struct slot *s)
{
	unsigned i;

	s->alone++;
	if (__atomic_fetch_add(&inside, 1, __ATOMIC_RELAXED))
		complain(s, "not the only one alone");
	for (i = 0; i < config->threads; i++)
		if (&slots[i] != s && GET(slots[i].place) == RUNNING)
			complain(s, "another one runs");
	look(s);
	canary.a = canary.a + 1;
	if (!draw(s, 16))
		sched_yield();
	canary.b = canary.b + 1;
	__atomic_fetch_sub(&inside, 1, __ATOMIC_RELAXED);
}

/* ------------------------------------------------------------------------ the calls */

/* Between these two, the thread may be found harmless. */
static void enter(struct slot *s, const char *doing)
{
	SET(s->doing, doing);
	SET(s->place, IN_LIBRARY);
}

static void leave(struct slot *s)
{
	SET(s->place, RUNNING);
}

static struct timespec soon(struct slot *s)
{
	struct timespec t;

	clock_gettime(CLOCK_MONOTONIC, &t);
	t.tv_nsec += (long)draw(s, 50000) - 5000;
	if (t.tv_nsec >= 1000000000) {
		t.tv_nsec -= 1000000000;
		t.tv_sec++;
	} else if (t.tv_nsec < 0) {
		t.tv_nsec += 1000000000;
		t.tv_sec--;
	}
	return t;
}

static void in_section(struct slot *s)
{
	change(s);
	if (!draw(s, 8)) {
		rdv_harmless_now(s->self);
		rdv_isolate(s->self);
		change(s);
		rdv_harmless_end(s->self);
		rdv_release(s->self);
		rdv_checkpoint(s->self);
		change(s);
	}
	if (!draw(s, 64))
		rdv_sync_want(s->self);
}

static void isolate(struct slot *s)
{
	struct timespec deadline = soon(s);
	unsigned how = draw(s, 4);
	int ret = 0;

	enter(s, "isolate");
	if (config->control)
		;
	else if (how == 0)
		ret = rdv_isolate_until(s->self, &deadline);
	else if (how == 1)
		ret = rdv_isolate_try(s->self);
	else
		rdv_isolate(s->self);
	if (!ret) {
		in_section(s);
		SET(s->doing, "release");
		if (!config->control)
			rdv_release(s->self);
	}
	leave(s);
}

static void rest(struct slot *s)
{
	struct timespec nap = {.tv_nsec = draw(s, 20000)}, deadline = soon(s);
	unsigned how = draw(s, 8);

	enter(s, "harmless");
	rdv_harmless_now(s->self);
	if (!draw(s, 8))
		nanosleep(&nap, NULL);
	else if (!draw(s, 8))
		sched_yield();
	SET(s->doing, "harmless_end");
	if (how == 0)
		rdv_harmless_till_end(s->self);
	if ((how == 1 && !rdv_harmless_end_try(s->self)) ||
	    (how == 2 && !rdv_harmless_end_until(s->self, &deadline)))
		;
	else
		rdv_harmless_end(s->self);
	leave(s);
}

static void come(struct slot *s)
{
	SET(s->doing, "register");
	if (rdv_thread_register(domain, "torture", &s->self))
		abort();
	leave(s);
}

static void come_again(struct slot *s)
{
	enter(s, "unregister");
	if (!config->control && !draw(s, 4) && !rdv_isolate_try(s->self))
		change(s);
	rdv_thread_unregister(s->self);
	come(s);
}

static void meet(struct slot *s)
{
	enter(s, "sync_enter");
	rdv_sync_enter(s->self);
	if (rdv_sync_wanted(s->self)) {
		SET(s->doing, "in its turn");
		change(s);
		if (!draw(s, 8) && !config->control) {
			rdv_isolate(s->self);
			change(s);
			rdv_release(s->self);
		}
	}
	SET(s->doing, "sync_exit");
	rdv_sync_exit(s->self);
	leave(s);
}

static void beget(struct slot *s)
{
	int status = 0;
	pid_t pid = fork();

	if (!pid) {
		alarm(TIMEOUT_S);
		rdv_isolate(s->self);
		rdv_release(s->self);
		rdv_sync_want(s->self);
		rdv_sync_enter(s->self);
		rdv_sync_exit(s->self);
		rdv_thread_unregister(s->self);
		_exit(rdv_domain_destroy(domain) != 0);
	}
	enter(s, "waitpid");
	rdv_harmless_now(s->self);
	while (pid > 0 && waitpid(pid, &status, 0) < 0 && errno == EINTR)
		;
	if (status)
		complain(s, "its child failed");
	rdv_harmless_end(s->self);
	leave(s);
}

static void one_thing(struct slot *s)
{
	unsigned what = draw(s, 16);

	look(s);
	if (what < 6) {
		rest(s);
	} else if (what < 11) {
		isolate(s);
	} else if (what < 13) {
		enter(s, "checkpoint");
		rdv_checkpoint(s->self);
		leave(s);
	} else if (what == 13) {
		come_again(s);
	} else if (what == 14 && !draw(s, 32)) {
		rdv_sync_want(s->self);
	} else if (!draw(s, FORK_RARITY / 16)) {
		beget(s);
	}
	if (rdv_sync_pending(domain))
		meet(s);
}

/* Some leave without a word, in whatever state. */
static void *live(void *arg)
{
	struct slot *s = arg;
	unsigned i;

	come(s);
	for (i = 0; i < options.ops / LIVES; i++)
		one_thing(s);
	enter(s, "exit");
	switch (draw(s, 4)) {
	case 0:
		rdv_thread_unregister(s->self);
		break;
	case 1:
		rdv_harmless_now(s->self);
		break;
	case 2:
		if (!config->control && !rdv_isolate_try(s->self))
			change(s);
		break;
	}
	SET(s->place, ELSEWHERE);
	return NULL;
}

/* ------------------------------------------------------------------------- the runs */

static void watchdog(int number)
{
	unsigned i;

	(void)number;
	dprintf(STDERR_FILENO, "# hangs: %s, seed %lu\n", config->name, options.seed);
	dump_domain(domain);
	for (i = 0; i < config->threads; i++)
		dprintf(STDERR_FILENO, "# thread %u id %d in %s\n", i,
			slots[i].self ? (int)rdv_thread_id(slots[i].self) : -1,
			slots[i].doing ? slots[i].doing : "nothing");
	abort();
}

/* The lives of a slot, one after the other. */
static void *reincarnate(void *arg)
{
	struct slot *s = arg;
	pthread_t thread;
	int life;

	for (life = 0; life < LIVES; life++)
		if (pthread_create(&thread, NULL, live, s) || pthread_join(thread, NULL))
			abort();
	return NULL;
}

static bool check_end(unsigned long alone)
{
	if (canary.a != alone || canary.b != alone)
		__atomic_fetch_add(&complaints, 1, __ATOMIC_RELAXED);
	if (domain->ctl % RDV_CTL_ROUND || domain->held || domain->asleep ||
	    domain->waking || domain->lingering || domain->barred || domain->gathering ||
	    domain->spinners) {
		fprintf(stderr, "# something was left behind\n");
		complaints++;
	}
	if (complaints && !config->control)
		dump_domain(domain);
	if (rdv_domain_destroy(domain)) {
		fprintf(stderr, "# somebody was left behind\n");
		complaints++;
	}
	return !complaints;
}

static bool run(const struct config *c)
{
	rdv_domain_attr attr = RDV_DOMAIN_ATTR_INIT;
	unsigned long alone = 0;
	unsigned i;

	config = c;
#ifndef TSAN /* plain stores would look like races to it */
	attr.fence = c->fence;
#endif
	attr.spin_ns = c->spin_ns;
	attr.patience_ns = c->patience_ns;
	canary.a = canary.b = complaints = inside = 0;
	memset(slots, 0, sizeof(slots));
	if (rdv_domain_create(&domain, &attr) || rdv_sync_enable(domain) < 0)
		abort();
	alarm(TIMEOUT_S);
	for (i = 0; i < c->threads; i++) {
		slots[i].number = i;
		slots[i].random = options.seed * 0x9e3779b97f4a7c15u + i + 1;
		if (pthread_create(&slots[i].thread, NULL, reincarnate, &slots[i]))
			abort();
	}
	for (i = 0; i < c->threads; i++) {
		pthread_join(slots[i].thread, NULL);
		alone += slots[i].alone;
	}
	alarm(0);
	return check_end(alone);
}

/* In a child, which may come to any end. */
static bool run_quietly(const struct config *c)
{
	pid_t pid = fork();
	int status;

	if (!pid) {
		close(STDERR_FILENO);
		_exit(!run(c));
	}
	waitpid(pid, &status, 0);
	return status == 0;
}

static const struct config configs[] = {
	{"two threads", 2, 0, 0, 0, false},
	{"as by default", 8, 0, 0, 0, false},
	{"biased", 8, RDV_FENCE_BIASED, 0, 0, false},
	{"without spinning", 8, 0, RDV_SPIN_NEVER, 0, false},
	{"without patience", 8, 0, 0, RDV_PATIENCE_NONE, false},
	{"biased, without patience or spinning", 8, RDV_FENCE_BIASED, RDV_SPIN_NEVER,
	 RDV_PATIENCE_NONE, false},
	{"with endless patience", 8, 0, RDV_SPIN_NEVER, INT64_MAX, false},
	{"more threads than bits in a word", 40, 0, 0, 0, false},
};

static const struct config control = {"control", 8, 0, RDV_SPIN_NEVER, 0, true};

enum { CONFIGS = sizeof(configs) / sizeof(configs[0]) };

static int run_all(void)
{
	bool ok, failed = false;
	int i;

	printf("1..%d\n# seed %lu\n", CONFIGS + 1, options.seed);
	for (i = 0; i < CONFIGS; i++) {
		fflush(stdout);
		ok = run(&configs[i]);
		failed |= !ok;
		printf("%sok %d - %s\n", ok ? "" : "not ", i + 1, configs[i].name);
	}
	fflush(stdout);
	ok = !run_quietly(&control);
	failed |= !ok;
	printf("%sok %d - without isolation it is seen to fail\n", ok ? "" : "not ",
	       CONFIGS + 1);
	return failed;
}

static unsigned long random_seed(void)
{
	struct timespec t;

	clock_gettime(CLOCK_REALTIME, &t);
	return (unsigned long)t.tv_nsec ^ (unsigned long)t.tv_sec << 10;
}

/* Returns false if there is no such option; *all: nothing was said about the one run. */
static bool parse(int argc, char **argv, struct config *one, bool *all)
{
	static const struct option longs[] = {
		{"seed", required_argument, NULL, 's'},
		{"ops", required_argument, NULL, 'o'},
		{"threads", required_argument, NULL, 't'},
		{"fence", required_argument, NULL, 'f'},
		{"patience", required_argument, NULL, 'p'},
		{"spin", required_argument, NULL, 'n'},
		{"control", no_argument, NULL, 'c'},
		{NULL, 0, NULL, 0},
	};
	unsigned long long n;
	int c;

	while ((c = getopt_long(argc, argv, "", longs, NULL)) >= 0) {
		n = optarg ? strtoull(optarg, NULL, 0) : 0;
		*all &= c == 's' || c == 'o';
		if (c == 's')
			options.seed = (unsigned long)n;
		else if (c == 'o')
			options.ops = (unsigned)n;
		else if (c == 't' && n <= MAX_THREADS)
			one->threads = (unsigned)n;
		else if (c == 'f')
			one->fence = (uint32_t)n;
		else if (c == 'p')
			one->patience_ns = n;
		else if (c == 'n')
			one->spin_ns = (uint32_t)n;
		else if (c == 'c')
			one->control = true;
		else
			return false;
	}
	return true;
}

int main(int argc, char **argv)
{
	struct config one = configs[1];
	bool all = true, ok;

	options.seed = random_seed();
	signal(SIGALRM, watchdog);
	if (!parse(argc, argv, &one, &all))
		return 2;
	if (all)
		return run_all();
	one.name = "one";
	ok = run(&one);
	printf("seed %lu: %s\n", options.seed, ok ? "passed" : "failed");
	return !ok;
}
