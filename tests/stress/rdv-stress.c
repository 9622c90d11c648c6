/* SPDX-License-Identifier: MIT */
/*
 * rdv-stress: runs scenarios, one process after the other, and sums up.
 */
#include "crew.h"
#include "ops.h"
#include "options.h"
#include "perturb.h"
#include "scenarios.h"
#include "state.h"
#include "stress.h"
#include "watch.h"

#include <signal.h>
#include <stdarg.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/mman.h>
#include <sys/prctl.h>
#include <sys/resource.h>
#include <sys/wait.h>
#include <time.h>
#include <unistd.h>

struct outcome *outcome;
const struct scenario *scenario;
enum sabotage sabotage;

static double scenario_end; /* on now()'s clock */

/* The child of a fork() may create threads, says the manual of ThreadSanitizer;
 * it only thinks it unwise. */
const char *__tsan_default_options(void);
const char *__tsan_default_options(void)
{
	return "die_after_fork=0";
}

/* ----------------------------------------------------------------- in a scenario */

static double now(void)
{
	struct timespec t;

	clock_gettime(CLOCK_MONOTONIC, &t);
	return (double)t.tv_sec + (double)t.tv_nsec / 1e9;
}

bool time_left(void)
{
	return now() < scenario_end;
}

uint64_t scenario_seed(void)
{
	return rng_mix(options.seed ^ rng_hash(scenario->name));
}

/* Who fails second has nothing to add. */
noreturn void fail(const char *format, ...)
{
	static int failed;
	char why[sizeof(outcome->why)];
	va_list args;

	while (__atomic_exchange_n(&failed, 1, __ATOMIC_SEQ_CST))
		pause();
	perturb_off();
	if (sabotage)
		_exit((sabotage == SABOTAGE_PROGRESS) == !strncmp(format, "stalled", 7)
			      ? STATUS_CAUGHT
			      : 1);
	va_start(args, format);
	vsnprintf(why, sizeof(why), format, args);
	va_end(args);
	dprintf(2, "rdv-stress: %s\nscenario %s, --seed %llu --threads %u\n", why,
		scenario->name, (unsigned long long)options.seed, options.threads);
	state_dump();
	if (!outcome->why[0]) /* the child of a fork() may have known more */
		memcpy(outcome->why, why, sizeof(why));
	abort();
}

noreturn void skip(const char *format, ...)
{
	va_list args;

	va_start(args, format);
	vsnprintf(outcome->why, sizeof(outcome->why), format, args);
	va_end(args);
	_exit(STATUS_SKIPPED);
}

/* ------------------------------------------------------------------- processes */

/* Runs it in a child; returns its wait status, or -1 if it gave no sign of life. */
static int in_process(const struct scenario *s, double seconds)
{
	const struct timespec tick = {0, 5000000};
	double limit = now() + 3 * seconds + 2.0 * options.stall + 60;
	int status;
	pid_t pid;

	fflush(NULL);
	pid = fork();
	if (pid < 0) {
		perror("rdv-stress: fork");
		exit(1);
	}
	if (!pid) {
		prctl(PR_SET_PDEATHSIG, SIGKILL);
		scenario = s;
		scenario_end = now() + seconds;
		perturb_set(PERTURBATION_NORMAL);
		watch_start();
		s->run();
		exit(STATUS_PASSED);
	}
	while (waitpid(pid, &status, WNOHANG) != pid) {
		nanosleep(&tick, NULL);
		if (now() < limit)
			continue;
		kill(pid, SIGKILL);
		waitpid(pid, &status, 0);
		return -1;
	}
	return status;
}

/* --------------------------------------------------------------------- controls */

static void control(void)
{
	struct plan plan = crew_plan(ops_control);

	plan.sync = false;
	/* a busy machine may not get far in that time */
	for (unsigned n = 0; n < 1000 || time_left(); n++) {
		crew_open(&plan);
		crew_burst(50);
		crew_close();
	}
}

static const struct {
	const char *what;
	enum sabotage sabotage;
} controls[] = {
	{"isolation is omitted", SABOTAGE_ISOLATION},
	{"isolation is omitted, and the canary is alone", SABOTAGE_CANARY},
	{"objects are freed too early", SABOTAGE_GRACE},
	{"a thread is not kept", SABOTAGE_KEEP},
	{"a thread stands still", SABOTAGE_PROGRESS},
};

