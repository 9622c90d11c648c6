/* SPDX-License-Identifier: MIT */
/* What the figures were made on and with. */
#ifndef BENCH_MACHINE_H
#define BENCH_MACHINE_H

#include <stdbool.h>
#include <stddef.h>

struct fact {
	const char *name;
	const char *value;
};

#define MAX_FACTS 16

/* The limits of our control group, in words. */
void cgroup_limits(char *text, size_t size);

/* Ends with a fact without a name. */
const struct fact *machine_facts(void);

#endif
