/* SPDX-License-Identifier: MIT */
/*
 * Stall reports: who is told, of whom, and that nothing else changes for it.  The first
 * report comes after a millisecond; how much later than that does not matter.
 */
#include "unit.h"
#include "clock.h"

#include <fcntl.h>
#include <rdv/stats.h>
#include <sched.h>

enum { MS = 1000000, KEPT = 4 };

/* A report, with what its pointers point to. */
struct kept {
	struct rdv_stall stall;
	struct rdv_blocker blocker; /* the first */
	char name[16];
};

/* What the handlers have seen, and what they answer. */
static struct {
	pthread_mutex_t lock;
	pthread_cond_t more;
	unsigned reports[RDV_STALL_KEPT + 1]; /* of each kind */
	struct kept kept[KEPT];               /* the first of all */
	struct kept last;
	unsigned kept_n, answer;
	bool locked, running;
} seen = {.lock = PTHREAD_MUTEX_INITIALIZER, .more = PTHREAD_COND_INITIALIZER};

static int on_stall(const struct rdv_stall *stall, void *arg)
{
	rdv_domain *d = (rdv_domain *)(uintptr_t)stall->domain;
	struct kept kept = {*stall, {.id = 9999}, {0}};
	struct rdv_stats stats;

	if (arg != &seen || stall->size != sizeof(*stall))
		abort();
	if (stall->n_listed)
		kept.blocker = stall->blockers[0];
	snprintf(kept.name, sizeof(kept.name), "%s", stall->name);
	rdv_domain_stats(d, &stats, sizeof(stats));
	rdv_domain_blockers(d, NULL, 0, 0);
	pthread_mutex_lock(&seen.lock);
	if (rdv_lock_held())
		seen.locked = true;
	if (stall->kind != RDV_STALL_GATHER &&
	    rdv_load_rlx(&rdv_member_of(stall->self)->self.state) == RDV_STATE_RUNNING)
		seen.running = true;
	if (seen.kept_n < KEPT)
		seen.kept[seen.kept_n++] = kept;
	seen.last = kept;
	seen.reports[stall->kind]++;
	pthread_cond_broadcast(&seen.more);
	pthread_mutex_unlock(&seen.lock);
	errno = EDOM;
	return (int)SHIM_GET(seen.answer);
}

static rdv_domain *stalling_domain(rdv_stall_fn *fn)
{
	rdv_domain_attr attr = unit_attr();

	memset(seen.reports, 0, sizeof(seen.reports));
	seen.kept_n = seen.answer = 0;
	seen.locked = seen.running = false;
	attr.name = "stalling";
	attr.stall_ns = MS;
	attr.on_stall = fn;
	attr.stall_arg = &seen;
	return unit_domain_attr(&attr);
}

/* So many more of this kind; the last of two has begun after this was called. */
static struct kept await_reports(uint32_t kind, unsigned n)
{
	struct kept last;
	unsigned all;

	pthread_mutex_lock(&seen.lock);
	for (all = seen.reports[kind] + n; seen.reports[kind] < all;)
		pthread_cond_wait(&seen.more, &seen.lock);
	last = seen.last;
	pthread_mutex_unlock(&seen.lock);
	return last;
}

/* Until that many are kept. */
static void await_kept(unsigned n)
{
	pthread_mutex_lock(&seen.lock);
	while (seen.kept_n < n)
		pthread_cond_wait(&seen.more, &seen.lock);
	pthread_mutex_unlock(&seen.lock);
}

static void assert_is(const struct kept *kept, const struct actor *a, uint32_t kind,
		      const struct actor *blocker, uint32_t why)
{
	const struct rdv_stall *s = &kept->stall;
	const struct rdv_blocker *b = &kept->blocker;

	assert_int_equal(s->kind, kind);
	assert_ptr_equal(s->self, a->self);
	assert_int_equal(s->kernel_tid, a->tid);
	assert_string_equal(kept->name, a->name);
	assert_true(s->waited_ns >= MS);
	assert_int_equal(s->n_blockers, 1);
	assert_string_equal(b->name, blocker->name);
	assert_int_equal(b->kernel_tid, blocker->tid);
	assert_int_equal(b->id, rdv_thread_id(blocker->self));
	assert_int_equal(b->why, why);
	assert_true(b->since && b->since <= s->since + s->waited_ns);
	assert_false(SHIM_GET(seen.locked));
	assert_false(SHIM_GET(seen.running));
}

