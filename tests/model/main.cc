/* SPDX-License-Identifier: MIT */
/*
 * rdv-model - runs the scenarios of the model.
 */
#include <atomic> /* before the model's own */

#include "fixture.h"

#include <getopt.h>
#include <stdio.h>
#include <sys/mman.h>
#include <sys/wait.h>
#include <unistd.h>

static const char usage[] =
	"usage: rdv-model [OPTION]...\n"
	"Runs the protocol of librdv in a model of memory, threads and the kernel.\n"
	"\n"
	"  --list              name the scenarios\n"
	"  --scenario NAME     run this one; or 'all' (default); may be repeated\n"
	"  --executions N      of each scenario, at most (default 100000)\n"
	"  --seconds S         for each scenario, at most\n"
	"  --seed N            of the random search (default 1)\n"
	"  --search random     random executions (default)\n"
	"           bound[=N]  all executions with at most N preemptions (default 2)\n"
	"           full       all executions\n"
	"  --weaken FILE:LINE:OPERATION=ORDER\n"
	"                      that access has this order (load, store, xchg, add, sub,\n"
	"                      and, or, cas; relaxed, acquire, release, acq_rel)\n"
	"  --first N           begin with the execution of this number\n"
	"  --history           print the execution that failed\n"
	"  --stop              at the first scenario that fails\n"
	"  --jobs N            scenarios at a time (default 1)\n"
	"\n"
	"Exits with 1 if a scenario failed, 2 if the options make no sense, 3 if no "
	"scenario\n"
	"came to the access that is to be weaker.\n";

static struct model_run options;

static const char *names[64];
static unsigned names_n;
static bool stop;
static unsigned jobs = 1;

static bool search(const char *arg)
{
	if (!strcmp(arg, "random"))
		options.search = MODEL_RANDOM;
	else if (!strcmp(arg, "full"))
		options.search = MODEL_FULL;
	else if (!strncmp(arg, "bound", 5) && (!arg[5] || arg[5] == '='))
		options.search = MODEL_BOUND;
	else
		return false;
	if (arg[0] == 'b' && arg[5])
		options.bound = (unsigned)strtoul(arg + 6, nullptr, 0);
	return true;
}

static bool weaken(const char *arg)
{
	static const struct {
		const char *name;
		int order;
	} orders[] = {
		{"relaxed", __ATOMIC_RELAXED},
		{"acquire", __ATOMIC_ACQUIRE},
		{"release", __ATOMIC_RELEASE},
		{"acq_rel", __ATOMIC_ACQ_REL},
	};
	struct model_weakening &w = options.weakening;
	char order[16];

	if (sscanf(arg, "%31[^:]:%u:%15[a-z]=%15s", w.file, &w.line, w.operation,
		   order) != 4)
		return false;
	for (auto &o : orders)
		if (!strcmp(order, o.name)) {
			w.order = o.order;
			return w.line;
		}
	return false;
}

static bool is_scenario(const char *name)
{
	for (const struct scenario &s : all_scenarios())
		if (!strcmp(s.name, name))
			return true;
	fprintf(stderr, "rdv-model: no scenario '%s', see --list\n", name);
	return false;
}

static void list()
{
	for (const struct scenario &s : all_scenarios())
		printf("%s\n", s.name);
}

