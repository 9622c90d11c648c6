/* SPDX-License-Identifier: MIT */
/*
 * The dump: what it says, and that it needs nothing that a stuck domain would not give.
 */
#include "unit.h"

#include <rdv/stats.h>
#include <signal.h>

static char text[65536];

static const char *dump(const rdv_domain *d)
{
	FILE *file = tmpfile();
	int ret;
	size_t n;

	assert_non_null(file);
	CALL(NULL, ret = rdv_domain_dump(d, fileno(file)));
	assert_int_equal(ret, 0);
	rewind(file);
	n = fread(text, 1, sizeof(text) - 1, file);
	text[n] = '\0';
	fclose(file);
	return text;
}

/* A line that begins with this and holds that. */
static bool has(const char *begin, const char *part)
{
	const char *line, *end, *at;

	for (line = text; *line; line = end + 1) {
		end = strchr(line, '\n');
		at = strstr(line, part);
		if (!strncmp(line, begin, strlen(begin)) && at && at < end)
			return true;
	}
	return false;
}

static void a_stuck_domain_tells_who_is_in_the_way(void)
{
	rdv_domain *d = unit_domain();
	struct actor *a = actor_member(d, "leader"), *b = actor_member(d, "slow\tpoke");
	struct actor *c = actor_member(d, "held one");

	actor_do(c, do_now);
	assert_goes(a, do_isolate, GATHERING);
	assert_goes(c, do_end, HELD);
	rdv_lock(&d->registry); /* who holds it may be gone for ever */
	dump(d);
	rdv_unlock(&d->registry);
	assert_true(has("librdv-dump 1", ""));
	assert_true(has("domain ", "threads 3 at_most 3 max_threads 64 fence "));
	assert_true(has("ctl ", "owner 0 round 0"));
	assert_true(has("words ", "held 1 asleep 1 "));
	assert_true(has("mask awaited ", "00000002"));
	assert_true(has("thread id 0 ", " state running "));
	assert_true(has("thread id 0 ", " wait gather since_ns "));
	assert_true(has("thread id 1 ", " state running bit 0 "));
	assert_true(has("thread id 1 ", " name slow?poke"));
	assert_true(has("thread id 2 ", " wait held since_ns "));
	assert_true(has("thread id 2 ", " name held one"));
	assert_true(has("blockers count 1", ""));
	assert_true(has("blocker id 1 ", " why running since_ns "));
	assert_true(has("blocker id 1 ", " where - name slow?poke"));
	assert_true(has("thread id 0 ", " where do_isolate name leader"));
	assert_true(has("thread id 1 ", " where - name slow?poke"));
	assert_true(has("end", ""));
	actor_do(b, do_now);
	actor_wait(a);
	dump(d);
	assert_true(has("thread id 0 ", " depth 1 "));
	assert_true(has("blocker id 0 ", " why isolated since_ns "));
	assert_true(has("blocker id 0 ", " where do_isolate name leader"));
	assert_true(has("stats ", "isolations 1 rounds 1 "));
	assert_true(has("delay last ", "id 1 "));
	assert_true(has("delay worst ", " name slow?poke"));
	actor_do(a, do_release);
	actor_wait(c);
	dump(d);
	assert_true(has("blockers count 0", ""));
	assert_true(has("time held ", "count 1 "));
	assert_true(has("delay longest ", " where do_isolate name leader"));
	assert_true(has("thread id 0 ", " where - name leader"));
	assert_true(has("time isolated ", "count 1 "));
	actor_do(a, do_want);
	assert_goes(a, do_enter, SYNCING);
	dump(d);
	assert_true(has("sync ", "phase forming turn -1 "));
	assert_true(has("sync ", " pending 1 "));
	assert_true(has("thread id 0 ", " wait sync "));
	actor_stop(b);
	actor_go(c, do_unregister);
	actor_wait(a);
	dump(d);
	assert_true(has("sync ", "phase serving turn 0 "));
	assert_true(has("thread id 0 ", " sync_turn 1 "));
	actor_do(a, do_exit);
}

static struct rdv_retired item;

static void ignore(struct rdv_retired *called)
{
	(void)called;
}

static void do_retire(struct actor *a)
{
	CALL(a, rdv_retire(a->self, &item, ignore));
}

