/* SPDX-License-Identifier: MIT */
/*
 * SIGINT, SIGTERM and SIGHUP are taken by a thread that does nothing else, so that what
 * has been measured is written at once, whatever the contenders do meanwhile.
 */
#ifndef BENCH_INTERRUPT_H
#define BENCH_INTERRUPT_H

/*
 * Before there are other threads: act(signal) is called by a thread of its own when the
 * first of these signals comes.  Another one ends the process.  Returns 0 or -errno.
 */
int interrupt_watch(void (*act)(int signal));

/* From now on these signals end the process.  act() is not called any more. */
void interrupt_forget(void);

#endif
