/* SPDX-License-Identifier: MIT */
/*
 * The same properties over librdv and all that the benchmark compares it with.  Each is
 * shown in a process of its own, which an alarm ends if it hangs.  Then the controls: one
 * that never waits must fail what is about excluding, one that waits for everybody must
 * hang where isolate has to return.
 */
#include "../../bench/settings.h"
#include "compare.h"

#include <stdio.h>
#include <stdlib.h>
#include <sys/wait.h>
#include <unistd.h>

#ifdef __has_feature
#if __has_feature(thread_sanitizer)
#define RACES_BY_INTENT
#endif
#endif
#ifdef __SANITIZE_THREAD__
#define RACES_BY_INTENT
#endif

#define HUNG_SECONDS    600
#define CONTROL_SECONDS 1 /* what hangs for ever has not returned by then either */
#define CONTROL_PLAYS   20

enum outcome { HOLDS, FAILS, HANGS };

static unsigned point, failures;

static void show(const struct contender *c, const struct property *p)
{
	const char *wrong = p->holds(c);

	if (wrong)
		printf("# %s: %s\n", c->name, wrong);
	fflush(stdout);
	_exit(wrong ? FAILS : HOLDS);
}

static enum outcome outcome_of(const struct contender *c, const struct property *p,
			       unsigned seconds)
{
	pid_t child;
	int status;

	fflush(stdout);
	child = fork();
	if (!child) {
		alarm(seconds);
		show(c, p);
	}
	if (child < 0 || waitpid(child, &status, 0) != child) {
		puts("Bail out! no child process");
		exit(EXIT_FAILURE);
	}
	if (WIFSIGNALED(status) && WTERMSIG(status) == SIGALRM)
		return HANGS;
	return WIFEXITED(status) && WEXITSTATUS(status) == HOLDS ? HOLDS : FAILS;
}

static void report(bool ok, const char *who, const char *what)
{
	printf("%sok %u - %s: %s\n", ok ? "" : "not ", ++point, who, what);
	failures += !ok;
}

static void show_each(const struct contender *c, const struct property *p, unsigned n)
{
	for (; n--; p++)
		report(outcome_of(c, p, HUNG_SECONDS) == HOLDS, c->name, p->name);
}

/* Those that are for one scenario of the benchmark isolate like the others. */
static void show_all(const struct contender *c)
{
	if (!c->only)
		show_each(c, properties, n_properties);
	if (c->grace)
		show_each(c, grace_properties, n_grace_properties);
}

/* Without synchronisation the threads may miss each other, but not each time. */
static bool fails_once(const struct contender *c, const struct property *p)
{
	for (unsigned i = 0; i < CONTROL_PLAYS; i++)
		if (outcome_of(c, p, HUNG_SECONDS) == FAILS)
			return true;
	return false;
}

/* Waits for harmless threads too, which only leave when it has returned. */
static void wait_for_ever(void *self)
{
	(void)self;
	for (;;)
		pause();
}

static void nothing(void *self)
{
	(void)self;
}

static void call_at_once(void *self, struct grace_item *item)
{
	(void)self;
	grace_item_call(item);
}

static void show_controls(const struct property *p, unsigned n)
{
	static const struct grace_calls none = {nothing, nothing, call_at_once, nothing};
	static const struct grace_calls ever = {nothing, wait_for_ever, call_at_once,
						wait_for_ever};
	struct contender early = contender_none, stubborn = contender_none;

	early.grace = &none;
	stubborn.name = "stubborn";
	stubborn.isolate = wait_for_ever;
	stubborn.grace = &ever;
	for (; n--; p++)
		if (p->returns)
			report(outcome_of(&stubborn, p, CONTROL_SECONDS) == HANGS,
			       "the control that waits for all hangs", p->name);
		else
			report(fails_once(&early, p),
			       "the control that waits for nobody fails", p->name);
}

static void show_entry(const struct contender_entry *e)
{
	const char *missing = e->contender ? contender_missing(e->contender) : NULL;

	if (!e->contender)
		printf("ok %u - %s # SKIP not built in, it needs %s\n", ++point, e->name,
		       e->needs);
	else if (missing)
		printf("ok %u - %s # SKIP %s\n", ++point, e->name, missing);
	else
		for (const struct contender *c = e->contender; c; c = c->wider)
			show_all(c);
}

int main(void)
{
#ifdef RACES_BY_INTENT
	puts("1..0 # SKIP the controls are data races by intent");
	return EXIT_SUCCESS;
#endif
	settings.quick = true;
	measure_init();
	for (unsigned i = 0; i < n_contender_entries; i++)
		show_entry(&contender_entries[i]);
	show_controls(properties, n_properties);
	show_controls(grace_properties, n_grace_properties);
	printf("1..%u\n", point);
	return failures ? EXIT_FAILURE : EXIT_SUCCESS;
}
