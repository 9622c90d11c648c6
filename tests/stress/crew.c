/* SPDX-License-Identifier: MIT */
#include "crew.h"
#include "calls.h"
#include "canary.h"
#include "domain.h"
#include "graces.h"
#include "keeps.h"
#include "ops.h"
#include "perturb.h"
#include "state.h"
#include "watch.h"

#include <errno.h>
#include <limits.h>
#include <poll.h>
#include <string.h>
#include <sys/epoll.h>
#include <sys/eventfd.h>
#include <sys/syscall.h>
#include <unistd.h>

enum {
	STACK_SIZE = STRESS_TSAN || STRESS_ASAN ? 1 << 20 : 1 << 17,
	BURSTS_MAX = 24, /* of one domain, in crew_work() */
};

struct crew crew;
__thread struct worker *me;

/* Of the conductor, who opens and closes. */
static struct rng rng;

/* -------------------------------------------------------------------- the poller */

static void poller_add(const struct worker *w, int fd)
{
	struct epoll_event event = {.events = EPOLLIN};

	must(fd < 0 || !epoll_ctl(w->epfd, EPOLL_CTL_ADD, fd, &event), "epoll_ctl: %s",
	     strerror(errno));
}

/* One in three, and those who cannot have one, do without an epoll instance. */
void worker_poller(struct worker *w)
{
	if (w->epfd >= 0)
		close(w->epfd);
	w->epfd = rng_below(&w->rng, 3) ? epoll_create1(EPOLL_CLOEXEC) : -1;
	if (w->epfd < 0)
		return;
	poller_add(w, rdv_sync_fd(crew.domain));
	poller_add(w, crew.finished_fd);
}

static void poller_wait(const struct worker *w, int timeout_ms)
{
	struct pollfd fds[2] = {
		{.fd = rdv_sync_fd(crew.domain), .events = POLLIN},
		{.fd = crew.finished_fd, .events = POLLIN},
	};
	struct epoll_event event;

	if (w->epfd >= 0)
		epoll_wait(w->epfd, &event, 1, timeout_ms);
	else
		poll(fds, 2, timeout_ms);
}

void worker_poll(struct worker *w, int timeout_ms)
{
	call_now(w);
	poke(&w->doing, "its poller");
	poller_wait(w, timeout_ms);
	call_end(w);
	if (rdv_sync_pending(crew.domain))
		op_meet(w);
}

void worker_wait(struct worker *w, bool (*done)(void *arg), void *arg)
{
	while (!done(arg))
		worker_poll(w, 1);
}

/* -------------------------------------------------------------------- the worker */

void worker_begin(struct worker *w, unsigned index)
{
	me = w;
	w->index = index;
	w->mode = MODE_OUT;
	w->busy = 0;
	w->finished = false;
	w->rng.state = rng_mix(scenario_seed() + index) + peek(&outcome->domains);
	w->epfd = -1;
	poke(&w->doing, "its first steps");
	poke(&w->tid, (pid_t)syscall(SYS_gettid));
	perturb_thread(rng_next(&w->rng));
	worker_poller(w);
}

/* It may be a member still. */
void worker_end(struct worker *w)
{
	canary_running(w, 0);
	w->mode = MODE_OUT;
	if (w->epfd >= 0)
		close(w->epfd);
	w->epfd = -1;
	w->self = NULL;
	poke(&w->doing, "its last steps");
	poke(&w->tid, 0);
	poke(&w->progress, peek(&w->progress) + 1);
}

pthread_t worker_spawn(void *(*life)(void *), struct worker *w)
{
	pthread_attr_t attr;
	pthread_t thread;
	int ret;

	pthread_attr_init(&attr);
	pthread_attr_setstacksize(&attr, STACK_SIZE);
	ret = pthread_create(&thread, &attr, life, w);
	pthread_attr_destroy(&attr);
	if (ret == EAGAIN)
		skip("cannot create so many threads");
	must(!ret, "pthread_create: %s", strerror(ret));
	return thread;
}

