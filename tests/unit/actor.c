/* SPDX-License-Identifier: MIT */
#include "unit.h"

#include <sched.h>
#include <signal.h>
#include <sys/syscall.h>

enum { ERRNO_MARK = 4711, NAP_US = 30, DUMP_ALL = 16 };

static struct actor *actors;

/* ------------------------------------------------------------------- the thread */

static void *act(void *arg)
{
	struct actor *a = arg;

	a->tid = (pid_t)syscall(SYS_gettid);
	SHIM_SET(a->shim, shim_self());
	for (;;) {
		while (sem_wait(&a->go))
			;
		if (!a->fn)
			return NULL;
		a->fn(a);
		SHIM_SET(a->busy, false);
		sem_post(&a->idle);
	}
}

struct actor *actor_try_start(rdv_domain *d, const char *name, size_t stack_size)
{
	struct actor *a = calloc(1, sizeof(*a));
	pthread_attr_t attr;
	int ret;

	if (!a)
		return NULL;
	unit_step();
	a->name = name;
	a->domain = d;
	sem_init(&a->go, 0, 0);
	sem_init(&a->idle, 0, 0);
	pthread_attr_init(&attr);
	if (stack_size)
		pthread_attr_setstacksize(&attr, stack_size);
	ret = pthread_create(&a->thread, &attr, act, a);
	pthread_attr_destroy(&attr);
	if (ret) {
		free(a);
		return NULL;
	}
	while (!SHIM_GET(a->shim))
		sched_yield();
	a->next = actors;
	actors = a;
	return a;
}

struct actor *actor_start(rdv_domain *d, const char *name)
{
	struct actor *a = actor_try_start(d, name, 0);

	assert_non_null(a);
	return a;
}

struct actor *actor_member(rdv_domain *d, const char *name)
{
	struct actor *a = actor_start(d, name);

	actor_do(a, do_register);
	assert_ret(a, 0);
	return a;
}

/* ----------------------------------------------------------------- telling it to */

void actor_go(struct actor *a, actor_fn *fn)
{
	unit_step();
	while (!sem_trywait(&a->idle))
		;
	a->fn = fn;
	SHIM_SET(a->busy, true);
	sem_post(&a->go);
}

void actor_wait(struct actor *a)
{
	while (SHIM_GET(a->busy))
		sem_wait(&a->idle);
}

void actor_do(struct actor *a, actor_fn *fn)
{
	actor_go(a, fn);
	actor_wait(a);
}

void actor_interrupt(struct actor *a)
{
	pthread_kill(a->thread, SIGUSR2);
}

void actor_expire(struct actor *a)
{
	SHIM_SET(a->shim->instead, -ETIMEDOUT);
	actor_interrupt(a);
}

/* What it has found out on its way is told by the test. */
void actor_join(struct actor *a)
{
	struct actor **link = &actors;

	assert_int_equal(pthread_join(a->thread, NULL), 0);
	while (*link != a)
		link = &(*link)->next;
	*link = a->next;
	if (a->failed[0])
		fail_msg("%s: %s", a->name, a->failed);
	if (a->errno_changed)
		fail_msg("%s: %s has changed errno", a->name, a->errno_changed);
	if (a->allocated)
		fail_msg("%s: %s has allocated", a->name, a->allocated);
	sem_destroy(&a->go);
	sem_destroy(&a->idle);
	free(a);
}

static void leave(struct actor *a)
{
	a->leaving = true;
	a->fn = NULL;
	sem_post(&a->go);
}

void actor_stop(struct actor *a)
{
	unit_step();
	actor_wait(a);
	leave(a);
	actor_join(a);
}

/* One that is still in a call may be waiting for another one to leave. */
void actors_stop(void)
{
	struct actor *a;
	bool all;

	do {
		all = true;
		for (a = actors; a; a = a->next) {
			if (a->leaving)
				continue;
			if (SHIM_GET(a->busy))
				all = false;
			else
				leave(a);
		}
		if (!all)
			usleep(NAP_US);
	} while (!all);
	while (actors)
		actor_join(actors);
}

/* ------------------------------------------------------------------ where it is */

/* One line of a file of the thread's in /proc. */
static bool read_proc(pid_t tid, const char *name, char *line, int size)
{
	char path[64];
	FILE *file;
	bool ok;

	snprintf(path, sizeof(path), "/proc/self/task/%d/%s", (int)tid, name);
	file = fopen(path, "r");
	ok = file && fgets(line, size, file);
	if (file)
		fclose(file);
	return ok;
}