/* Whether all that is out of order on purpose is noticed. */
static bool controls_hold(void)
{
	static const struct scenario s = {"control", "", 0, control};
	const unsigned stall = options.stall;
	bool hold = true;
	int status;

	for (size_t i = 0; i < sizeof(controls) / sizeof(*controls); i++) {
		sabotage = controls[i].sabotage;
		options.stall = sabotage == SABOTAGE_PROGRESS ? 0 : stall;
		status = in_process(&s, 30 * slowness());
		if (WIFEXITED(status) && WEXITSTATUS(status) == STATUS_CAUGHT)
			continue;
		printf("FAIL  control: %s, and nobody noticed (status %x)\n",
		       controls[i].what, (unsigned)status);
		hold = false;
	}
	options.stall = stall;
	sabotage = SABOTAGE_NONE;
	memset(outcome, 0, sizeof(*outcome));
	if (hold)
		printf("ok    control: isolation omitted, freed too early, not kept, a "
		       "stall: noticed\n");
	return hold;
}

/* ----------------------------------------------------------------------- results */

static struct {
	unsigned passed, failed, skipped;
} total;

static void print_counts(void)
{
	const struct {
		const char *what;
		uint64_t n;
	} counts[] = {
		{"domains", outcome->domains},
		{"bursts", outcome->bursts},
		{"isolations", outcome->isolations},
		{"refusals", outcome->refusals},
		{"sync-points", outcome->syncs},
		{"births", outcome->births},
		{"forks", outcome->forks},
		{"signals", outcome->signals},
		{"stops", outcome->stops},
		{"grace periods", outcome->graces},
		{"kept", outcome->kept},
		{"objects freed", outcome->freed},
	};
	const char *separator = ": ";

	for (size_t i = 0; i < sizeof(counts) / sizeof(*counts); i++) {
		if (!counts[i].n)
			continue;
		printf("%s%llu %s", separator, (unsigned long long)counts[i].n,
		       counts[i].what);
		separator = ", ";
	}
	putchar('\n');
}

static void run(const struct scenario *s, double seconds)
{
	double begun = now();
	int status;

	memset(outcome, 0, sizeof(*outcome));
	status = in_process(s, seconds);
	if (outcome->cgroup[0])
		rmdir(outcome->cgroup);
	if (status == STATUS_PASSED) {
		total.passed++;
		printf("ok    %s, %.1f s", s->name, now() - begun);
		print_counts();
	} else if (status != -1 && WIFEXITED(status) &&
		   WEXITSTATUS(status) == STATUS_SKIPPED) {
		total.skipped++;
		printf("SKIP  %s: %s\n", s->name, outcome->why);
	} else {
		total.failed++;
		printf("FAIL  %s, %.1f s: %s (status %x), --seed %llu\n", s->name,
		       now() - begun,
		       status == -1      ? "no sign of life"
		       : outcome->why[0] ? outcome->why
					 : "it crashed",
		       (unsigned)status, (unsigned long long)options.seed);
	}
}

/* A thousand threads have a thousand pollers. */
static void raise_limits(void)
{
	struct rlimit limit;

	if (getrlimit(RLIMIT_NOFILE, &limit))
		return;
	limit.rlim_cur = limit.rlim_max;
	setrlimit(RLIMIT_NOFILE, &limit);
}

int main(int argc, char **argv)
{
	unsigned i, shares = 0;

	options_parse(argc, argv);
	signal(SIGCHLD, SIG_DFL); /* or there would be no child to wait for */
	raise_limits();
	outcome = mmap(NULL, sizeof(*outcome), PROT_READ | PROT_WRITE,
		       MAP_SHARED | MAP_ANONYMOUS, -1, 0);
	if (outcome == MAP_FAILED) {
		perror("rdv-stress: mmap");
		return 1;
	}
	setvbuf(stdout, NULL, _IOLBF, 0);
	for (i = 0; scenarios[i].name; i++)
		shares += options_choose(&scenarios[i]) ? scenarios[i].share : 0;
	printf("rdv-stress --seconds %g --seed %llu --threads %u\n", options.seconds,
	       (unsigned long long)options.seed, options.threads);
	total.failed += !controls_hold();
	for (i = 0; scenarios[i].name; i++)
		if (options_choose(&scenarios[i]))
			run(&scenarios[i], options.seconds * scenarios[i].share / shares);
	printf("%u passed, %u failed, %u skipped\n", total.passed, total.failed,
	       total.skipped);
	if (total.failed)
		return 1;
	return total.passed ? 0 : STATUS_SKIPPED;
}