static bool never(void *unused)
{
	(void)unused;
	return false;
}

/*
 * The end of the burst.  Those who have done theirs stay until all have, for the
 * sake of the sync-points that the others want.  When all have, nobody wants one.
 */
static void finish(struct worker *w)
{
	const uint64_t one = 1;

	while (rdv_sync_wanted(w->self))
		op_meet(w);
	w->finished = true;
	if (__atomic_add_fetch(&crew.finished, 1, __ATOMIC_SEQ_CST) == crew.plan.threads)
		must(write(crew.finished_fd, &one, sizeof(one)) > 0, "eventfd: %s",
		     strerror(errno));
	for (;;) {
		if (rdv_sync_pending(crew.domain))
			op_meet(w);
		else if (__atomic_load_n(&crew.finished, __ATOMIC_SEQ_CST) ==
			 crew.plan.threads)
			return;
		else
			worker_poll(w, -1);
	}
}

/* Rests in one state or another while the conductor looks at the words. */
static void lie_down(struct worker *w)
{
	unsigned state = rng_below(&w->rng, 4);
	sigset_t all, before;

	poke(&w->progress, peek(&w->progress) + 1);
	if (state == 0) {
		call_unregister(w);
	} else {
		count(&crew.members);
		call_checkpoint(w); /* it may owe an answer */
		if (state == 1)
			count(&crew.runners);
		else
			call_now(w);
	}
	poke(&w->doing, "its rest");
	sigfillset(&all);
	pthread_sigmask(SIG_SETMASK, &all, &before);
	pthread_barrier_wait(&crew.rested);
	pthread_barrier_wait(&crew.go);
	pthread_sigmask(SIG_SETMASK, &before, NULL);
	if (state == 0)
		call_register(w);
	else if (state != 1)
		call_end(w);
}

static void *work(void *arg)
{
	struct worker *w = arg;
	unsigned n;

	if (crew.plan.at_start)
		crew.plan.at_start(w);
	worker_begin(w, w->index);
	call_register(w);
	for (;;) {
		lie_down(w);
		if (crew.stop)
			break;
		w->finished = false;
		for (n = 0; n < crew.quota; n++)
			op_random(w);
		if (sabotage == SABOTAGE_PROGRESS)
			worker_wait(w, never, NULL);
		finish(w);
	}
	if (rng_below(&w->rng, 2))
		call_unregister(w);
	worker_end(w);
	return NULL;
}

/* ----------------------------------------------------------------- the conductor */

struct plan crew_plan(const struct op *ops)
{
	static const uint64_t patience_ns[] = {0, RDV_PATIENCE_NONE, INT64_MAX};
	static unsigned combination;
	struct plan plan = {
		.attr = RDV_DOMAIN_ATTR_INIT,
		.ops = ops,
	};
	unsigned n;

	if (!rng.state) {
		rng.state = scenario_seed();
		combination = rng_below(&rng, 12);
	}
	n = combination++;
	plan.attr.name = scenario->name;
	plan.attr.fence = n & 1 ? RDV_FENCE_BIASED : RDV_FENCE_FULL;
	plan.attr.spin_ns = n >> 1 & 1 ? RDV_SPIN_NEVER : 0;
	plan.attr.patience_ns = patience_ns[(n >> 2) % 3];
	plan.threads = 2 + rng_below(&rng, options.threads - 1);
	plan.attr.max_threads = 2 * plan.threads + 1 + rng_below(&rng, 2) * 100;
	plan.sync = rng_chance(&rng, 700);
	return plan;
}

/* All workers are at rest; those who are not running are not in the way. */
static void look_at_rest(void)
{
	rdv_thread *self;
	int ret;

	pthread_barrier_wait(&crew.rested);
	watch_progress();
	must(!crew.isolated && !crew.serving, "at rest: %u isolated, %u serving",
	     crew.isolated, crew.serving);
	state_check_rest(crew.domain, crew.members, crew.runners);

	must(!rdv_thread_register(crew.domain, "conductor", &self), "no room at rest");
	ret = rdv_isolate_try(self);
	must(ret == (crew.runners ? -EBUSY : 0),
	     "at rest, with %u running: rdv_isolate_try: %d", crew.runners, ret);
	rdv_thread_unregister(self);
	state_check_rest(crew.domain, crew.members, crew.runners);
}

