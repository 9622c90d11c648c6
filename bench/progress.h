/* SPDX-License-Identifier: MIT */
/* One line on stderr while the benchmark runs, if somebody sits there. */
#ifndef BENCH_PROGRESS_H
#define BENCH_PROGRESS_H

#include <stdbool.h>
#include <stdint.h>

/* What all steps together are expected to take, and when they end at the latest. */
void progress_begin(double expected_ms, uint64_t deadline_ns);

/* So much of what is expected is left: steps may have been left out. */
void progress_at(double left_ms);

/* About to do this. */
void progress_step(double expected_ms, const char *format, ...)
	__attribute__((format(printf, 2, 3)));
/* Before something else is written to the terminal. */
void progress_clear(void);
void progress_end(void);
bool progress_shown(void);

#endif
