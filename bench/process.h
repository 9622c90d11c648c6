/* SPDX-License-Identifier: MIT */
/* Processes beside the benchmark.  They end when it ends, however that happens. */
#ifndef BENCH_PROCESS_H
#define BENCH_PROCESS_H

#include <stdint.h>
#include <sys/types.h>

/* The main thread calls it.  play() does not return.  Returns the process, or -errno. */
pid_t process_start(const char *name, void (*play)(void));
void process_stop(pid_t process);

/* CPU time that the process has used. */
uint64_t process_used_ns(pid_t process);

#endif
