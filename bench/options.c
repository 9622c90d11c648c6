/* SPDX-License-Identifier: MIT */
#include "options.h"
#include "load.h"

#include <errno.h>
#include <getopt.h>
#include <stdarg.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#define QUICK_ROUNDS  3
#define FULL_ROUNDS   5
#define QUICK_SECONDS 150
#define FULL_SECONDS  1800
#define MAX_SECONDS   86400

static const char help[] =
	"Usage: rdv-bench [OPTION]...\n"
	"Measure what it costs to be alone for a moment: librdv beside its rivals,\n"
	"which run alternately in one process.\n"
	"\n"
	"  --quick            a look: fewer and shorter measurements, 3 minutes at most\n"
	"  --scenario LIST    only these, see --list\n"
	"  --contender LIST   only these, see --list\n"
	"  --threads LIST     these numbers of threads, where a scenario has several\n"
	"  --rounds N         rounds of each measurement, 1 to 99 (5, 3 with --quick)\n"
	"  --seconds N        at most about so long, 1 to 86400 (1800, 150 with "
	"--quick)\n"
	"  --load N           N computing processes beside it, 0 to 1024 (0)\n"
	"  --json FILE        write everything, with every sample, to FILE as well\n"
	"  --report DIR       write a page with plots, DIR/index.html; gnuplot draws "
	"them\n"
	"  --model            check the cost model of bench/README.md, and nothing else\n"
	"  --list             list scenarios and contenders\n"
	"  -h, --help         print this\n"
	"  -V, --version      print the version\n"
	"\n"
	"LIST is separated by commas.  Before it is timed each contender has to pass a\n"
	"torture of its exclusion, which a contender without synchronisation must fail.\n"
	"\n"
	"Exit status:\n"
	"  0  measured, whether or not the targets were met\n"
	"  1  the system refused something needed, or a contender hangs\n"
	"  2  an option is wrong\n"
	"  3  a contender failed the torture; the others were measured\n"
	"  4  the control passed the torture, so the torture cannot be trusted\n"
	"  5  interrupted; what had been measured was written, marked as partial\n";

_Noreturn void bad_option(const char *option, const char *format, ...)
{
	va_list args;

	fprintf(stderr, "rdv-bench: %s: ", option);
	va_start(args, format);
	vfprintf(stderr, format, args);
	va_end(args);
	fputc('\n', stderr);
	exit(EXIT_BAD_OPTION);
}

static const struct scenario *find_scenario(const char *name)
{
	for (unsigned i = 0; i < n_scenarios; i++)
		if (!strcasecmp(scenarios[i]->name, name))
			return scenarios[i];
	return NULL;
}

static void scenario_names(char *text, size_t size)
{
	int n = 0;

	for (unsigned i = 0; i < n_scenarios && (size_t)n < size; i++)
		n += snprintf(text + n, size - (size_t)n, " %s", scenarios[i]->name);
}

static void contender_names(char *text, size_t size)
{
	int n = 0;

	for (unsigned i = 0; i < n_contender_entries && (size_t)n < size; i++)
		n += snprintf(text + n, size - (size_t)n, " %s",
			      contender_entries[i].name);
}

static void add_scenario(struct options *o, const char *name)
{
	const struct scenario *s = find_scenario(name);
	char names[256];

	scenario_names(names, sizeof(names));
	if (!s)
		bad_option("--scenario", "expected some of%s, found '%s'", names, name);
	for (unsigned i = 0; i < o->n_scenarios; i++)
		if (o->scenarios[i] == s)
			return;
	o->scenarios[o->n_scenarios++] = s;
}

static const struct contender_entry *find_contender(const char *name)
{
	for (unsigned i = 0; i < n_contender_entries; i++)
		if (!strcmp(contender_entries[i].name, name))
			return &contender_entries[i];
	return NULL;
}

static void add_contender(struct options *o, const char *name)
{
	const struct contender_entry *e = find_contender(name);
	char names[256];

	contender_names(names, sizeof(names));
	if (!e)
		bad_option("--contender", "expected some of%s, found '%s'", names, name);
	if (!e->contender)
		bad_option("--contender", "%s is not built in, it needs %s", name,
			   e->needs);
	for (unsigned i = 0; i < o->n_contenders; i++)
		if (o->contenders[i] == e->contender)
			return;
	o->contenders[o->n_contenders++] = e->contender;
}

static unsigned parse_number(const char *option, const char *text, unsigned min,
			     unsigned max)
{
	unsigned long n;
	char *end;

	errno = 0;
	n = strtoul(text, &end, 10);
	if (*text < '0' || *text > '9' || *end || errno || n < min || n > max)
		bad_option(option, "expected a number from %u to %u, found '%s'", min,
			   max, text);
	return (unsigned)n;
}

/* A scenario adds the isolator to this number, and P10 adds its runners. */
static void add_threads(struct options *o, const char *text)
{
	unsigned n = parse_number("--threads", text, 1, MAX_THREADS - 15);

	(void)o;
	for (unsigned i = 0; i < settings.n_threads; i++)
		if (settings.threads[i] == n)
			return;
	if (settings.n_threads == MAX_POINTS / 2)
		bad_option("--threads", "expected at most %d numbers, found more",
			   MAX_POINTS / 2);
	settings.threads[settings.n_threads++] = n;
}