/* It reports, of this kind, that it waits for that one. */
static void assert_reports(const struct actor *a, uint32_t kind,
			   const struct actor *blocker, uint32_t why)
{
	struct kept last = await_reports(kind, 2);

	assert_is(&last, a, kind, blocker, why);
}

static void assert_may_not_give_up(uint32_t kind)
{
	struct kept last = await_reports(kind, 2);

	assert_false(last.stall.may_give_up);
}

static void leaders_report(void)
{
	rdv_domain *d = stalling_domain(on_stall);
	struct actor *a = actor_member(d, "a"), *b = actor_member(d, "b");

	actor_go(a, do_isolate);
	await_kept(3);
	actor_do(b, do_now);
	actor_wait(a);
	assert_is(&seen.kept[0], a, RDV_STALL_GATHER, b, RDV_BLOCKER_RUNNING);
	assert_int_equal(seen.kept[0].stall.count, 1);
	assert_int_equal(seen.kept[1].stall.count, 2);
	assert_int_equal(seen.kept[2].stall.count, 3);
	assert_true(seen.kept[0].stall.since == seen.kept[2].stall.since);
	assert_true(seen.kept[1].stall.waited_ns >= 2 * MS);
	assert_true(seen.kept[2].stall.waited_ns >= 4 * MS);
	assert_false(seen.kept[0].stall.may_give_up);
	assert_true(rdv_isolated(a->self));
	actor_do(a, do_release);
}

static void the_queued_and_the_held_report(void)
{
	rdv_domain *d = stalling_domain(on_stall);
	struct actor *a = actor_member(d, "a"), *b = actor_member(d, "b");

	actor_do(b, do_now);
	actor_do(a, do_isolate);
	actor_go(b, do_isolate);
	assert_reports(b, RDV_STALL_QUEUE, a, RDV_BLOCKER_ISOLATED);
	SHIM_SET(seen.answer, 1); /* rdv_isolate() does not care */
	await_reports(RDV_STALL_QUEUE, 2);
	actor_go(a, do_release);
	actor_wait(b);
	assert_reports(a, RDV_STALL_HELD, b, RDV_BLOCKER_ISOLATED);
	assert_true(rdv_isolated(b->self));
	actor_do(b, do_release);
	actor_wait(a);
}

static void those_in_a_sync_point_report(void)
{
	rdv_domain *d = stalling_domain(on_stall);
	struct actor *a = actor_member(d, "a"), *b = actor_member(d, "b");

	actor_do(a, do_want);
	actor_go(a, do_enter);
	assert_reports(a, RDV_STALL_SYNC, b, RDV_BLOCKER_ABSENT);
	actor_go(b, do_enter);
	actor_wait(a);
	assert_reports(b, RDV_STALL_SYNC, a, RDV_BLOCKER_SERVED);
	actor_go(a, do_exit);
	actor_wait(b);
	assert_reports(a, RDV_STALL_SYNC, b, RDV_BLOCKER_LEAVING);
	actor_do(b, do_exit);
	actor_wait(a);
}

static bool names_itself;

static int look_for_itself(const struct rdv_stall *stall, void *arg)
{
	uint32_t i;

	(void)arg;
	for (i = 0; i < stall->n_listed; i++)
		if (stall->blockers[i].kernel_tid == stall->kernel_tid)
			SHIM_SET(names_itself, true);
	return 0;
}

/* It is given its turn between the time-out of its wait and its report. */
static void who_has_its_turn_does_not_wait_for_itself(void)
{
	rdv_domain *d = stalling_domain(look_for_itself);
	struct actor *a = actor_member(d, "a"), *b = actor_member(d, "b");

	names_itself = false;
	actor_do(a, do_want);
	shim_stop_at(a->shim, SHIM_AFTER_WAIT);
	actor_go(a, do_enter);
	while (!SHIM_GET(a->shim->stopped))
		sched_yield();
	actor_go(b, do_enter);
	assert_where(b, SYNCING);
	shim_resume(a->shim);
	actor_wait(a);
	assert_true(rdv_sync_my_turn(a->self));
	assert_false(SHIM_GET(names_itself));
	actor_go(a, do_exit);
	actor_wait(b);
	actor_do(b, do_exit);
	actor_wait(a);
}

