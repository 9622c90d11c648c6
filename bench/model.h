/* SPDX-License-Identifier: MIT */
#ifndef BENCH_MODEL_H
#define BENCH_MODEL_H

#include <stdio.h>

/*
 * Measures the parts that librdv's operations are made of, on this machine.  Compares the
 * predictions of the formulae with what the scenarios measure.  Computes the formulae for
 * a larger machine.  Returns 0 or -errno.
 */
int model_print(FILE *out);

#endif
