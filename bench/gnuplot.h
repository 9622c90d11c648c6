/* SPDX-License-Identifier: MIT */
/* Runs gnuplot. */
#ifndef BENCH_GNUPLOT_H
#define BENCH_GNUPLOT_H

#include <stdbool.h>
#include <stdio.h>

bool gnuplot_found(void);

/*
 * Writes the SVG that the script draws, without what comes before its element.  Puts
 * prefix in front of its names, so that several can be in one page.  Returns 0 or -errno.
 */
int gnuplot_draw(FILE *script, const char *prefix, FILE *out);

#endif