static void those_who_ask_report(void)
{
	rdv_domain *d = stalling_domain(on_stall);
	struct actor *a = actor_member(d, "a"), *b = actor_member(d, "b");

	actor_go(a, do_synchronize);
	assert_reports(a, RDV_STALL_GRACE, b, RDV_BLOCKER_RUNNING);
	SHIM_SET(seen.answer, 1); /* rdv_synchronize() does not care */
	assert_may_not_give_up(RDV_STALL_GRACE);
	a->deadline = &unit_far;
	actor_do(b, do_checkpoint);
	actor_wait(a);
	actor_go(a, do_synchronize_until);
	actor_wait(a);
	assert_ret(a, -ETIMEDOUT);
	assert_true(seen.last.stall.may_give_up);
	actor_do(b, do_checkpoint);
}

/* A handler that makes the leader harmless, in a call of on_stall. */
static int with_a_handler(const struct rdv_stall *stall, void *arg)
{
	struct rdv_member *m = rdv_member_of(stall->self);
	struct rdv_shield shield;

	rdv_shield(m, &shield);
	rdv_harmless_now(&m->self);
	rdv_harmless_end(&m->self);
	rdv_unshield(m, &shield);
	return on_stall(stall, arg);
}

static void the_leader_stays_one(void)
{
	rdv_domain *d = stalling_domain(with_a_handler);
	struct actor *a = actor_member(d, "a"), *b = actor_member(d, "b");

	actor_go(a, do_isolate);
	await_reports(RDV_STALL_GATHER, 2);
	actor_do(b, do_now);
	actor_wait(a);
	assert_true(rdv_isolated(a->self));
	actor_do(a, do_release);
}

static void do_keep_b(struct actor *a)
{
	CALL(a, a->ret = rdv_keep(a->self, (unsigned)(uintptr_t)a->arg));
}

static void do_keep_b_until(struct actor *a)
{
	CALL(a,
	     a->ret = rdv_keep_until(a->self, (unsigned)(uintptr_t)a->arg, a->deadline));
}

static void do_let_go(struct actor *a)
{
	CALL(a, rdv_let_go(a->self));
}

static void keepers_and_the_kept_report(void)
{
	rdv_domain *d = stalling_domain(on_stall);
	struct actor *a = actor_member(d, "a"), *b = actor_member(d, "b");
	struct actor *c = actor_member(d, "c");

	a->arg = c->arg = (void *)(uintptr_t)rdv_thread_id(b->self);
	actor_go(a, do_keep_b);
	assert_reports(a, RDV_STALL_KEEP, b, RDV_BLOCKER_RUNNING);
	SHIM_SET(seen.answer, 1); /* rdv_keep() does not care, nor do the kept */
	assert_may_not_give_up(RDV_STALL_KEEP);
	actor_do(b, do_now);
	actor_wait(a);
	assert_ret(a, 0);
	actor_go(b, do_end);
	assert_reports(b, RDV_STALL_KEPT, a, RDV_BLOCKER_KEEPS);
	assert_may_not_give_up(RDV_STALL_KEPT);
	actor_do(a, do_let_go);
	actor_wait(b);
	SHIM_SET(seen.answer, 0);
	/* who is refused: for that one, and for one that keeps another */
	actor_do(b, do_now);
	actor_do(a, do_keep_b);
	actor_go(c, do_keep_b);
	assert_reports(c, RDV_STALL_KEEP, a, RDV_BLOCKER_KEEPS);
	actor_do(a, do_let_go);
	actor_wait(c);
	a->arg = (void *)(uintptr_t)rdv_thread_id(c->self);
	actor_go(a, do_keep_b);
	assert_reports(a, RDV_STALL_KEEP, c, RDV_BLOCKER_KEEPS);
	actor_do(c, do_let_go);
	actor_do(c, do_now);
	actor_wait(a);
	actor_do(a, do_let_go);
	actor_do(c, do_end);
	SHIM_SET(seen.answer, 1);
	a->deadline = &unit_far;
	actor_go(a, do_keep_b_until);
	actor_wait(a);
	assert_ret(a, -ETIMEDOUT);
	assert_true(seen.last.stall.may_give_up);
	actor_do(b, do_end);
}

