/* SPDX-License-Identifier: MIT */
#include "syscall-count.h"

#include <dlfcn.h>
#include <linux/futex.h>
#include <stdarg.h>
#include <string.h>
#include <sys/syscall.h>
#include <unistd.h>

typedef long syscall_fn(long number, ...);

static __thread struct syscall_counts counts;

static syscall_fn *find_syscall(void *where)
{
	void *symbol = dlsym(where, "syscall");
	syscall_fn *fn;

	/* ISO C has no conversion between the two kinds of pointers */
	memcpy(&fn, &symbol, sizeof(fn));
	return fn;
}

static void add_one(uint64_t *counter)
{
	__atomic_store_n(counter, *counter + 1, __ATOMIC_RELAXED);
}

static void count(long number, long op)
{
	if (number == SYS_membarrier) {
		add_one(&counts.membarriers);
		return;
	}
#ifdef SYS_futex_time64
	if (number != SYS_futex_time64 && number != SYS_futex)
		return;
#else
	if (number != SYS_futex)
		return;
#endif
	op &= FUTEX_CMD_MASK;
	if (op == FUTEX_WAIT || op == FUTEX_WAIT_BITSET)
		add_one(&counts.waits);
	else if (op == FUTEX_WAKE || op == FUTEX_WAKE_BITSET)
		add_one(&counts.wakes);
}

/* liburcu's constructor calls it before one of ours could have run. */
long syscall(long number, ...)
{
	static syscall_fn *libc_syscall;
	syscall_fn *fn = __atomic_load_n(&libc_syscall, __ATOMIC_RELAXED);
	long arg[6];
	va_list args;

	if (!fn) {
		fn = find_syscall(RTLD_NEXT);
		__atomic_store_n(&libc_syscall, fn, __ATOMIC_RELAXED);
	}
	va_start(args, number);
	for (int i = 0; i < 6; i++)
		arg[i] = va_arg(args, long);
	va_end(args);
	count(number, arg[1]);
	return fn(number, arg[0], arg[1], arg[2], arg[3], arg[4], arg[5]);
}

const struct syscall_counts *syscall_counts_self(void)
{
	return &counts;
}

struct syscall_counts syscall_counts_read(const struct syscall_counts *of)
{
	return (struct syscall_counts){
		.waits = __atomic_load_n(&of->waits, __ATOMIC_RELAXED),
		.wakes = __atomic_load_n(&of->wakes, __ATOMIC_RELAXED),
		.membarriers = __atomic_load_n(&of->membarriers, __ATOMIC_RELAXED),
	};
}

bool syscall_count_works(void)
{
	return find_syscall(RTLD_DEFAULT) == syscall;
}
