/* SPDX-License-Identifier: MIT */
/*
 * Files for results.  A result is written to a new file beside the old one, which is then
 * renamed.  So a file of that name is either the old one or complete.
 */
#ifndef BENCH_OUTPUT_H
#define BENCH_OUTPUT_H

#include "results.h"

#include <stdio.h>

/* Exits with a message that names the option, if the file cannot be written. */
void output_check(const char *option, const char *name);

/*
 * Partial results do not replace a file that exists.  They get a file of their own, and a
 * message tells its name.  Returns 0, or -errno after a message.
 */
int output_write(const char *name, int (*write)(FILE *out, const struct results *r),
		 const struct results *r);

#endif
