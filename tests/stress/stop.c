/* SPDX-License-Identifier: MIT */
/*
 * Threads that stand still at any moment, for reasons of their own.
 *
 * SIGSTOP stops the whole process, whichever thread it is sent to, so another
 * process has to send it, and SIGCONT after.  For a thread alone there are ptrace
 * and the freezer of cgroup version 1; the former needs no privileges for a tracer
 * that the process has named.  PTRACE_SEIZE does not send a signal, PTRACE_INTERRUPT
 * stops the thread in or between system calls, which are restarted, and to detach
 * lets it go on.
 */
#include "crew.h"
#include "ops.h"
#include "scenarios.h"

#include <dirent.h>
#include <errno.h>
#include <signal.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/mman.h>
#include <sys/prctl.h>
#include <sys/ptrace.h>
#include <sys/syscall.h>
#include <sys/wait.h>
#include <time.h>
#include <unistd.h>

#ifndef PTRACE_SEIZE
#define PTRACE_SEIZE     0x4206
#define PTRACE_INTERRUPT 0x4207
#endif

enum { TIDS_MAX = 100, SEIZED_MAX = 4 };

/* Between the process and the one that stops it. */
struct shared {
	bool go, quit;
	int error; /* why a thread could not be seized */
};

static struct shared *shared;

static void sleep_us(struct rng *rng, unsigned us)
{
	nanosleep(&(struct timespec){0, (long)rng_below(rng, us) * 1000}, NULL);
}

/* The threads of the process but its first, which only waits for the others. */
static unsigned list_threads(pid_t pid, pid_t tids[static TIDS_MAX])
{
	char path[40];
	struct dirent *entry;
	unsigned n = 0;
	DIR *dir;

	snprintf(path, sizeof(path), "/proc/%d/task", (int)pid);
	dir = opendir(path);
	while (dir && n < TIDS_MAX && (entry = readdir(dir)))
		if (atoi(entry->d_name) > 0 && atoi(entry->d_name) != pid)
			tids[n++] = (pid_t)atoi(entry->d_name);
	if (dir)
		closedir(dir);
	return n;
}

/* ---------------------------------------------------------------------- all at once */

static void stop_process(pid_t pid, struct rng *rng)
{
	pid_t tids[TIDS_MAX];
	unsigned n = list_threads(pid, tids);

	if (!n)
		return;
	/* the thread it is sent to is the first to notice */
	syscall(SYS_tgkill, pid, tids[rng_below(rng, n)], SIGSTOP);
	sleep_us(rng, 3000);
	kill(pid, SIGCONT);
	count(&outcome->stops);
	sleep_us(rng, 3000);
}

/* ---------------------------------------------------------------------- one by one */

/* Returns whether it has stopped; it may have exited instead. */
static bool seize(pid_t tid)
{
	int status;

	if (ptrace(PTRACE_SEIZE, tid, NULL, NULL)) {
		if (errno != ESRCH)
			poke(&shared->error, errno);
		return false;
	}
	ptrace(PTRACE_INTERRUPT, tid, NULL, NULL);
	return waitpid(tid, &status, __WALL) == tid && WIFSTOPPED(status);
}

static void stop_threads(pid_t pid, struct rng *rng)
{
	pid_t tids[TIDS_MAX], seized[SEIZED_MAX];
	unsigned n = list_threads(pid, tids), stopped = 0;

	for (unsigned i = 1 + rng_below(rng, SEIZED_MAX); n && i; i--) {
		pid_t tid = tids[rng_below(rng, n)];

		if (seize(tid))
			seized[stopped++] = tid;
	}
	sleep_us(rng, 3000);
	if (stopped)
		count(&outcome->stops);
	while (stopped)
		ptrace(PTRACE_DETACH, seized[--stopped], NULL, NULL);
	sleep_us(rng, 300);
}

/* -------------------------------------------------------------------- both of them */

/* It must never stop anybody else: it dies with its parent, or is too late for that. */
static noreturn void stopper(pid_t parent, void (*stop)(pid_t, struct rng *))
{
	struct rng rng = {scenario_seed()};

	prctl(PR_SET_PDEATHSIG, SIGKILL);
	if (getppid() != parent)
		_exit(1);
	while (!__atomic_load_n(&shared->go, __ATOMIC_ACQUIRE))
		sleep_us(&rng, 1000);
	while (!__atomic_load_n(&shared->quit, __ATOMIC_ACQUIRE))
		stop(parent, &rng);
	_exit(0);
}

static void with_stopper(void (*stop)(pid_t, struct rng *))
{
	pid_t pid, self = getpid();
	int status;

	shared = mmap(NULL, sizeof(*shared), PROT_READ | PROT_WRITE,
		      MAP_SHARED | MAP_ANONYMOUS, -1, 0);
	must(shared != MAP_FAILED, "mmap: %s", strerror(errno));
	pid = fork();
	must(pid >= 0, "fork: %s", strerror(errno));
	if (!pid)
		stopper(self, stop);
#ifdef PR_SET_PTRACER
	prctl(PR_SET_PTRACER, pid);
#endif
	__atomic_store_n(&shared->go, true, __ATOMIC_RELEASE);
	crew_work(ops_mixed, 60, NULL);
	__atomic_store_n(&shared->quit, true, __ATOMIC_RELEASE);
	must(waitpid(pid, &status, 0) == pid && !status, "the stopper ended with %x",
	     (unsigned)status);
	if (shared->error && !outcome->stops)
		skip("ptrace: %s", strerror(shared->error));
	munmap(shared, sizeof(*shared));
}

void scenario_stop(void)
{
	with_stopper(stop_process);
}

void scenario_freeze(void)
{
	with_stopper(stop_threads);
}