void crew_open(const struct plan *plan)
{
	unsigned i;
	int ret;

	crew.plan = *plan;
	crew.stop = false;
	crew.finished = crew.members = crew.runners = 0;
	ret = rdv_domain_create(&crew.domain, &plan->attr);
	must(!ret, "rdv_domain_create: %d", ret);
	if (plan->sync)
		must(rdv_sync_enable(crew.domain) >= 0, "rdv_sync_enable");
	crew.finished_fd = eventfd(0, EFD_CLOEXEC | EFD_NONBLOCK);
	must(crew.finished_fd >= 0, "eventfd: %s", strerror(errno));
	pthread_mutex_init(&crew.mutex, NULL);
	pthread_barrier_init(&crew.rested, NULL, plan->threads + 1);
	pthread_barrier_init(&crew.go, NULL, plan->threads + 1);
	canary_reset();
	graces_open();
	keeps_open();
	count(&outcome->domains);
	poke(&crew.slots, 2 * plan->threads);
	for (i = 0; i < plan->threads; i++) {
		crew.worker[i].index = i;
		crew.worker[i].thread = worker_spawn(work, &crew.worker[i]);
	}
	look_at_rest();
}

static void go(void)
{
	crew.finished = crew.members = crew.runners = 0;
	pthread_barrier_wait(&crew.go);
}

void crew_burst(unsigned quota)
{
	uint64_t drained;

	crew.quota = quota;
	if (read(crew.finished_fd, &drained, sizeof(drained)) < 0)
		must(errno == EAGAIN, "eventfd: %s", strerror(errno));
	count(&outcome->bursts);
	perturb_epoch(rng_next(&rng));
	go();
	look_at_rest();
}

void crew_close(void)
{
	unsigned i;
	int ret;

	crew.stop = true;
	go();
	for (i = 0; i < crew.plan.threads; i++)
		pthread_join(crew.worker[i].thread, NULL);
	watch_progress();
	state_check_rest(crew.domain, 0, 0);
	ret = rdv_domain_destroy(crew.domain);
	must(!ret, "rdv_domain_destroy: %d", ret);
	graces_closed();
	poke(&crew.slots, 0);
	crew.domain = NULL;
	close(crew.finished_fd);
	pthread_mutex_destroy(&crew.mutex);
	pthread_barrier_destroy(&crew.rested);
	pthread_barrier_destroy(&crew.go);
}

void crew_work(const struct op *ops, unsigned quota_max,
	       void (*at_start)(struct worker *))
{
	struct plan plan;
	unsigned bursts;

	do {
		plan = crew_plan(ops);
		plan.at_start = at_start;
		crew_open(&plan);
		bursts = 1 + rng_below(&rng, BURSTS_MAX);
		do {
			/* mostly short: it is the silence after it that tells */
			crew_burst(1 + rng_below(&rng, 1 + rng_below(&rng, quota_max)));
		} while (--bursts && time_left());
		crew_close();
	} while (time_left());
}

/* The words are what they were when the others vanished. */
void crew_fork(struct worker *survivor)
{
	unsigned i;

	for (i = 0; i < crew.slots; i++) {
		if (&crew.worker[i] == survivor)
			continue;
		poke(&crew.worker[i].running, 0);
		crew.worker[i].tid = 0;
	}
	pthread_mutex_init(&crew.mutex, NULL); /* whoever had it */
	crew.locked = 0;
	graces_fork();
	keeps_fork(survivor);
	survivor->tid = (pid_t)syscall(SYS_gettid);
	crew.isolated = survivor->self && rdv_isolated(survivor->self);
	crew.serving = survivor->self && rdv_sync_my_turn(survivor->self);
}
