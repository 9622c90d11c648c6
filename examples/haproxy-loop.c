/* SPDX-License-Identifier: MIT */
/*
 * haproxy-loop - a poll loop as HAProxy 1.8 and 1.9 had it, over <rdv/hathreads.h>.
 *
 * The functions that deal with threads are called from where they were called there,
 * and have the names that they had.  A status change of a server is queued by whichever
 * thread finds it and committed at the sync-point (1.8); a command looks at what all
 * threads have done, isolated (1.9); sessions are balanced over the servers without a
 * lock.  What is left out is the proxy: a session is a byte in a pipe.
 */
#define _GNU_SOURCE
#include <pthread.h>
#include <rdv/hathreads.h>
#include <sched.h>
#include <stdint.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/epoll.h>
#include <sys/socket.h>
#include <unistd.h>

enum {
	NBTHREAD = 4,
	NBSERVER = 5,
	MAXFD = 64,
	MAXPOLLEVENTS = 16,
	CHECK_EVERY = 20, /* sessions of a thread, then it finds a server up or down */
	BATCHES = 200,    /* by the client, and a command after each */
	BATCH = 50,       /* sessions for each thread */
};

static struct {
	void (*iocb)(int fd);
} fdtab[MAXFD];
static int epoll_fd[NBTHREAD];

static struct server {
	bool up;
	bool next_up, updated;       /* under updated_lock */
	unsigned sessions[NBTHREAD]; /* each by its thread */
} servers[NBSERVER];

/* Changed at the sync-point only, like servers[].up. */
static struct server *usable[NBSERVER];
static unsigned nb_usable, committed;
static int jobs = 1;

static pthread_mutex_t updated_lock = PTHREAD_MUTEX_INITIALIZER;
static bool quit; /* by thread 0, for the sync-point */

static struct {
	unsigned sessions, refused;
	unsigned checks; /* to be done */
} activity[NBTHREAD];    /* each by its thread */

static void fail(const char *what)
{
	fprintf(stderr, "haproxy-loop: %s\n", what);
	exit(1);
}

/* --------------------------------------------------------------------- servers */

/* Some server has changed its mind: the next sync-point will know. */
static void srv_register_update(struct server *srv)
{
	pthread_mutex_lock(&updated_lock);
	srv->next_up = !srv->next_up;
	srv->updated = true;
	pthread_mutex_unlock(&updated_lock);
	thread_want_sync();
}

/* At the sync-point: nobody else runs. */
static void servers_update_status(void)
{
	for (unsigned i = 0; i < NBSERVER; i++) {
		struct server *srv = &servers[i];

		committed += srv->updated;
		if (srv->updated)
			srv->up = srv->next_up;
		srv->updated = false;
	}
	sched_yield(); /* a thread that runs now finds one that is usable and not up */
	nb_usable = 0;
	for (unsigned i = 0; i < NBSERVER; i++)
		if (servers[i].up)
			usable[nb_usable++] = &servers[i];
	if (quit)
		jobs = 0;
}

static void assign_server(void)
{
	unsigned n = ++activity[tid].sessions;
	struct server *srv;

	if (n % CHECK_EVERY == 0)
		activity[tid].checks++;
	if (!nb_usable) {
		activity[tid].refused++;
		return;
	}
	srv = usable[n % nb_usable];
	if (!srv->up)
		fail("a session was given to a server that is down");
	srv->sessions[tid]++;
}

/* ----------------------------------------------------------------- descriptors */

static void thread_sync_io_handler(int fd)
{
	(void)fd; /* it is there to wake the poller */
}

static void session_accept(int fd)
{
	char bytes[BATCH];
	ssize_t n = read(fd, bytes, sizeof(bytes));

	while (n-- > 0)
		assign_server();
}

/* Everybody is out of the way: what all threads have counted is consistent. */
static void cli_io_handler(int fd)
{
	unsigned up = 0, total = 0, served = 0;
	char buf[64];
	ssize_t n = read(fd, buf, sizeof(buf));

	if (n > 0 && buf[0] == 'q') {
		quit = true;
		thread_want_sync();
		return;
	}
	thread_isolate();
	for (unsigned t = 0; t < NBTHREAD; t++)
		total += activity[t].sessions;
	sched_yield(); /* a thread that runs now has more sessions below */
	for (unsigned t = 0; t < NBTHREAD; t++) {
		served += activity[t].refused;
		for (unsigned i = 0; i < NBSERVER; i++)
			served += servers[i].sessions[t];
	}
	for (unsigned i = 0; i < NBSERVER; i++)
		up += servers[i].up;
	thread_release();
	if (served != total || up != nb_usable)
		fail("the command found a thread in the middle of something");
	n = snprintf(buf, sizeof(buf), "%u", total);
	if (write(fd, buf, (size_t)n + 1) != n + 1)
		fail("no answer to a command");
}

