/* SPDX-License-Identifier: MIT */
/* Processes beside us, which end when we do, however that is. */
#ifndef BENCH_PROCESS_H
#define BENCH_PROCESS_H

#include <stdint.h>
#include <sys/types.h>

/* By the main thread.  play() does not return.  Returns the process, or -errno. */
pid_t process_start(const char *name, void (*play)(void));
void process_stop(pid_t process);

/* CPU time that it has used. */
uint64_t process_used_ns(pid_t process);

#endif