#ifndef RDV_DEBUG
static const struct actor *keeper;

static int let_go_on_stall(const struct rdv_stall *stall, void *arg)
{
	rdv_thread *self = (rdv_thread *)(uintptr_t)stall->self;

	if (self == keeper->self) {
		rdv_let_go(self);
		CHECK(NULL, rdv_keep_try(self, rdv_thread_id(self) + 1) == -EBUSY);
	}
	return on_stall(stall, arg);
}

/* A thread keeps nobody before rdv_keep() has returned. */
static void nobody_is_let_go_in_rdv_keep(void)
{
	rdv_domain *d = stalling_domain(let_go_on_stall);
	struct actor *a = actor_member(d, "a"), *b = actor_member(d, "b");

	keeper = a;
	a->arg = (void *)(uintptr_t)rdv_thread_id(b->self);
	actor_go(a, do_keep_b);
	await_reports(RDV_STALL_KEEP, 1);
	actor_do(b, do_now);
	actor_wait(a);
	assert_ret(a, 0);
	actor_go(b, do_end);
	await_reports(RDV_STALL_KEPT, 1);
	actor_do(a, do_let_go);
	actor_wait(b);
}
#endif

/* G8: as if the deadline had passed, and only for that call. */
static void a_handler_can_call_a_timed_isolate_off(void)
{
	rdv_domain *d = stalling_domain(on_stall);
	struct actor *a = actor_member(d, "a"), *b = actor_member(d, "b");
	struct unit_words before;

	before = unit_words(d);
	SHIM_SET(seen.answer, 1);
	a->deadline = &unit_far;
	actor_go(a, do_isolate_until);
	actor_wait(a);
	assert_ret(a, -ETIMEDOUT);
	assert_true(seen.kept[0].stall.may_give_up);
	a->deadline = NULL;
	actor_go(a, do_isolate_until);
	actor_wait(a);
	assert_ret(a, -ETIMEDOUT);
	unit_same_words(&before, d);
	/* in the queue */
	SHIM_SET(seen.answer, 0);
	actor_do(a, do_now);
	actor_do(b, do_isolate);
	actor_go(a, do_isolate_until);
	await_reports(RDV_STALL_QUEUE, 1);
	SHIM_SET(seen.answer, 1);
	await_reports(RDV_STALL_HELD,
		      1); /* has given up, and waits for the round to end */
	actor_do(b, do_release);
	actor_wait(a);
	assert_ret(a, -ETIMEDOUT);
	/* and the next one is not concerned */
	actor_go(a, do_isolate);
	await_reports(RDV_STALL_GATHER, 2);
	assert_where(a, GATHERING);
	actor_do(b, do_now);
	actor_wait(a);
	assert_true(rdv_isolated(a->self));
	actor_do(a, do_release);
}

/* The gate is open, and c is running, when on_stall calls the wait in the queue off. */
static struct {
	struct actor *b, *c;
	bool called_off;
} when_open;

static int call_off_when_open(const struct rdv_stall *stall, void *arg)
{
	(void)arg;
	if (stall->kind != RDV_STALL_QUEUE || when_open.called_off)
		return 0;
	when_open.called_off = true;
	actor_do(when_open.b, do_release);
	actor_do(when_open.c, do_end);
	return 1;
}

static void who_was_called_off_does_not_gather(void)
{
	rdv_domain *d = stalling_domain(call_off_when_open);
	struct actor *a = actor_member(d, "a");

	when_open.b = actor_member(d, "b");
	when_open.c = actor_member(d, "c");
	when_open.called_off = false;
	actor_do(a, do_now);
	actor_do(when_open.c, do_now);
	d->patience_us = 1u << 30;
	d->turn_began = rdv_now_us();
	actor_do(when_open.b, do_isolate);
	a->deadline = NULL;
	actor_go(a, do_isolate_until);
	actor_wait(a);
	assert_ret(a, -ETIMEDOUT);
}

