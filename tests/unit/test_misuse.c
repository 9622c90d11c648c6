/* SPDX-License-Identifier: MIT */
/*
 * Misuse: with --enable-debug each case of it ends the program and says what it was;
 * without, the lock marks do nothing.
 */
#include "unit.h"

#include <rdv/debug.h>

#include <signal.h>
#include <sys/wait.h>

static rdv_domain *d;
static rdv_thread *self; /* the test's main thread */

static void register_self(void)
{
	rdv_domain_attr attr = unit_attr();

	attr.name = "misused";
	d = unit_domain_attr(&attr);
	assert_int_equal(rdv_thread_register(d, "main", &self), 0);
}

static void unregister_self(void)
{
	rdv_thread_unregister(self);
	unit_destroy(d);
}

#ifdef RDV_DEBUG

static int out;

struct misuse {
	void (*fn)(void);
};

static void commit(void *arg)
{
	const struct misuse *misuse = arg;

	dup2(out, STDERR_FILENO);
	signal(SIGABRT, SIG_DFL);
	misuse->fn();
}

/* It says who called what, and what is wrong with it. */
static void assert_dies(void (*fn)(void), const char *call, const char *what)
{
	struct misuse misuse = {fn};
	char line[1024], expected[1024];
	int pipes[2], status;
	ssize_t n;

	assert_int_equal(pipe(pipes), 0);
	out = pipes[1];
	status = unit_child(commit, &misuse);
	close(pipes[1]);
	n = read(pipes[0], line, sizeof(line) - 1);
	close(pipes[0]);
	assert_true(n > 0);
	line[n] = '\0';
	printf("# %s", line);
	assert_true(WIFSIGNALED(status) && WTERMSIG(status) == SIGABRT);
	assert_ptr_equal(strchr(line, '\n'), line + n - 1); /* one line */
	snprintf(expected, sizeof(expected), "librdv: misuse: %s", call);
	assert_memory_equal(line, expected, strlen(expected));
	assert_non_null(strstr(line, what));
}

static void end_while_running(void)
{
	rdv_harmless_end(self);
}

static int ignored;

static void end_twice(void)
{
	rdv_harmless_now(self);
	rdv_harmless_end(self);
	rdv_harmless_end(self);
}

static void end_try_while_running(void)
{
	ignored = rdv_harmless_end_try(self);
}

static void release_without_isolate(void)
{
	rdv_release(self);
}

static void release_twice(void)
{
	rdv_isolate(self);
	rdv_release(self);
	rdv_release(self);
}

static void *end_elsewhere(void *unused)
{
	(void)unused;
	rdv_harmless_end(self);
	return NULL;
}

static void *isolate_elsewhere(void *unused)
{
	(void)unused;
	ignored = rdv_isolate_try(self);
	return NULL;
}

static void in_a_thread(void *(*fn)(void *))
{
	pthread_t thread;

	pthread_create(&thread, NULL, fn, NULL);
	pthread_join(thread, NULL);
}

static void end_by_another(void)
{
	rdv_harmless_now(self);
	in_a_thread(end_elsewhere);
}

static void isolate_by_another(void)
{
	in_a_thread(isolate_elsewhere);
}

static void isolate_after_unregister(void)
{
	rdv_thread_unregister(self);
	rdv_isolate(self);
}

static void now_after_unregister(void)
{
	rdv_thread_unregister(self);
	rdv_harmless_now(self);
}

static void unregister_twice(void)
{
	rdv_thread_unregister(self);
	rdv_thread_unregister(self);
}

static void isolate_with_a_lock(void)
{
	rdv_lock_taken();
	rdv_lock_taken();
	rdv_lock_dropped();
	rdv_isolate(self);
}

static void isolate_until_with_a_lock(void)
{
	rdv_lock_taken();
	ignored = rdv_isolate_until(self, &unit_past);
}

static void synchronize_with_a_lock(void)
{
	rdv_lock_taken();
	rdv_synchronize(self);
}

static struct rdv_retired items[2];

static void never(struct rdv_retired *item)
{
	(void)item;
	abort();
}

static void retire_twice(void)
{
	rdv_retire(self, &items[0], never);
	rdv_retire(self, &items[1], never);
	rdv_retire(self, &items[0], never);
}

static void leave(struct rdv_retired *item)
{
	(void)item;
	rdv_thread_unregister(self);
}

static void retire_and_leave(void)
{
	rdv_retire(self, &items[0], leave);
	rdv_synchronize(self);
}

