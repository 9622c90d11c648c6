/* SPDX-License-Identifier: MIT */
#ifndef BENCH_MODEL_H
#define BENCH_MODEL_H

#include <stdio.h>

/*
 * Measures what the machine takes for the things that librdv's operations are made of,
 * compares what the formulae make of that with what the scenarios measure, and computes
 * them for a larger machine.  Returns 0 or -errno.
 */
int model_print(FILE *out);

#endif
