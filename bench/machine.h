/* SPDX-License-Identifier: MIT */
/* The machine and the software that the figures come from. */
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

/* The list ends with a fact that has no name. */
const struct fact *machine_facts(void);

#endif