static void keep_with_a_lock(void)
{
	rdv_lock_taken();
	ignored = rdv_keep(self, 1);
}

/* Another member, which is harmless. */
static void *be_harmless(void *arg)
{
	rdv_thread *other;

	ignored = rdv_thread_register(d, "other", &other);
	rdv_harmless_now(other);
	sem_post(arg);
	pause();
	return NULL;
}

static void keep_another(void)
{
	static sem_t there;
	pthread_t thread;

	sem_init(&there, 0, 0);
	pthread_create(&thread, NULL, be_harmless, &there);
	while (sem_wait(&there))
		;
	ignored = rdv_keep(self, 1);
}

static void keep_twice(void)
{
	keep_another();
	ignored = rdv_keep_try(self, 1);
}

static void walk_while_keeping(void)
{
	keep_another();
	rdv_for_each(self, NULL, NULL);
}

static void enter_while_keeping(void)
{
	keep_another();
	rdv_sync_want(self);
	rdv_sync_enter(self);
}

static void let_go_of_nobody(void)
{
	rdv_let_go(self);
}

static void walk_again(unsigned id, void *arg)
{
	(void)id;
	rdv_for_each(self, walk_again, arg);
}

static void walk_in_a_walk(void)
{
	keep_another();
	rdv_let_go(self);
	rdv_for_each(self, walk_again, NULL);
}

static void isolate_here(unsigned id, void *arg)
{
	(void)id;
	(void)arg;
	rdv_isolate(self);
}

static void isolate_in_a_walk(void)
{
	keep_another();
	rdv_let_go(self);
	rdv_for_each(self, isolate_here, NULL);
}

static void walk_while_harmless(void)
{
	rdv_harmless_now(self);
	rdv_for_each(self, walk_again, NULL);
}

static void enter_with_a_lock(void)
{
	rdv_sync_want(self);
	rdv_lock_taken();
	rdv_sync_enter(self);
}

static void enter_isolated(void)
{
	rdv_sync_want(self);
	rdv_isolate(self);
	rdv_sync_enter(self);
}

static void exit_without_enter(void)
{
	rdv_sync_exit(self);
}

static void exit_twice(void)
{
	rdv_sync_want(self);
	rdv_sync_enter(self);
	rdv_sync_exit(self);
	rdv_sync_exit(self);
}

static void drop_untaken(void)
{
	rdv_lock_dropped();
}

static void misuse_is_told_and_fatal(void)
{
	register_self();
	assert_dies(end_while_running, "rdv_harmless_end by thread 0",
		    "is not harmless: state running, isolated 0, locks 0");
	assert_dies(end_twice, "rdv_harmless_end by thread 0",
		    "is not harmless: state running, isolated 0, locks 0");
	assert_dies(end_try_while_running, "rdv_harmless_end_try by thread 0",
		    "is not harmless: state running, isolated 0, locks 0");
	assert_dies(release_without_isolate, "rdv_release by thread 0",
		    "is not isolated: state running, isolated 0, locks 0");
	assert_dies(release_twice, "rdv_release by thread 0",
		    "is not isolated: state running, isolated 0, locks 0");
	assert_dies(
		end_by_another, "rdv_harmless_end by thread 0",
		"is another thread than the caller: state harmless, isolated 0, locks 0");
	assert_dies(
		isolate_by_another, "rdv_isolate_try by thread 0",
		"is another thread than the caller: state running, isolated 0, locks 0");
	assert_dies(isolate_after_unregister, "rdv_isolate by thread 0",
		    "has unregistered: state parked, isolated 0, locks 0");
	assert_dies(now_after_unregister, "rdv_harmless_now by thread 0",
		    "has unregistered: state parked, isolated 0, locks 0");
	assert_dies(unregister_twice, "rdv_thread_unregister by thread 0",
		    "has unregistered: state parked, isolated 0, locks 0");
	assert_dies(isolate_with_a_lock, "rdv_isolate by thread 0",
		    "holds a lock: state running, isolated 0, locks 1");
	assert_dies(isolate_until_with_a_lock, "rdv_isolate_until by thread 0",
		    "holds a lock: state running, isolated 0, locks 1");
	assert_dies(synchronize_with_a_lock, "rdv_synchronize by thread 0",
		    "holds a lock: state running, isolated 0, locks 1");
	assert_dies(retire_twice, "rdv_retire by thread 0",
		    "has retired the same item before: state running");
	assert_dies(retire_and_leave, "rdv_retire_run by thread 0",
		    "has unregistered: state parked");
	assert_dies(keep_with_a_lock, "rdv_keep by thread 0",
		    "holds a lock: state running, isolated 0, locks 1");
	assert_dies(keep_twice, "rdv_keep_try by thread 0",
		    "keeps a thread: state running, isolated 0, locks 0");
	assert_dies(walk_while_keeping, "rdv_for_each by thread 0",
		    "keeps a thread: state running, isolated 0, locks 0");
	assert_dies(enter_while_keeping, "rdv_sync_enter by thread 0",
		    "keeps a thread: state running, isolated 0, locks 0");
	assert_dies(let_go_of_nobody, "rdv_let_go by thread 0",
		    "keeps no thread: state running, isolated 0, locks 0");
	assert_dies(walk_in_a_walk, "rdv_for_each by thread 0",
		    "is in rdv_for_each(): state running, isolated 0, locks 0");
	assert_dies(isolate_in_a_walk, "rdv_isolate by thread 0",
		    "is in rdv_for_each(): state running, isolated 0, locks 0");
	assert_dies(walk_while_harmless, "rdv_for_each by thread 0",
		    "is not running: state harmless, isolated 0, locks 0");
	assert_dies(enter_with_a_lock, "rdv_sync_enter by thread 0",
		    "holds a lock: state running, isolated 0, locks 1");
	assert_dies(enter_isolated, "rdv_sync_enter by thread 0",
		    "is isolated: state running, isolated 1, locks 0");
	assert_dies(exit_without_enter, "rdv_sync_exit by thread 0",
		    "has not entered: state running, isolated 0, locks 0");
	assert_dies(exit_twice, "rdv_sync_exit by thread 0",
		    "has not entered: state running, isolated 0, locks 0");
	assert_dies(drop_untaken, "rdv_lock_dropped without rdv_lock_taken", ", called");
	unregister_self();
}

