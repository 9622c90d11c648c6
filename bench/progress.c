/* SPDX-License-Identifier: MIT */
#include "progress.h"
#include "measure.h"

#include <math.h>
#include <stdarg.h>
#include <stdbool.h>
#include <stdio.h>
#include <sys/ioctl.h>
#include <unistd.h>

#define MAX_COLUMNS 160

static bool shown;
static double total_ms, left_ms; /* expected for all steps, and for those not begun */
static double shown_s;           /* the time left that was shown last */
static uint64_t start, deadline;

void progress_begin(double expected_ms, uint64_t deadline_ns)
{
	shown = isatty(STDERR_FILENO);
	total_ms = left_ms = expected_ms;
	deadline = deadline_ns;
	start = now_ns();
	shown_s = INFINITY;
}

void progress_at(double ms)
{
	left_ms = ms;
}

/*
 * The estimate: the steps that are left take longer than expected by the same factor as
 * those that are done, but they end by the deadline.  The time shown never goes up: it
 * may stand still.
 */
static double remaining_s(void)
{
	const uint64_t now = now_ns();
	const double done_ms = total_ms - left_ms;
	double pace = 1, most_s = 0;

	if (done_ms > 0)
		pace = fmax((double)(now - start) / NS_PER_MS / done_ms, 1);
	if (now < deadline)
		most_s = (double)(deadline - now) / NS_PER_S;
	shown_s = fmin(shown_s, fmin(left_ms * pace / 1000, most_s));
	return shown_s;
}

/* The last column stays free, because some terminals begin a new line after it. */
static int columns(void)
{
	struct winsize size;

	if (ioctl(STDERR_FILENO, TIOCGWINSZ, &size) || size.ws_col < 2)
		return 79;
	return size.ws_col > MAX_COLUMNS ? MAX_COLUMNS : size.ws_col - 1;
}

void progress_step(double expected_ms, const char *format, ...)
{
	char text[MAX_COLUMNS + 1], line[MAX_COLUMNS + 64];
	const int width = columns();
	va_list args;

	if (!shown)
		return;
	va_start(args, format);
	vsnprintf(text, sizeof(text), format, args);
	va_end(args);
	snprintf(line, sizeof(line), "%3.0f %%  about %.0f s left  %s",
		 100 * (1 - left_ms / total_ms), remaining_s(), text);
	fprintf(stderr, "\r%-*.*s", width, width, line);
	left_ms = fmax(left_ms - expected_ms, 0);
}

void progress_clear(void)
{
	if (shown)
		fprintf(stderr, "\r%*s\r", columns(), "");
}

void progress_end(void)
{
	progress_clear();
	shown = false;
}

bool progress_shown(void)
{
	return shown;
}
