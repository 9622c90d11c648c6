/* SPDX-License-Identifier: MIT */
#include "neighbour.h"
#include "measure.h"
#include "process.h"

#include <errno.h>
#include <limits.h>
#include <linux/futex.h>
#include <sys/mman.h>
#include <sys/syscall.h>
#include <unistd.h>

static struct shared {
	uint32_t running; /* futex word */
	_Alignas(128) uint64_t progress;
} * shared;

static pid_t child;

static void futex(int op, uint32_t value)
{
	syscall(SYS_futex, &shared->running, op, value, NULL, NULL, 0);
}

static void compute(void)
{
	const unsigned long turns = work_turns(1000);

	for (;;) {
		while (!__atomic_load_n(&shared->running, __ATOMIC_RELAXED))
			futex(FUTEX_WAIT, 0);
		work(turns);
		__atomic_fetch_add(&shared->progress, 1, __ATOMIC_RELAXED);
	}
}

int neighbour_start(void)
{
	shared = mmap(NULL, sizeof(*shared), PROT_READ | PROT_WRITE,
		      MAP_SHARED | MAP_ANONYMOUS, -1, 0);
	if (shared == MAP_FAILED)
		return -errno;
	child = process_start("rdv-bench-near", compute);
	return child < 0 ? (int)child : 0;
}

void neighbour_stop(void)
{
	if (child > 0)
		process_stop(child);
}

void neighbour_run(void)
{
	__atomic_store_n(&shared->running, 1, __ATOMIC_RELAXED);
	futex(FUTEX_WAKE, INT_MAX);
}

void neighbour_rest(void)
{
	__atomic_store_n(&shared->running, 0, __ATOMIC_RELAXED);
}

uint64_t neighbour_progress(void)
{
	return __atomic_load_n(&shared->progress, __ATOMIC_RELAXED);
}

uint64_t neighbour_cpu_ns(void)
{
	return child > 0 ? process_used_ns(child) : 0;
}
