/* SPDX-License-Identifier: MIT */
/* The plots of the report. */
#ifndef BENCH_PLOTS_H
#define BENCH_PLOTS_H

#include "results.h"

#include <stdio.h>

/* Writes all plots of one scenario, as figures of a page. */
void plots_of(FILE *page, const struct results *r, const struct table *t);

#endif