static void grace_periods_and_items(void)
{
	rdv_domain *d = unit_domain();
	struct actor *a = actor_member(d, "a"), *b = actor_member(d, "be late");

	dump(d);
	assert_true(has("graces ", "periods 0 failed 0 retired 0 waiting 0"));
	assert_false(has("delay last_grace ", ""));
	actor_do(b, do_retire);
	assert_goes(a, do_synchronize, ASKING);
	dump(d);
	assert_true(has("thread id 0 ", " wait grace since_ns "));
	assert_true(has("thread id 1 ", " retired 1 "));
	assert_true(has("mask owing ", "00000002"));
	actor_do(b, do_checkpoint);
	assert_where(a, DONE);
	dump(d);
	assert_true(has("graces ", "periods 1 failed 0 retired 1 waiting 1"));
	assert_true(has("time to_grace ", "count 1 "));
	assert_true(has("delay last_grace ", "id 1 "));
	assert_true(has("delay worst_grace ", " where - name be late"));
}

/* Of as many threads as there can be, one line. */
static void a_long_mask_is_one_line(void)
{
	rdv_domain_attr attr = unit_attr();
	const char *line, *c;
	unsigned words = 0;
	rdv_domain *d;

	attr.max_threads = RDV_MAX_THREADS;
	d = unit_domain_attr(&attr);
	rdv_store_sc(&d->words, RDV_MASK_WORDS(RDV_MAX_THREADS));
	dump(d);
	line = strstr(text, "\nmask harmless ");
	assert_non_null(line);
	for (c = line + strlen("\nmask harmless"); *c == ' '; c += 9)
		words++;
	assert_int_equal(words, RDV_MASK_WORDS(RDV_MAX_THREADS));
	assert_memory_equal(c, "\nmask want_rdv ", strlen("\nmask want_rdv "));
}

static rdv_domain *in_handler;
static int pipes[2];

static void dump_in_handler(int number)
{
	(void)number;
	rdv_domain_dump(in_handler, pipes[1]);
}

static void do_raise(struct actor *a)
{
	CALL(a, raise(SIGUSR1));
}

static void a_handler_may_dump(void)
{
	struct sigaction action = {.sa_handler = dump_in_handler};
	rdv_domain *d = unit_domain();
	struct actor *a = actor_member(d, "a");
	ssize_t n;

	in_handler = d;
	assert_int_equal(pipe(pipes), 0);
	sigaction(SIGUSR1, &action, NULL);
	actor_do(a, do_isolate);
	actor_do(a, do_raise);
	close(pipes[1]);
	n = read(pipes[0], text, sizeof(text) - 1);
	assert_true(n > 0);
	text[n] = '\0';
	close(pipes[0]);
	assert_true(has("end", ""));
	assert_true(has("thread id 0 ", " depth 1 "));
	actor_do(a, do_release);
}

/* It may be any text, and is one word. */
static void where_it_was_called_is_a_word(void)
{
	rdv_domain *d = unit_domain();
	rdv_thread *self;

	assert_int_equal(rdv_thread_register(d, NULL, &self), 0);
	rdv_isolate_at(self, "my own place");
	dump(d);
	rdv_release(self);
	rdv_thread_unregister(self);
	assert_true(has("thread id 0 ", " where my_own_place name "));
}

static void what_write_says_is_returned(void)
{
	rdv_domain *d = unit_domain();
	int ret;

	CALL(NULL, ret = rdv_domain_dump(d, -1));
	assert_int_equal(ret, -EBADF);
	assert_int_equal(pipe(pipes), 0);
	close(pipes[0]);
	signal(SIGPIPE, SIG_IGN);
	CALL(NULL, ret = rdv_domain_dump(d, pipes[1]));
	assert_int_equal(ret, -EPIPE);
	close(pipes[1]);
}

static const struct unit_case cases[] = {
	UNIT(a_stuck_domain_tells_who_is_in_the_way, BOTH),
	UNIT(grace_periods_and_items, BOTH),
	UNIT(a_long_mask_is_one_line, ONLY_PLAIN),
	UNIT(a_handler_may_dump, BOTH),
	UNIT(where_it_was_called_is_a_word, ONLY_PLAIN),
	UNIT(what_write_says_is_returned, ONLY_PLAIN),
};

UNIT_MAIN("dump", cases)
