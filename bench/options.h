/* SPDX-License-Identifier: MIT */
#ifndef BENCH_OPTIONS_H
#define BENCH_OPTIONS_H

#include "contender.h"
#include "results.h"

enum exit_code {
	EXIT_DONE = 0,    /* all was measured, whether targets are met or not */
	EXIT_ENVIRONMENT, /* the system refused something, or a contender hangs */
	EXIT_BAD_OPTION,
	EXIT_NOT_EXCLUSIVE, /* a contender failed the torture */
	EXIT_BLIND_TORTURE, /* the control passed it */
	EXIT_INTERRUPTED,   /* what had been measured was written */
};

struct options {
	const struct contender *contenders[MAX_CONTENDERS];
	unsigned n_contenders;
	bool contenders_named; /* named by the user: a missing one is an error */
	const struct scenario *scenarios[MAX_SCENARIOS];
	unsigned n_scenarios;
	bool model;
	const char *json;   /* a file's name, or NULL */
	const char *report; /* a directory's name, or NULL */
};

/* Fills options and settings.  After --help or a bad option it exits. */
void options_parse(struct options *o, int argc, char **argv);

/* Prints a line that names the option to stderr, and exits. */
_Noreturn void bad_option(const char *option, const char *format, ...)
	__attribute__((format(printf, 2, 3)));

#endif