static void fd_insert(int fd, unsigned long thread_mask, void (*iocb)(int fd))
{
	struct epoll_event ev = {.events = EPOLLIN, .data.fd = fd};

	fdtab[fd].iocb = iocb;
	for (unsigned t = 0; t < NBTHREAD; t++)
		if (thread_mask & 1UL << t)
			epoll_ctl(epoll_fd[t], EPOLL_CTL_ADD, fd, &ev);
}

/* -------------------------------------------------------------------- the loop */

static void process_runnable_tasks(void)
{
	for (; activity[tid].checks; activity[tid].checks--)
		srv_register_update(&servers[activity[tid].sessions / 7 % NBSERVER]);
}

static void do_poll(void)
{
	struct epoll_event epoll_events[MAXPOLLEVENTS];
	int status, count;

	thread_harmless_now();
	status = epoll_wait(epoll_fd[tid], epoll_events, MAXPOLLEVENTS,
			    activity[tid].checks ? 0 : -1);
	thread_harmless_end();
	for (count = 0; count < status; count++)
		fdtab[epoll_events[count].data.fd].iocb(epoll_events[count].data.fd);
}

static void sync_poll_loop(void)
{
	if (thread_no_sync())
		return;

	thread_enter_sync();

	if (!thread_need_sync())
		goto exit;

	/* Put here all sync functions */
	servers_update_status(); /* Commit server status changes */

exit:
	thread_exit_sync();
}

static void *run_poll_loop(void *arg)
{
	tid = (unsigned)(uintptr_t)arg;
	tid_bit = 1UL << tid;

	while (1) {
		/* Process a few tasks */
		process_runnable_tasks();

		/* stop when there's nothing left to do */
		if (jobs == 0)
			break;

		/* Call the poller */
		do_poll();

		/* Synchronize all polling loops */
		sync_poll_loop();
	}
	return NULL;
}

/* ------------------------------------------------------------------ the outside */

static int session_pipe[NBTHREAD][2], cli[2];

static unsigned long show_sessions(void)
{
	char reply[64];

	if (write(cli[1], "show", 4) != 4 || read(cli[1], reply, sizeof(reply)) <= 0)
		fail("no command can be given");
	return strtoul(reply, NULL, 10);
}

/* No thread of the proxy: it never calls any of the functions. */
static void *client(void *arg)
{
	const char bytes[BATCH] = "";
	unsigned long before = 0, now = 0;

	for (unsigned batch = 0; batch < BATCHES; batch++) {
		for (unsigned t = 0; t < NBTHREAD; t++)
			if (write(session_pipe[t][1], bytes, BATCH) != BATCH)
				fail("no session can be made");
		before = now;
		now = show_sessions();
		if (now < before)
			fail("sessions have got lost");
	}
	while (show_sessions() < BATCHES * BATCH * NBTHREAD)
		sched_yield();
	usleep(10000);
	show_sessions(); /* they all sleep by now, and are not woken for this */
	if (write(cli[1], "quit", 4) != 4)
		fail("no command can be given");
	return arg;
}

static void set_up(void)
{
	int sync_fd;

	if (thread_sync_init((1UL << NBTHREAD) - 1))
		fail("no sync-point to be had");
	sync_fd = thread_sync_enable();
	for (unsigned t = 0; t < NBTHREAD; t++) {
		epoll_fd[t] = epoll_create1(EPOLL_CLOEXEC);
		if (epoll_fd[t] < 0 || pipe(session_pipe[t]))
			fail("no descriptors to be had");
		fd_insert(session_pipe[t][0], 1UL << t, session_accept);
	}
	if (sync_fd < 0 || socketpair(AF_UNIX, SOCK_SEQPACKET, 0, cli))
		fail("no descriptors to be had");
	fd_insert(sync_fd, all_threads_mask, thread_sync_io_handler);
	fd_insert(cli[0], 1UL, cli_io_handler);
	for (unsigned i = 0; i < NBSERVER; i++) {
		servers[i].up = servers[i].next_up = true;
		usable[nb_usable++] = &servers[i];
	}
}

int main(void)
{
	pthread_t threads[NBTHREAD], outside;

	set_up();
	for (uintptr_t t = 1; t < NBTHREAD; t++)
		if (pthread_create(&threads[t], NULL, run_poll_loop, (void *)t))
			fail("no thread to be had");
	if (pthread_create(&outside, NULL, client, NULL))
		fail("no thread to be had");
	run_poll_loop((void *)0);
	for (unsigned t = 1; t < NBTHREAD; t++)
		pthread_join(threads[t], NULL);
	pthread_join(outside, NULL);
	printf("%d sessions, %u changes of status\n", BATCHES * BATCH * NBTHREAD,
	       committed);
	return committed == 0;
}
