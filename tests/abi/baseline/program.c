/* SPDX-License-Identifier: MIT */
/*
 * A program of the time of the headers beside it, which older.sh compiles with them and
 * runs with the library of today.  It stays as it is.
 */
#include <rdv/hathreads.h>
#include <rdv/poll.h>
#include <rdv/rdv.h>
#include <rdv/sync.h>

#include <errno.h>
#include <stdio.h>
#include <stdlib.h>
#include <unistd.h>

enum { THREADS = 4, ISOLATIONS = 1000 };

#define CHECK(condition)                                                             \
	do {                                                                         \
		if (!(condition)) {                                                  \
			fprintf(stderr, "%s:%d: not true: %s\n", __FILE__, __LINE__, \
				#condition);                                         \
			abort();                                                     \
		}                                                                    \
	} while (0)

static rdv_domain *domain;
static long a, b; /* equal, but for a moment of an isolated thread */
static bool stopping;

static void *worker(void *arg)
{
	rdv_thread *self;

	CHECK(rdv_thread_register(domain, "worker", &self) == 0);
	CHECK(rdv_thread_id(self) < 8);
	while (!stopping) {
		CHECK(a == b);
		rdv_harmless_now(self);
		rdv_harmless_end(self);
		rdv_checkpoint(self);
		CHECK(rdv_poll(self, NULL, 0, 0) == 0);
		RDV_HARMLESS(self)
			usleep(1);
		if (!rdv_isolate_try(self)) {
			a++;
			b++;
			rdv_release(self);
		}
	}
	return arg; /* exits without a word */
}

static void exclude(rdv_thread *self)
{
	static const struct timespec past;
	pthread_t thread[THREADS];
	int i;

	for (i = 0; i < THREADS; i++)
		CHECK(pthread_create(&thread[i], NULL, worker, NULL) == 0);
	for (i = 0; i < ISOLATIONS; i++) {
		rdv_isolate(self);
		CHECK(rdv_isolated(self));
		CHECK(a == b);
		a++;
		rdv_checkpoint(self);
		b++;
		rdv_release(self);
		if (!rdv_isolate_until(self, &past))
			rdv_release(self);
		rdv_harmless_till_end(self);
		if (rdv_harmless_end_try(self))
			CHECK(rdv_harmless_end_until(self, NULL) == 0);
	}
	rdv_isolate(self);
	stopping = true;
	rdv_release(self);
	for (i = 0; i < THREADS; i++)
		RDV_HARMLESS(self)
			pthread_join(thread[i], NULL);
}

static void meet(rdv_thread *self)
{
	CHECK(rdv_sync_fd(domain) == -1);
	CHECK(rdv_sync_enable(domain) >= 0);
	rdv_sync_want(self);
	CHECK(rdv_sync_pending(domain));
	rdv_sync_enter(self);
	CHECK(rdv_sync_wanted(self));
	rdv_sync_exit(self);
	CHECK(!rdv_sync_pending(domain));
}

static void old_names(void)
{
	CHECK(thread_sync_init(1) == 0);
	CHECK(all_threads_mask == 1);
	tid = 3;
	tid_bit = 1UL << tid;
	thread_harmless_now();
	thread_harmless_end();
	thread_isolate();
	thread_release();
	CHECK(thread_no_sync());
}

int main(void)
{
	rdv_domain_attr attr = RDV_DOMAIN_ATTR_INIT;
	rdv_thread *self, *again;

	attr.name = "older";
	attr.max_threads = 8;
	CHECK(rdv_domain_create(&domain, &attr) == 0);
	CHECK(rdv_thread_register(domain, "main", &self) == 0);
	CHECK(rdv_thread_register(domain, "main", &again) == -EEXIST);
	CHECK(rdv_thread_self(domain) == self);
	exclude(self);
	meet(self);
	old_names();
	CHECK(rdv_domain_destroy(domain) == -EBUSY);
	rdv_thread_unregister(self);
	CHECK(rdv_domain_destroy(domain) == 0);
	return 0;
}
