/* SPDX-License-Identifier: MIT */
/* One line on stderr while the benchmark runs, if somebody sits there. */
#ifndef BENCH_PROGRESS_H
#define BENCH_PROGRESS_H

void progress_begin(double expected_ms); /* of all steps together */
void progress_step(double expected_ms, const char *format, ...)
	__attribute__((format(printf, 2, 3))); /* about to do this */
void progress_end(void);

#endif