/* Each message says what to do, and names the page of the call. */
static void misuse_says_what_to_do(void)
{
	register_self();
	assert_dies(end_while_running, "",
		    "; call rdv_harmless_now() first, see rdv_harmless(3)\n");
	assert_dies(release_twice, "",
		    "; release once for each rdv_isolate(), see rdv_isolate(3)\n");
	assert_dies(enter_isolated, "", "; call rdv_release() first, see rdv_sync(3)\n");
	assert_dies(exit_twice, "", "; call rdv_sync_enter() first, see rdv_sync(3)\n");
	assert_dies(isolate_with_a_lock, "",
		    "; drop the lock first, see rdv_isolate(3)\n");
	assert_dies(isolate_by_another, "",
		    "; use the handle of the caller, rdv_thread_self(), see "
		    "rdv_isolate(3)\n");
	assert_dies(keep_twice, "", "; call rdv_let_go() first, see rdv_handshake(3)\n");
	assert_dies(unregister_twice, "",
		    "; a handle ends with its registration, see rdv_thread(3)\n");
	assert_dies(drop_untaken, "", "; pair the two calls, see rdv_debug(3)\n");
	unregister_self();
}

#endif

static void what_is_allowed_passes(void)
{
	register_self();
	rdv_lock_taken();
	assert_int_equal(rdv_isolate_try(self), 0);
	rdv_isolate(self); /* nests */
	rdv_harmless_now(self);
	rdv_harmless_end(self);
	rdv_harmless_end(self);
	rdv_release(self);
	rdv_release(self);
	rdv_lock_dropped();
	rdv_harmless_now(self);
	rdv_harmless_now(self);
	rdv_harmless_end(self);
	rdv_isolate(self);
	rdv_release(self);
	rdv_harmless_now(self);
	rdv_isolate(self);
	rdv_release(self);
	assert_false(rdv_checkpoint(self));
	rdv_sync_enter(self); /* no sync-point is wanted: it returns at once */
	rdv_sync_exit(self);
	unregister_self();
	/* what a program calls that was built with RDV_DEBUG, in any library */
	rdv_priv_lock_taken();
	rdv_priv_lock_dropped();
}

static const struct unit_case cases[] = {
#ifdef RDV_DEBUG
	UNIT(misuse_is_told_and_fatal, ONLY_PLAIN),
	UNIT(misuse_says_what_to_do, ONLY_PLAIN),
#endif
	UNIT(what_is_allowed_passes, ALL),
};

UNIT_MAIN("misuse", cases)
