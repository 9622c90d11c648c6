/* SPDX-License-Identifier: MIT */
#ifndef BENCH_HTML_H
#define BENCH_HTML_H

#include "results.h"

#include <stdio.h>

/*
 * Writes the page.  Without gnuplot it has no plots, and says so.  Returns 0 or -errno.
 */
int html_write(FILE *page, const struct results *r);

#endif
