/* SPDX-License-Identifier: MIT */
/* What the figures were made on and with. */
#ifndef BENCH_MACHINE_H
#define BENCH_MACHINE_H

struct fact {
	const char *name;
	const char *value;
};

#define MAX_FACTS 12

/* Ends with a fact without a name. */
const struct fact *machine_facts(void);

#endif
