/* SPDX-License-Identifier: MIT */
/*
 * The watchdog: a thread that counts the ticks in which nobody in the process made
 * progress.  It counts its own, so that time in which the process is stopped does
 * not count.
 */
#ifndef STRESS_WATCH_H
#define STRESS_WATCH_H

/* Once per process, and again in the child of a fork(). */
void watch_start(void);

/* Something happened that is no operation of the crew. */
void watch_progress(void);

#endif