/* Without a deadline, too. */
static void a_handler_can_call_a_grace_period_off(void)
{
	rdv_domain *d = stalling_domain(on_stall);
	struct actor *a = actor_member(d, "a");

	actor_member(d, "b");
	SHIM_SET(seen.answer, 1);
	a->deadline = NULL;
	actor_go(a, do_synchronize_until);
	actor_wait(a);
	assert_ret(a, -ETIMEDOUT);
	assert_true(seen.kept[0].stall.may_give_up);
}

/* A deadline that comes first is the one that counts. */
static void a_deadline_passes_as_ever(void)
{
	rdv_domain_attr attr = unit_attr();
	struct actor *a;
	rdv_domain *d;

	memset(seen.reports, 0, sizeof(seen.reports));
	attr.stall_ns = UINT64_MAX;
	attr.on_stall = on_stall;
	attr.stall_arg = &seen;
	d = unit_domain_attr(&attr);
	a = actor_member(d, "a");
	actor_member(d, "b");
	a->deadline = &unit_far;
	assert_goes(a, do_isolate_until, GATHERING);
	actor_expire(a);
	actor_wait(a);
	assert_ret(a, -ETIMEDOUT);
	a->deadline = &unit_past;
	assert_does(a, do_isolate_until, -ETIMEDOUT);
	assert_int_equal(seen.reports[RDV_STALL_GATHER], 0);
}

/* What goes to stderr in between; a line is written by one write, and read by one read. */
static struct {
	int pipes[2], saved;
	char line[4096];
} said;

static void listen_begin(void)
{
	said.saved = dup(STDERR_FILENO);
	assert_int_equal(pipe2(said.pipes, O_DIRECT), 0);
	dup2(said.pipes[1], STDERR_FILENO);
}

static void next_line(void)
{
	ssize_t n = read(said.pipes[0], said.line, sizeof(said.line) - 1);

	said.line[n > 0 ? n : 0] = '\0';
}

static void listen_end(void)
{
	dup2(said.saved, STDERR_FILENO);
	close(said.saved);
	close(said.pipes[0]);
	close(said.pipes[1]);
	printf("# %s", said.line);
}

/* The pipe has room for few reports, and a thread that writes one more would wait. */
static void assert_line(bool right, const char *expected)
{
	if (right)
		return;
	listen_end();
	fail_msg("expected '%s', found '%s'", expected, said.line);
}

/* "... has waited N" what "; it waits for thread N (" name ", tid N)" why */
static void assert_said(const struct actor *a, const char *what, const struct actor *of,
			const char *why)
{
	char expected[256];

	snprintf(expected, sizeof(expected),
		 "librdv: stall in stalling: thread %u (%s, tid %d) has waited ",
		 rdv_thread_id(a->self), a->name, a->tid);
	assert_line(!strncmp(said.line, expected, strlen(expected)), expected);
	snprintf(expected, sizeof(expected),
		 " s %s; it waits for thread %u (%s, tid %d) %s", what,
		 rdv_thread_id(of->self), of->name, of->tid, why);
	assert_line(strstr(said.line, expected), expected);
}

#define RUNNING "a running thread has to call rdv_harmless_now() or rdv_checkpoint()" SEE
#define SEE     ", see rdv_stats(3)\n"

static void the_default_writes_a_line(void)
{
	rdv_domain *d = stalling_domain(NULL);
	struct actor *a = actor_member(d, "a"), *b = actor_member(d, "b\n");

	listen_begin();
	actor_go(a, do_isolate);
	next_line();
	actor_do(b, do_now);
	actor_wait(a);
	listen_end();
	b->name = "b?";
	assert_said(a, "to be isolated in do_isolate", b, "running: " RUNNING);
	actor_do(a, do_release);
}

/* The next line that says this; others may have been written before.  They come ever more
 * rarely. */
