/* SPDX-License-Identifier: MIT */
#include "load.h"
#include "measure.h"
#include "process.h"

static pid_t processes[MAX_LOAD];
static unsigned n_processes;

static void compute(void)
{
	for (;;)
		work(work_turns(1e6));
}

int load_start(unsigned n)
{
	while (n_processes < n) {
		pid_t process = process_start("rdv-bench-load", compute);

		if (process < 0) {
			load_stop();
			return (int)process;
		}
		processes[n_processes++] = process;
	}
	return 0;
}

void load_stop(void)
{
	while (n_processes)
		process_stop(processes[--n_processes]);
}

uint64_t load_cpu_ns(void)
{
	uint64_t sum = 0;

	for (unsigned i = 0; i < n_processes; i++)
		sum += process_used_ns(processes[i]);
	return sum;
}
