/* SPDX-License-Identifier: MIT */
#include "progress.h"
#include "measure.h"

#include <stdarg.h>
#include <stdbool.h>
#include <stdio.h>
#include <unistd.h>

static bool shown;
static double total_ms, begun_ms; /* expected, of all and of the steps begun before */
static uint64_t start;

void progress_begin(double expected_ms)
{
	shown = isatty(STDERR_FILENO);
	total_ms = expected_ms;
	begun_ms = 0;
	start = now_ns();
}

/* The rest takes as much longer than expected as what is done did. */
static double remaining_s(void)
{
	double pace = 1;

	if (begun_ms > 0)
		pace = (double)(now_ns() - start) / NS_PER_MS / begun_ms;
	return (total_ms - begun_ms) * pace / 1000;
}

void progress_step(double expected_ms, const char *format, ...)
{
	char text[64];
	va_list args;

	if (!shown)
		return;
	va_start(args, format);
	vsnprintf(text, sizeof(text), format, args);
	va_end(args);
	fprintf(stderr, "\r%3.0f %%  about %.0f s left  %-63s", 100 * begun_ms / total_ms,
		remaining_s(), text);
	begun_ms += expected_ms;
}

void progress_end(void)
{
	if (shown)
		fprintf(stderr, "\r%90s\r", "");
}
