/* SPDX-License-Identifier: MIT */
/*
 * A storm of signals, without SA_RESTART: raised by threads at the points between
 * two accesses of the library, sent by a thread to random others, and by a timer to
 * whom the kernel likes.  The handler does the harmless pair, in the documented way:
 * it leaves the thread as it found it.
 */
#include "calls.h"
#include "canary.h"
#include "crew.h"
#include "ops.h"
#include "perturb.h"
#include "scenarios.h"

#include <errno.h>
#include <string.h>
#include <sys/syscall.h>
#include <sys/time.h>
#include <time.h>
#include <unistd.h>

/* ------------------------------------------------------------------- the handler */

/*
 * To a thread that has made itself harmless the program must not do that: the pair
 * would end it.  Nor to one that is in the middle of what it reads.  Else it is
 * legal wherever the signal finds the thread, in a call of the library too.
 */
static void pair(struct worker *w, rdv_thread *self)
{
	unsigned running = w->running;

	canary_running(w, 0);
	rdv_harmless_now(self);
	perturb_here();
	rdv_harmless_end(self);
	canary_running(w, running);
}

static void checkpoint(struct worker *w, rdv_thread *self)
{
	unsigned running = w->running;

	canary_running(w, 0);
	rdv_checkpoint(self);
	canary_running(w, running);
}

static void handler(int signal)
{
	int saved_errno = errno;
	struct worker *w = me;
	uint64_t n = __atomic_fetch_add(&outcome->signals, 1, __ATOMIC_RELAXED);
	rdv_thread *self;

	(void)signal;
	perturb_handler(true);
	self = w ? rdv_thread_self(crew.domain) : NULL;
	if (self) {
		bool may = (w->mode == MODE_RUNNING || w->mode == MODE_ENDING) &&
			   (!w->busy || rdv_isolated(self));

		rdv_sync_pending(crew.domain);
		if (may && n % 4)
			pair(w, self);
		else if (may)
			checkpoint(w, self);
	}
	perturb_handler(false);
	errno = saved_errno;
}

/* ---------------------------------------------------------------------- the storm */

static struct {
	pthread_t thread;
	bool stop;
} storm;

static void *blow(void *unused)
{
	struct rng rng = {scenario_seed()};
	struct timespec pause = {0, 0};
	pid_t tid;

	(void)unused;
	while (!peek(&storm.stop)) {
		tid = peek(&crew.worker[rng_below(&rng, options.threads)].tid);
		if (tid)
			syscall(SYS_tgkill, getpid(), tid, SIGUSR1);
		pause.tv_nsec = rng_below(&rng, 300000);
		nanosleep(&pause, NULL);
	}
	return NULL;
}

/* The signals are for the workers; this thread and the storm's leave them alone. */
static void block(int how, sigset_t *signals)
{
	sigemptyset(signals);
	sigaddset(signals, SIGUSR1);
	sigaddset(signals, SIGALRM);
	pthread_sigmask(how, signals, NULL);
}

static void unblock(struct worker *w)
{
	sigset_t signals;

	(void)w;
	block(SIG_UNBLOCK, &signals);
}

static void set_timer(long us)
{
	const struct itimerval timer = {{0, us}, {0, us}};

	setitimer(ITIMER_REAL, &timer, NULL);
}

void scenario_signals(void)
{
	struct sigaction action = {.sa_handler = handler};
	struct perturbation perturbation = PERTURBATION_NORMAL;

	block(SIG_BLOCK, &action.sa_mask);
	sigaction(SIGUSR1, &action, NULL);
	sigaction(SIGALRM, &action, NULL);
	perturbation.signals = 500;
	perturb_set(perturbation);
	crew.signals = true;
	must(!pthread_create(&storm.thread, NULL, blow, NULL), "no thread");
	set_timer(500);
	crew_work(ops_mixed, 60, unblock);
	set_timer(0);
	poke(&storm.stop, true);
	pthread_join(storm.thread, NULL);
}
