/* SPDX-License-Identifier: MIT */
/*
 * The table in ten lines, for a reader who reads no further: librdv against the best
 * other.
 */
#ifndef BENCH_DIGEST_H
#define BENCH_DIGEST_H

#include "results.h"

#define MAX_DIGEST 10

struct digest_line {
	char what[48];  /* "isolate while 1023 threads sleep" */
	char ours[16];  /* "60.1 ns" */
	char other[16]; /* "71.3 ns" */
	const char *other_name;
	double better;    /* how many times better we are; below 1: worse */
	char verdict[32]; /* "1.2x better" */
};

/* Fills in the entries that have been measured.  Returns how many. */
unsigned digest(const struct results *r, struct digest_line *lines);

#endif