static void for_each(struct options *o, const char *option, char *list,
		     void (*add)(struct options *, const char *))
{
	char *item = list, *end;

	do {
		end = strchr(item, ',');
		if (end)
			*end = '\0';
		if (!*item)
			bad_option(option, "expected a list separated by commas, "
					   "found an empty item");
		add(o, item);
		item = end + 1;
	} while (end);
}

static void print_list(void)
{
	printf("scenarios\n");
	for (unsigned i = 0; i < n_scenarios; i++)
		printf("  %-10s %s\n", scenarios[i]->name, scenarios[i]->title);
	printf("contenders\n");
	for (unsigned i = 0; i < n_contender_entries; i++) {
		const struct contender_entry *e = &contender_entries[i];
		const char *missing =
			e->contender ? contender_missing(e->contender) : NULL;

		printf("  %-10s ", e->name);
		if (!e->contender)
			printf("not built in, needs %s\n", e->needs);
		else if (missing)
			printf("%s; left out: %s\n", e->contender->what, missing);
		else
			printf("%s\n", e->contender->what);
	}
}

static void check_threads(const struct options *o)
{
	for (unsigned i = 0; i < o->n_scenarios; i++)
		if (!o->scenarios[i]->fixed)
			return;
	bad_option("--threads",
		   "expected a scenario with several numbers of threads, found %s%s",
		   o->scenarios[0]->name, o->n_scenarios > 1 ? " and the like" : "");
}

/* If nothing was chosen, everything is. */
static void set_defaults(struct options *o)
{
	if (!o->n_scenarios)
		for (unsigned i = 0; i < n_scenarios; i++)
			o->scenarios[o->n_scenarios++] = scenarios[i];
	o->contenders_named = o->n_contenders;
	if (!o->n_contenders)
		for (unsigned i = 0; i < n_contender_entries; i++)
			if (contender_entries[i].contender)
				o->contenders[o->n_contenders++] =
					contender_entries[i].contender;
	if (!settings.rounds)
		settings.rounds = settings.quick ? QUICK_ROUNDS : FULL_ROUNDS;
	if (!settings.seconds)
		settings.seconds = settings.quick ? QUICK_SECONDS : FULL_SECONDS;
}

static _Noreturn void exit_written(void)
{
	if (!fflush(stdout))
		exit(EXIT_DONE);
	fprintf(stderr, "rdv-bench: standard output: %s\n", strerror(errno));
	exit(EXIT_ENVIRONMENT);
}

static void parse_one(struct options *o, int option)
{
	switch (option) {
	case 'q':
		settings.quick = true;
		return;
	case 's':
		for_each(o, "--scenario", optarg, add_scenario);
		return;
	case 'c':
		for_each(o, "--contender", optarg, add_contender);
		return;
	case 't':
		for_each(o, "--threads", optarg, add_threads);
		return;
	case 'r':
		settings.rounds = parse_number("--rounds", optarg, 1, MAX_ROUNDS);
		return;
	case 'S':
		settings.seconds = parse_number("--seconds", optarg, 1, MAX_SECONDS);
		return;
	case 'L':
		settings.load = parse_number("--load", optarg, 0, MAX_LOAD);
		return;
	case 'j':
		o->json = optarg;
		return;
	case 'R':
		o->report = optarg;
		return;
	case 'm':
		o->model = true;
		return;
	case 'l':
		print_list();
		exit_written();
	case 'h':
		fputs(help, stdout);
		exit_written();
	case 'V':
		puts("rdv-bench " PACKAGE_VERSION);
		exit_written();
	default: /* getopt has printed what is wrong */
		exit(EXIT_BAD_OPTION);
	}
}

void options_parse(struct options *o, int argc, char **argv)
{
	static const struct option known[] = {
		{"quick", no_argument, NULL, 'q'},
		{"scenario", required_argument, NULL, 's'},
		{"contender", required_argument, NULL, 'c'},
		{"threads", required_argument, NULL, 't'},
		{"rounds", required_argument, NULL, 'r'},
		{"seconds", required_argument, NULL, 'S'},
		{"load", required_argument, NULL, 'L'},
		{"json", required_argument, NULL, 'j'},
		{"report", required_argument, NULL, 'R'},
		{"model", no_argument, NULL, 'm'},
		{"list", no_argument, NULL, 'l'},
		{"help", no_argument, NULL, 'h'},
		{"version", no_argument, NULL, 'V'},
		{NULL, 0, NULL, 0},
	};
	int option;

	memset(o, 0, sizeof(*o));
	while ((option = getopt_long(argc, argv, "hV", known, NULL)) != -1)
		parse_one(o, option);
	if (optind < argc)
		bad_option(argv[optind], "expected an option, see --help");
	if (o->model && argc > 2)
		bad_option("--model", "expected no other option beside it");
	set_defaults(o);
	if (settings.n_threads)
		check_threads(o);
}
