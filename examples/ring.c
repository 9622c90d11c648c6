/* SPDX-License-Identifier: MIT */
#define _GNU_SOURCE
#include "ring.h"
#include <fcntl.h>
#include <pthread.h>
#include <sched.h>
#include <stdio.h>
#include <stdlib.h>
#include <unistd.h>

enum {
	SEATS = 4,
	TOKENS = 3,
	HOPS = 4000,
	CHANGE = 10, /* one visit of so many changes the configuration */
	MEET = 100,  /* ... and calls everybody to a meeting */
};

rdv_domain *ring_domain;

/* Read by running threads, written by isolated ones or at a sync-point. */
static struct {
	unsigned first, second; /* always equal */
} config;
static unsigned tokens_left = TOKENS;

/* Written at a sync-point only. */
static unsigned meetings;
static bool over;

static void (*seat_thread)(struct seat *seat);
static struct seat seats[SEATS];

static void fail(const char *what)
{
	fprintf(stderr, "%s\n", what);
	exit(1);
}

static void pass(const struct seat *seat, unsigned hops)
{
	if (write(seat->out, &hops, sizeof(hops)) != sizeof(hops))
		fail("no token can be passed on");
}

static void change(struct seat *seat)
{
	rdv_isolate(seat->self); /* nobody reads config from here ... */
	config.first++;
	sched_yield();
	config.second++;
	rdv_release(seat->self); /* ... to here */
}

/* True: it was the last one. */
static bool retire_token(struct seat *seat)
{
	bool last;

	rdv_isolate(seat->self);
	last = --tokens_left == 0;
	rdv_release(seat->self);
	return last;
}

void seat_take(struct seat *seat, unsigned hops)
{
	if (config.first != config.second)
		fail("a thread has seen the configuration half changed");
	seat->visits++;
	if (seat->visits % CHANGE == 0)
		change(seat);
	if (seat->visits % MEET == 0)
		rdv_sync_want(seat->self);
	if (--hops)
		pass(seat, hops);
	else if (retire_token(seat))
		rdv_sync_want(seat->self);
}

void seat_read(struct seat *seat)
{
	unsigned hops;

	if (read(seat->in, &hops, sizeof(hops)) != sizeof(hops))
		fail("no token where there should be one");
	seat_take(seat, hops);
}

bool seat_meet(struct seat *seat)
{
	rdv_sync_enter(seat->self);
	if (rdv_sync_my_turn(seat->self)) {
		meetings++;
		over = over || !tokens_left;
	}
	rdv_sync_exit(seat->self);
	return over; /* everybody leaves a sync-point with the same answer */
}

static void *thread(void *arg)
{
	struct seat *seat = arg;

	seat_thread(seat);
	if (rdv_thread_self(ring_domain))
		fail("a thread has left its loop and is in the domain");
	return NULL;
}

static void make_pipe(unsigned i)
{
	int fd[2];

	if (pipe2(fd, O_CLOEXEC))
		fail("no pipe to be had");
	seats[(i + 1) % SEATS].in = fd[0];
	seats[i].out = fd[1];
}

/* Whether all has happened that had to. */
static bool report(void)
{
	unsigned visits = 0;

	for (unsigned i = 0; i < SEATS; i++) {
		visits += seats[i].visits;
		close(seats[i].in);
		close(seats[i].out);
	}
	printf("%u visits, %u changes, %u meetings\n", visits, config.first, meetings);
	return over && meetings > 0 && visits == TOKENS * HOPS &&
	       config.first == visits / CHANGE && config.second == config.first;
}

int ring_run(void (*run)(struct seat *seat))
{
	pthread_t threads[SEATS];

	seat_thread = run;
	if (rdv_domain_create(&ring_domain, NULL) || rdv_sync_enable(ring_domain) < 0)
		fail("no domain to be had");
	for (unsigned i = 0; i < SEATS; i++)
		make_pipe(i);
	for (unsigned i = 0; i < TOKENS; i++)
		pass(&seats[i % SEATS], HOPS);
	for (unsigned i = 0; i < SEATS; i++)
		if (pthread_create(&threads[i], NULL, thread, &seats[i]))
			fail("no thread to be had");
	for (unsigned i = 0; i < SEATS; i++)
		pthread_join(threads[i], NULL);
	rdv_domain_destroy(ring_domain);
	return !report();
}
