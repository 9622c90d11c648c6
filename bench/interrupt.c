/* SPDX-License-Identifier: MIT */
#include "interrupt.h"

#include <pthread.h>
#include <signal.h>
#include <stddef.h>

static sigset_t watched;
static pthread_t watcher;
static void (*on_signal)(int signal);

static void *watch(void *unused)
{
	int signal;

	(void)unused;
	while (sigwait(&watched, &signal))
		;
	pthread_setcancelstate(PTHREAD_CANCEL_DISABLE, NULL);
	pthread_sigmask(SIG_UNBLOCK, &watched, NULL);
	on_signal(signal);
	return NULL;
}

int interrupt_watch(void (*act)(int signal))
{
	struct sigaction hangup;

	on_signal = act;
	sigemptyset(&watched);
	sigaddset(&watched, SIGINT);
	sigaddset(&watched, SIGTERM);
	/* nohup(1) */
	if (!sigaction(SIGHUP, NULL, &hangup) && hangup.sa_handler != SIG_IGN)
		sigaddset(&watched, SIGHUP);
	pthread_sigmask(SIG_BLOCK, &watched, NULL);
	return -pthread_create(&watcher, NULL, watch, NULL);
}

void interrupt_forget(void)
{
	pthread_cancel(watcher);
	pthread_join(watcher, NULL);
	pthread_sigmask(SIG_UNBLOCK, &watched, NULL);
}
