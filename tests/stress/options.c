/* SPDX-License-Identifier: MIT */
#include "options.h"
#include "crew.h"
#include "scenarios.h"

#include <errno.h>
#include <getopt.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <time.h>
#include <unistd.h>

struct options options = {
	.seconds = 60,
	.threads = 8,
	.stall = 20,
};

static const char *chosen; /* names between commas; NULL: all */

unsigned slowness(void)
{
	const char *preload = getenv("LD_PRELOAD");

	if (preload && strstr(preload, "vgpreload"))
		return 10; /* valgrind */
	return STRESS_TSAN ? 4 : STRESS_ASAN ? 2 : 1;
}

static const char usage[] =
	"usage: rdv-stress [OPTION]...\n\n"
	"  --seconds N      for all scenarios together (60)\n"
	"  --seed N         of all decisions (the clock)\n"
	"  --threads N      at most, in most scenarios (8)\n"
	"  --scenario LIST  these alone, separated by commas\n"
	"  --stall N        seconds without progress that are too many (20)\n"
	"  --list           say what there is\n\n"
	"Exit status: 0 passed, 1 failed, 2 bad option, 77 nothing could run.\n";

static noreturn void refuse(const char *option, const char *value)
{
	fprintf(stderr, "rdv-stress: --%s %s: not a value, see --help and --list\n",
		option, value);
	exit(2);
}

/* The value of the option, from min to max. */
static unsigned long long number(const char *option, unsigned long long min,
				 unsigned long long max)
{
	unsigned long long value;
	char *end;

	errno = 0;
	value = strtoull(optarg, &end, 0);
	if (errno || end == optarg || *end || *optarg == '-' || value < min ||
	    value > max)
		refuse(option, optarg);
	return value;
}

static double duration(void)
{
	char *end;
	double value = strtod(optarg, &end);

	if (end == optarg || *end || !(value >= 0 && value <= 1e6))
		refuse("seconds", optarg);
	return value;
}

/* The length of the first name of the list. */
static size_t first(const char *names)
{
	return strcspn(names, ",");
}

static const char *next(const char *names)
{
	names += first(names);
	return *names ? names + 1 : NULL;
}

static bool is_in(const char *names, const char *name)
{
	for (; names; names = next(names))
		if (first(names) == strlen(name) && !strncmp(names, name, first(names)))
			return true;
	return false;
}

bool options_choose(const struct scenario *s)
{
	return !chosen || is_in(chosen, s->name);
}

/* All of the names must be those of scenarios. */
static void choose(const char *names)
{
	const char *name;
	char copy[40];
	unsigned i;

	chosen = names;
	for (name = names; name; name = next(name)) {
		snprintf(copy, sizeof(copy), "%.*s", (int)first(name), name);
		for (i = 0; scenarios[i].name && strcmp(scenarios[i].name, copy); i++)
			;
		if (!scenarios[i].name)
			refuse("scenario", copy);
	}
}

static noreturn void list(void)
{
	for (unsigned i = 0; scenarios[i].name; i++)
		printf("%-10s %s\n", scenarios[i].name, scenarios[i].what);
	exit(0);
}

void options_parse(int argc, char **argv)
{
	static const struct option known[] = {
		{"seconds", required_argument, NULL, 's'},
		{"seed", required_argument, NULL, 'r'},
		{"threads", required_argument, NULL, 't'},
		{"scenario", required_argument, NULL, 'S'},
		{"stall", required_argument, NULL, 'w'},
		{"list", no_argument, NULL, 'l'},
		{"help", no_argument, NULL, 'h'},
		{NULL, 0, NULL, 0},
	};
	int option;

	options.stall *= slowness();
	options.seed = (uint64_t)time(NULL) ^ (uint64_t)getpid() << 32;
	while ((option = getopt_long(argc, argv, "", known, NULL)) != -1) {
		if (option == 's') {
			options.seconds = duration();
		} else if (option == 'r') {
			options.seed = number("seed", 0, UINT64_MAX);
		} else if (option == 't') {
			options.threads = (unsigned)number("threads", 2, CREW_MAX);
		} else if (option == 'w') {
			options.stall = (unsigned)number("stall", 1, 100000);
		} else if (option == 'S') {
			choose(optarg);
		} else if (option == 'l') {
			list();
		} else {
			fputs(usage, option == 'h' ? stdout : stderr);
			exit(option == 'h' ? 0 : 2);
		}
	}
	if (optind < argc) {
		fputs(usage, stderr);
		exit(2);
	}
}