/*
 * Whether the thread sleeps, in which system call, and that one's first argument.
 * A thread that has been woken and has not run yet shows the system call, but not
 * the state.
 */
static bool asleep_in(pid_t tid, long *number, unsigned long *arg)
{
	char line[512], state;

	return read_proc(tid, "syscall", line, sizeof(line)) &&
	       sscanf(line, "%ld %lx", number, arg) == 2 &&
	       read_proc(tid, "stat", line, sizeof(line)) &&
	       sscanf(line, "%*d (%*[^)]) %c", &state) == 1 && state == 'S';
}

static enum where which(const struct actor *a, const rdv_word *word)
{
	const rdv_domain *d = a->domain;

	if (word == &d->wake_seq)
		return HELD;
	if (word == &d->sync.turn)
		return SYNCING;
	if (word == &d->gathering)
		return GATHERING;
	if (word == &d->graces)
		return ASKING;
	if (word >= d->told && word < d->told + d->max_threads)
		return KEEPING;
	if (word >= d->kept && word < d->kept + d->max_threads)
		return STAYING;
	return a->self && word == &member(a)->asleep ? QUEUED : LOST;
}

/*
 * Asleep is in the kernel, in a wait for this word; the address tells it from any
 * other sleep on the way there.  Looks until the thread has come to a rest.
 */
enum where actor_where_now(const struct actor *a)
{
	const rdv_word *word;
	unsigned long arg;
	long number, outside;
	unsigned waits;

	for (;;) {
		if (!SHIM_GET(a->busy))
			return DONE;
		if (SHIM_GET(a->shim->stopped))
			return STOPPED;
		waits = SHIM_GET(a->shim->waits);
		word = SHIM_GET(a->shim->sleeping);
		outside = SHIM_GET(a->outside);
		if ((word || outside) && asleep_in(a->tid, &number, &arg)) {
			if (word && arg == (unsigned long)(uintptr_t)word &&
			    word == SHIM_GET(a->shim->sleeping) &&
			    waits == SHIM_GET(a->shim->waits))
				return which(a, word);
			if (outside && number == outside)
				return OUTSIDE;
		}
		usleep(NAP_US);
	}
}

unsigned long actor_switches_asleep(const struct actor *a)
{
	unsigned long arg;
	long number;

	while (!asleep_in(a->tid, &number, &arg))
		usleep(NAP_US);
	return unit_switches(a->tid);
}

/* A wake-up is counted before it is made, and after it if it woke somebody. */
static unsigned stirs(void)
{
	return SHIM_GET(shim.waits) + SHIM_GET(shim.wakes) + SHIM_GET(shim.woken);
}

/*
 * All actors are at rest: each was found so, and meanwhile nobody woke anybody or
 * went to sleep.
 */
static void settle(void)
{
	const struct actor *a;
	unsigned before;

	do {
		before = stirs();
		for (a = actors; a; a = a->next)
			actor_where_now(a);
	} while (before != stirs());
}

enum where actor_where(const struct actor *a)
{
	settle();
	return actor_where_now(a);
}

const char *where_name(enum where where)
{
	static const char *const names[] = {
		[DONE] = "done",
		[HELD] = "held",
		[QUEUED] = "queued",
		[GATHERING] = "gathering",
		[SYNCING] = "in a sync-point",
		[ASKING] = "waiting for a grace period",
		[KEEPING] = "waiting to keep a thread",
		[STAYING] = "waiting to be let go",
		[STOPPED] = "stopped",
		[OUTSIDE] = "outside of the library",
		[LOST] = "asleep elsewhere",
	};

	return names[where];
}

bool actors_left(void)
{
	return actors;
}

static void dump(const struct actor *a)
{
	const char *how = a->shim->stopped    ? "stopped"
			  : a->shim->sleeping ? "asleep"
					      : "awake";

	dprintf(STDERR_FILENO, "# actor %s: %s %s, %s, %u waits %u wakes, returned %d\n",
		a->name, a->busy ? "in" : "after", a->doing ? a->doing : "nothing", how,
		a->shim->waits, a->shim->wakes, a->ret);
}

/* All of a few, of many those that are in a call. */
void actors_dump(void)
{
	const struct actor *a;
	int n = 0;

	for (a = actors; a; a = a->next)
		if (++n < DUMP_ALL || a->busy)
			dump(a);
}

void actors_forget(void)
{
	actors = NULL;
}

