/* SPDX-License-Identifier: MIT */
/*
 * A thread of its own takes SIGINT, SIGTERM and SIGHUP. So the results so far are written
 * at once, whatever the contenders do at that moment.
 */
#ifndef BENCH_INTERRUPT_H
#define BENCH_INTERRUPT_H

/*
 * Call it before there are other threads.  When the first of these signals comes, a
 * thread of its own calls act(signal).  A second signal ends the process.  Returns 0 or
 * -errno.
 */
int interrupt_watch(void (*act)(int signal));

/* From now on these signals end the process.  act() is not called any more. */
void interrupt_forget(void);

#endif