static bool parse(int argc, char **argv)
{
	static const struct option longs[] = {
		{"list", no_argument, nullptr, 'l'},
		{"scenario", required_argument, nullptr, 'n'},
		{"executions", required_argument, nullptr, 'e'},
		{"seconds", required_argument, nullptr, 't'},
		{"seed", required_argument, nullptr, 's'},
		{"search", required_argument, nullptr, 'k'},
		{"weaken", required_argument, nullptr, 'w'},
		{"first", required_argument, nullptr, 'f'},
		{"history", no_argument, nullptr, 'H'},
		{"stop", no_argument, nullptr, 'S'},
		{"jobs", required_argument, nullptr, 'j'},
		{"help", no_argument, nullptr, 'h'},
		{},
	};
	int c;

	options.bound = 2;
	options.seed = options.first = 1;
	options.executions = 100000;
	while ((c = getopt_long(argc, argv, "", longs, nullptr)) != -1) {
		switch (c) {
		case 'l':
			list();
			exit(0);
		case 'n':
			if (!strcmp(optarg, "all"))
				break;
			if (names_n == 64 || !is_scenario(optarg))
				return false;
			names[names_n++] = optarg;
			break;
		case 'e':
			options.executions = strtoull(optarg, nullptr, 0);
			break;
		case 't':
			options.seconds = strtod(optarg, nullptr);
			options.executions = UINT64_MAX;
			break;
		case 's':
			options.seed = strtoull(optarg, nullptr, 0);
			break;
		case 'k':
			if (!search(optarg))
				return false;
			break;
		case 'w':
			if (!weaken(optarg))
				return false;
			break;
		case 'f':
			options.first = strtoull(optarg, nullptr, 0);
			break;
		case 'H':
			options.history = true;
			break;
		case 'S':
			stop = true;
			break;
		case 'j':
			jobs = (unsigned)strtoul(optarg, nullptr, 0);
			break;
		case 'h':
			fputs(usage, stdout);
			exit(0);
		default:
			return false;
		}
	}
	return optind == argc;
}

static bool asked_for(const char *name)
{
	for (unsigned i = 0; i < names_n; i++)
		if (!strcmp(names[i], name))
			return true;
	return !names_n;
}

static const char *how(char *buffer, size_t size)
{
	switch (options.search) {
	case MODEL_RANDOM:
		snprintf(buffer, size, "random, seed %llu",
			 (unsigned long long)options.seed);
		break;
	case MODEL_BOUND:
		snprintf(buffer, size, "at most %u preemptions", options.bound);
		break;
	case MODEL_FULL:
		snprintf(buffer, size, "every execution");
		break;
	}
	return buffer;
}

/* Shared by the jobs. */
static struct work {
	std::atomic<unsigned> taken; /* scenarios, from the first on */
	std::atomic<bool> failed, weakened;
} * work;

/* False if it failed. */
static bool one(const struct scenario *scenario)
{
	struct model_run run = options;
	char buffer[64];

	model_execute(scenario, &run);
	if (run.weakened)
		work->weakened = true;
	printf("%-28s %10llu  %s (%s%s)\n", scenario->name, (unsigned long long)run.done,
	       run.failed ? run.why : "ok", how(buffer, sizeof(buffer)),
	       run.exhausted ? ", exhausted" : "");
	return !run.failed;
}

/* Takes one scenario after the other. */
static void work_off()
{
	unsigned mine = work->taken++, number = 0;

	for (const struct scenario &s : all_scenarios()) {
		if (!asked_for(s.name) || number++ != mine)
			continue;
		if (stop && work->failed)
			return;
		if (!one(&s))
			work->failed = true;
		mine = work->taken++;
	}
}

/* Relacy has global variables, so each job is a process. */
static bool start_jobs()
{
	for (unsigned i = 1; i < jobs; i++) {
		pid_t child = fork();

		if (child < 0)
			return false;
		if (!child) {
			work_off();
			fflush(stdout);
			_exit(0);
		}
	}
	return true;
}

/* A job that was killed has not told how its scenario ended. */
static bool jobs_ended_well()
{
	bool well = true;
	int status;

	while (wait(&status) > 0)
		well = WIFEXITED(status) && !WEXITSTATUS(status) && well;
	return well;
}

int main(int argc, char **argv)
{
	bool well;

	if (!parse(argc, argv)) {
		fputs(usage, stderr);
		return 2;
	}
	setvbuf(stdout, nullptr, _IOLBF, 0);
	work = static_cast<struct work *>(mmap(nullptr, sizeof(*work),
					       PROT_READ | PROT_WRITE,
					       MAP_SHARED | MAP_ANONYMOUS, -1, 0));
	if (work == MAP_FAILED || !start_jobs()) {
		perror("rdv-model");
		return 2;
	}
	work_off();
	well = jobs_ended_well();
	if (options.weakening.line && !work->weakened && well) {
		fprintf(stderr, "rdv-model: no scenario has a %s in line %u of %s\n",
			options.weakening.operation, options.weakening.line,
			options.weakening.file);
		return 3;
	}
	return work->failed || !well;
}