struct rdv_member *member(const struct actor *a)
{
	return rdv_member_of(a->self);
}

uint32_t actor_state(const struct actor *a)
{
	return rdv_load_sc(&a->self->state);
}

bool actor_bit(const struct actor *a)
{
	return rdv_load_sc(&a->domain->harmless[member(a)->word]) & member(a)->bit;
}

bool actor_wants(const struct actor *a)
{
	return rdv_load_sc(&a->domain->want_rdv[member(a)->word]) & member(a)->bit;
}

/* ------------------------------------------------------------------- its calls */

void unit_call_begin(struct actor *a, const char *call)
{
	if (a)
		a->doing = call;
	shim_call_begin();
	errno = ERRNO_MARK;
}

void unit_call_end(struct actor *a)
{
	struct shim_thread *t = shim_self();
	int changed = errno != ERRNO_MARK;

	shim_call_end();
	if (!a) {
		CHECK(NULL, !changed);
		return;
	}
	if (changed)
		a->errno_changed = a->doing;
	if (t->allocs)
		a->allocated = a->doing;
}

/* The one call here that may allocate. */
void do_register(struct actor *a)
{
	CALL(a, a->ret = rdv_thread_register(a->domain, a->name, &a->self));
	a->shim->allocs = 0;
	a->allocated = NULL;
}

void do_unregister(struct actor *a)
{
	CALL(a, rdv_thread_unregister(a->self));
	a->self = NULL;
}

void do_now(struct actor *a)
{
	CALL(a, rdv_harmless_now(a->self));
}

void do_end(struct actor *a)
{
	CALL(a, rdv_harmless_end(a->self));
}

void do_end_try(struct actor *a)
{
	CALL(a, a->ret = rdv_harmless_end_try(a->self));
}

void do_end_until(struct actor *a)
{
	CALL(a, a->ret = rdv_harmless_end_until(a->self, a->deadline));
}

void do_till_end(struct actor *a)
{
	CALL(a, rdv_harmless_till_end(a->self));
}

void do_checkpoint(struct actor *a)
{
	CALL(a, a->flag = rdv_checkpoint(a->self));
}

void do_isolate(struct actor *a)
{
	CALL(a, rdv_isolate(a->self));
}

void do_isolate_try(struct actor *a)
{
	CALL(a, a->ret = rdv_isolate_try(a->self));
}

void do_isolate_until(struct actor *a)
{
	CALL(a, a->ret = rdv_isolate_until(a->self, a->deadline));
}

void do_release(struct actor *a)
{
	CALL(a, rdv_release(a->self));
}

void do_synchronize(struct actor *a)
{
	CALL(a, rdv_synchronize(a->self));
}

void do_synchronize_until(struct actor *a)
{
	CALL(a, a->ret = rdv_synchronize_until(a->self, a->deadline));
}

void do_want(struct actor *a)
{
	CALL(a, rdv_sync_want(a->self));
}

void do_enter(struct actor *a)
{
	CALL(a, rdv_sync_enter(a->self));
}

void do_exit(struct actor *a)
{
	CALL(a, rdv_sync_exit(a->self));
}

void do_wanted(struct actor *a)
{
	CALL(a, a->flag = rdv_sync_wanted(a->self));
	CHECK(a, !member(a)->sync_in || rdv_sync_my_turn(a->self) == a->flag);
	CHECK(a, member(a)->sync_in || !rdv_sync_my_turn(a->self));
}

void do_pthread_exit(struct actor *a)
{
	(void)a;
	pthread_exit(NULL);
}

/* ----------------------------------------------------------------------- scenes */

void unit_clock_begin(void)
{
	SHIM_SET(shim.clock_ns, UINT64_C(1) << 60);
	if (unit_variant() == SPIN)
		SHIM_SET(shim.clock_step, 100);
}

void unit_clock_pass(uint64_t ns)
{
	SHIM_SET(shim.clock_ns, SHIM_GET(shim.clock_ns) + ns);
}

void actor_hold_for(struct actor *h, struct actor *a, uint64_t ns)
{
	actor_do(h, do_now);
	actor_do(a, do_isolate);
	shim_stop_at(h->shim, SHIM_AFTER_WAIT);
	assert_goes(h, do_end, HELD);
	if (ns)
		unit_clock_pass(ns);
	actor_do(a, do_release);
	assert_where(h, STOPPED);
}

void actor_hold(struct actor *h, struct actor *a)
{
	actor_hold_for(h, a, 0);
}