static void line_with(const char *what)
{
	int i;

	for (i = 0; i < 10; i++) {
		next_line();
		if (strstr(said.line, what))
			return;
	}
	listen_end();
	fail_msg("no line with '%s'", what);
}

static void the_default_says_what_for(void)
{
	rdv_domain *d = stalling_domain(NULL);
	struct actor *a = actor_member(d, "a"), *b = actor_member(d, "b");

	actor_do(b, do_now);
	actor_do(a, do_isolate);
	listen_begin();
	actor_go(b, do_end);
	line_with(" held;");
	assert_said(b, "held", a, "isolated in do_isolate for ");
	assert_non_null(strstr(said.line,
			       " s: an isolated thread has to call rdv_release()" SEE));
	actor_do(a, do_release);
	actor_wait(b);
	actor_do(a, do_want);
	actor_go(a, do_enter);
	line_with(" in the sync-point;");
	assert_said(a, "in the sync-point", b,
		    "not in the sync-point: each thread "
		    "has to call rdv_sync_enter()" SEE);
	actor_go(b, do_enter);
	actor_wait(a);
	line_with("has its turn");
	assert_said(b, "in the sync-point", a,
		    "has its turn: the thread "
		    "has to call rdv_sync_exit()" SEE);
	actor_go(a, do_exit);
	actor_wait(b);
	actor_do(b, do_exit);
	actor_wait(a);
	a->arg = (void *)(uintptr_t)rdv_thread_id(b->self);
	actor_go(a, do_keep_b);
	line_with(" to keep a thread;");
	assert_said(a, "to keep a thread", b, "running: " RUNNING);
	actor_do(b, do_now);
	actor_wait(a);
	actor_go(b, do_end);
	line_with(" to be let go;");
	assert_said(b, "to be let go", a,
		    "keeps a thread: a keeper has to call rdv_let_go()" SEE);
	actor_do(a, do_let_go);
	actor_wait(b);
	actor_go(a, do_synchronize);
	line_with(" for a grace period;");
	assert_said(a, "for a grace period", b, "running: " RUNNING);
	actor_do(b, do_checkpoint);
	actor_wait(a);
	listen_end();
}

/* Sixteen are named. */
static void the_default_names_some(void)
{
	enum { OTHERS = 18 };
	rdv_domain *d = stalling_domain(NULL);
	struct actor *a = actor_member(d, "a"), *other[OTHERS];
	const char *at;
	int i, n = 0;

	for (i = 0; i < OTHERS; i++)
		other[i] = actor_member(d, "other");
	listen_begin();
	actor_go(a, do_isolate);
	next_line();
	for (i = 0; i < OTHERS; i++)
		actor_do(other[i], do_now);
	actor_wait(a);
	listen_end();
	assert_said(a, "to be isolated in do_isolate", other[0],
		    "running, thread 2 (other, ");
	for (at = said.line; (at = strstr(at, "(other, ")); at++)
		n++;
	assert_int_equal(n, 16);
	assert_non_null(strstr(said.line, " running and 2 more: " RUNNING));
	actor_do(a, do_release);
}

static const struct unit_case cases[] = {
	UNIT(leaders_report, ALL),
	UNIT(the_queued_and_the_held_report, ALL),
	UNIT(those_in_a_sync_point_report, ALL),
	UNIT(who_has_its_turn_does_not_wait_for_itself, ONLY_PLAIN),
	UNIT(those_who_ask_report, ALL),
	UNIT(the_leader_stays_one, BOTH),
	UNIT(keepers_and_the_kept_report, ALL),
#ifndef RDV_DEBUG
	UNIT(nobody_is_let_go_in_rdv_keep, ALL),
#endif
	UNIT(who_was_called_off_does_not_gather, BOTH),
	UNIT(a_handler_can_call_a_grace_period_off, BOTH),
	UNIT(a_handler_can_call_a_timed_isolate_off, ALL),
	UNIT(a_deadline_passes_as_ever, BOTH),
	UNIT(the_default_writes_a_line, ONLY_PLAIN),
	UNIT(the_default_says_what_for, ONLY_PLAIN),
	UNIT(the_default_names_some, ONLY_PLAIN),
};

UNIT_MAIN("stall", cases)
