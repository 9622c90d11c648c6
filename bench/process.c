/* SPDX-License-Identifier: MIT */
#include "process.h"
#include "measure.h"

#include <errno.h>
#include <signal.h>
#include <sys/prctl.h>
#include <sys/wait.h>
#include <time.h>
#include <unistd.h>

pid_t process_start(const char *name, void (*play)(void))
{
	pid_t parent = getpid(), child = fork();
	sigset_t none;

	if (child < 0)
		return -errno;
	if (child)
		return child;
	prctl(PR_SET_NAME, name);
	prctl(PR_SET_PDEATHSIG, SIGKILL);
	/* the parent blocks them, for the thread that watches them */
	sigemptyset(&none);
	sigprocmask(SIG_SETMASK, &none, NULL);
	/* the parent may have died before */
	if (getppid() == parent)
		play();
	_exit(0);
}

void process_stop(pid_t process)
{
	kill(process, SIGKILL);
	waitpid(process, NULL, 0);
}

uint64_t process_used_ns(pid_t process)
{
	struct timespec ts;
	clockid_t clock;

	if (clock_getcpuclockid(process, &clock) || clock_gettime(clock, &ts))
		return 0;
	return (uint64_t)ts.tv_sec * NS_PER_S + (uint64_t)ts.tv_nsec;
}
