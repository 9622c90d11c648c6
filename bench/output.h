/* SPDX-License-Identifier: MIT */
/*
 * Files that results are written to.  They are written beside and renamed, so that a file
 * of that name is either what it was or complete.
 */
#ifndef BENCH_OUTPUT_H
#define BENCH_OUTPUT_H

#include "results.h"

#include <stdio.h>

/* Leaves with a message that names the option unless the file can be written. */
void output_check(const char *option, const char *name);

/*
 * Partial results do not replace a file that is there: they get one of their own, whose
 * name a message tells.  Returns 0, or -errno after a message.
 */
int output_write(const char *name, int (*write)(FILE *out, const struct results *r),
		 const struct results *r);

#endif
