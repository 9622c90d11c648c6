/* SPDX-License-Identifier: MIT */
/*
 * Two strengths of harmless.  A worker that is idle holds no reference; one that waits in
 * the middle of its work is harmless, and keeps its references.  Some isolators need the
 * others to be harmless, and some need them to be idle.
 */
#include <pthread.h>
#include <rdv/rdv.h>
#include <stdio.h>
#include <stdlib.h>
#include <unistd.h>

enum { WORKERS = 4, LOOPS = 1000, ALIVE = 0x5eed };

/* Running in outer: may hold references.  Running in inner: may touch what is shared. */
static rdv_domain *outer, *inner;

struct member {
	rdv_thread *outer, *inner;
};

static struct object {
	int alive;
	unsigned long before[WORKERS], after[WORKERS];
} * object;

static void join(struct member *me)
{
	if (rdv_thread_register(outer, "worker", &me->outer) ||
	    rdv_thread_register(inner, "worker", &me->inner))
		abort();
}

static void leave(struct member *me)
{
	rdv_thread_unregister(me->inner);
	rdv_thread_unregister(me->outer);
}

static void idle_now(struct member *me)
{
	rdv_harmless_now(me->inner);
	rdv_harmless_now(me->outer);
}

static void idle_end(struct member *me)
{
	rdv_harmless_end(me->outer);
	rdv_harmless_end(me->inner);
}

/* Alone: nobody else touches anything, but others may hold references. */
static void isolate(struct member *me)
{
	rdv_isolate(me->inner);
}

static void release(struct member *me)
{
	rdv_release(me->inner);
}

/* Alone, and nobody else holds a reference. Not between isolate() and release(). */
static void isolate_full(struct member *me)
{
	rdv_harmless_now(me->inner);
	rdv_isolate(me->outer);
	rdv_harmless_end(me->inner); /* nobody can be isolated there: it does not wait */
}

static void release_full(struct member *me)
{
	rdv_harmless_now(me->inner);
	rdv_release(me->outer);
	rdv_harmless_end(me->inner);
}

/* While it stands still, nobody frees o. */
static void use(struct member *me, struct object *o, int i)
{
	o->before[i]++;
	o->after[i]++;
	rdv_harmless_now(me->inner);
	usleep(1); /* where a program waits for a helper, or for a lock */
	rdv_harmless_end(me->inner);
	if (o->alive != ALIVE)
		abort();
	o->before[i]++;
	o->after[i]++;
}

static void check(struct member *me)
{
	isolate(me);
	for (int i = 0; i < WORKERS; i++)
		if (object->before[i] != object->after[i])
			abort();
	release(me);
}

static void replace(struct member *me, struct object *new)
{
	struct object *old;

	isolate_full(me);
	old = object;
	object = new;
	old->alive = 0;
	free(old);
	release_full(me);
}

static struct object *make(void)
{
	struct object *new = calloc(1, sizeof(*new));

	if (!new)
		abort();
	new->alive = ALIVE;
	return new;
}

static void *worker(void *arg)
{
	const int i = *(const int *)arg;
	struct member me;

	join(&me);
	for (int n = 1; n <= LOOPS; n++) {
		idle_now(&me);
		usleep(1); /* where a server has its epoll_wait() */
		idle_end(&me);
		use(&me, object, i);
		if (n % 10 == i)
			check(&me);
		if (n % 30 == i)
			replace(&me, make());
	}
	leave(&me);
	return NULL;
}

int main(void)
{
	/* idle_now() and idle_end() cost next to nothing more than the inner pair alone */
	const rdv_domain_attr rare = {
		.size = sizeof(rare), .name = "outer", .fence = RDV_FENCE_BIASED};
	int number[WORKERS];
	pthread_t thread[WORKERS];

	if (rdv_domain_create(&outer, &rare) || rdv_domain_create(&inner, NULL))
		abort();
	object = make();
	for (int i = 0; i < WORKERS; i++) {
		number[i] = i;
		if (pthread_create(&thread[i], NULL, worker, &number[i]))
			abort();
	}
	for (int i = 0; i < WORKERS; i++)
		pthread_join(thread[i], NULL);
	free(object);
	puts("checked and replaced while references were held");
	return rdv_domain_destroy(inner) || rdv_domain_destroy(outer);
}
