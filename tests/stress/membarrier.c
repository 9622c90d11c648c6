/* SPDX-License-Identifier: MIT */
/*
 * membarrier(2) in a sandbox: a filter of seccomp answers for the kernel.  Each of
 * these runs in a process that can be spoilt.
 */
#include "crew.h"
#include "domain.h"
#include "ops.h"
#include "scenarios.h"

#include <errno.h>
#include <linux/filter.h>
#include <linux/membarrier.h>
#include <linux/seccomp.h>
#include <signal.h>
#include <stddef.h>
#include <stdlib.h>
#include <string.h>
#include <sys/prctl.h>
#include <sys/resource.h>
#include <sys/syscall.h>
#include <sys/wait.h>
#include <unistd.h>

#ifndef SECCOMP_RET_KILL_PROCESS
#define SECCOMP_RET_KILL_PROCESS 0x80000000u
#endif

/* What any further membarrier(2) of this thread and its children comes to. */
static int answer_membarrier(uint32_t action)
{
	struct sock_filter code[] = {
		BPF_STMT(BPF_LD | BPF_W | BPF_ABS, offsetof(struct seccomp_data, nr)),
		BPF_JUMP(BPF_JMP | BPF_JEQ | BPF_K, SYS_membarrier, 0, 1),
		BPF_STMT(BPF_RET | BPF_K, action),
		BPF_STMT(BPF_RET | BPF_K, SECCOMP_RET_ALLOW),
	};
	const struct sock_fprog program = {sizeof(code) / sizeof(*code), code};

	if (prctl(PR_SET_NO_NEW_PRIVS, 1, 0, 0, 0) ||
	    prctl(PR_SET_SECCOMP, SECCOMP_MODE_FILTER, &program))
		return errno;
	return 0;
}

static void must_answer_membarrier(uint32_t action)
{
	int error = answer_membarrier(action);

	if (error)
		skip("seccomp: %s", strerror(error));
}

/* Whether the library makes the call at all, and the kernel has it. */
static void must_have_membarrier(void)
{
#ifdef RDV_DISABLE_MEMBARRIER
	skip("built without membarrier");
#endif
	if (getenv("RDV_NO_MEMBARRIER"))
		skip("RDV_NO_MEMBARRIER is set");
	if (syscall(SYS_membarrier, MEMBARRIER_CMD_REGISTER_PRIVATE_EXPEDITED, 0, 0))
		skip("membarrier: %s", strerror(errno));
}

/* A biased domain that must have become a full one, and works. */
static void work_without(void)
{
	struct plan plan;

	do {
		plan = crew_plan(ops_mixed);
		plan.attr.fence = RDV_FENCE_BIASED;
		crew_open(&plan);
		must(!crew.domain->biased, "biased fences without membarrier");
		crew_burst(20);
		crew_close();
	} while (time_left());
}

void scenario_enosys(void)
{
	must_answer_membarrier(SECCOMP_RET_ERRNO | ENOSYS);
	work_without();
}

void scenario_eperm(void)
{
	must_answer_membarrier(SECCOMP_RET_ERRNO | EPERM);
	work_without();
}

/* ------------------------------------------------------------------ to the death */

/* Runs it in a child whose standard error we read; returns its wait status. */
static int last_words(void (*run)(void), char *words, size_t size)
{
	int pipe_[2], status;
	size_t n = 0;
	ssize_t got;
	pid_t pid;

	must(!pipe(pipe_), "pipe: %s", strerror(errno));
	pid = fork();
	must(pid >= 0, "fork: %s", strerror(errno));
	if (!pid) {
		prctl(PR_SET_PDEATHSIG, SIGKILL);
		setrlimit(RLIMIT_CORE, &(struct rlimit){0, 0});
		dup2(pipe_[1], 2);
		close(pipe_[0]);
		close(pipe_[1]);
		run();
		_exit(0);
	}
	close(pipe_[1]);
	while (n < size - 1 && (got = read(pipe_[0], words + n, size - 1 - n)) > 0)
		n += (size_t)got;
	words[n] = '\0';
	close(pipe_[0]);
	must(waitpid(pid, &status, 0) == pid, "waitpid: %s", strerror(errno));
	return status;
}

static void create_biased(void)
{
	rdv_domain_attr attr = RDV_DOMAIN_ATTR_INIT;
	rdv_domain *domain;

	attr.fence = RDV_FENCE_BIASED;
	must(!rdv_domain_create(&domain, &attr), "cannot create a domain");
}

/*
 * Where the mere call kills, RDV_NO_MEMBARRIER must keep the library from it.
 * Without it the process is killed: not nice, but so it is documented.
 */
void scenario_sigsys(void)
{
	char words[1000];
	int status;

	must_have_membarrier();
	must_answer_membarrier(SECCOMP_RET_KILL_PROCESS);
	status = last_words(create_biased, words, sizeof(words));
	must(WIFSIGNALED(status) && WTERMSIG(status) == SIGSYS,
	     "create where membarrier kills: status %x: %s", (unsigned)status, words);
	setenv("RDV_NO_MEMBARRIER", "1", 1);
	work_without();
}

static void *be_harmless(void *unused)
{
	struct worker *w = unused;
	rdv_thread *self;

	must(!rdv_thread_register(crew.domain, "harmless", &self), "cannot register");
	rdv_harmless_now(self);
	__atomic_store_n(&w->gone, true, __ATOMIC_RELEASE);
	for (;;)
		pause();
	return NULL;
}

/* The threads of the domain have gone without their fences when it is found out. */
static void revoke_membarrier(void)
{
	rdv_domain_attr attr = RDV_DOMAIN_ATTR_INIT;
	struct worker *w = &crew.worker[0];
	rdv_thread *self;

	attr.fence = RDV_FENCE_BIASED;
	must(!rdv_domain_create(&crew.domain, &attr), "cannot create a domain");
	if (answer_membarrier(SECCOMP_RET_ERRNO | EPERM))
		return;
	worker_spawn(be_harmless, w);
	while (!__atomic_load_n(&w->gone, __ATOMIC_ACQUIRE))
		usleep(100);
	must(!rdv_thread_register(crew.domain, "isolator", &self), "cannot register");
	rdv_isolate(self);
}

void scenario_revoked(void)
{
	char words[1000];
	int status;

	must_have_membarrier();
	status = last_words(revoke_membarrier, words, sizeof(words));
	if (!status)
		skip("seccomp: not permitted");
	must(WIFSIGNALED(status) && WTERMSIG(status) == SIGABRT &&
		     strstr(words, "membarrier was granted and is now denied"),
	     "isolate where membarrier is denied too late: status %x: %s",
	     (unsigned)status, words);
}
