/* SPDX-License-Identifier: MIT */
#ifndef BENCH_REPORT_H
#define BENCH_REPORT_H

#include "results.h"

#include <stdio.h>

void report_machine(FILE *out);
void report_torture(FILE *out, const struct results *r);
void report_tables(FILE *out, const struct results *r);

/* Returns 0 or -errno. */
int report_json(FILE *out, const struct results *r);

#endif
