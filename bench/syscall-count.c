/* SPDX-License-Identifier: MIT */
/*
 * A library that makes a system call through syscall() finds one that counts.  It is a
 * function of that name that comes before the C library's.  In a static program
 * (BENCH_STATIC) the linker's --wrap=syscall redirects each call to it.
 */
#include "syscall-count.h"

#include <dlfcn.h>
#include <linux/futex.h>
#include <stdarg.h>
#include <string.h>
#include <sys/syscall.h>
#include <unistd.h>

typedef long syscall_fn(long number, ...);

static __thread struct syscall_counts counts;

#ifndef BENCH_STATIC
static syscall_fn *find_syscall(void *where)
{
	void *symbol = dlsym(where, "syscall");
	syscall_fn *fn;

	/* ISO C has no conversion between the two kinds of pointers */
	memcpy(&fn, &symbol, sizeof(fn));
	return fn;
}
#endif

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

#ifdef BENCH_STATIC
#define COUNTING_SYSCALL __wrap_syscall

syscall_fn __real_syscall, COUNTING_SYSCALL;

static syscall_fn *libc_syscall(void)
{
	return __real_syscall;
}
#else
#define COUNTING_SYSCALL syscall

/* liburcu's constructor calls it before a constructor of ours could have run. */
static syscall_fn *libc_syscall(void)
{
	static syscall_fn *found;
	syscall_fn *fn = __atomic_load_n(&found, __ATOMIC_RELAXED);

	if (!fn) {
		fn = find_syscall(RTLD_NEXT);
		__atomic_store_n(&found, fn, __ATOMIC_RELAXED);
	}
	return fn;
}
#endif

long COUNTING_SYSCALL(long number, ...)
{
	long arg[6];
	va_list args;

	va_start(args, number);
	for (int i = 0; i < 6; i++)
		arg[i] = va_arg(args, long);
	va_end(args);
	count(number, arg[1]);
	return libc_syscall()(number, arg[0], arg[1], arg[2], arg[3], arg[4], arg[5]);
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
#ifdef BENCH_STATIC
	return true;
#else
	return find_syscall(RTLD_DEFAULT) == syscall;
#endif
}
