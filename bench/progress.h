/* SPDX-License-Identifier: MIT */
/* One line on stderr while the benchmark runs, if stderr is a terminal. */
#ifndef BENCH_PROGRESS_H
#define BENCH_PROGRESS_H

#include <stdbool.h>
#include <stdint.h>

/* How long all steps together are expected to take, and when they end at the latest. */
void progress_begin(double expected_ms, uint64_t deadline_ns);

/* This much of the expected time is left.  Steps may have been left out. */
void progress_at(double left_ms);

/* The benchmark is about to do this step. */
void progress_step(double expected_ms, const char *format, ...)
	__attribute__((format(printf, 2, 3)));
/* Call it before something else is written to the terminal. */
void progress_clear(void);
void progress_end(void);
bool progress_shown(void);

#endif
