/* SPDX-License-Identifier: MIT */
#include "futex.h"
#include "clock.h"

#include <errno.h>
#include <limits.h>
#include <linux/futex.h>
#include <sys/syscall.h>
#include <unistd.h>

/*
 * On a 32-bit machine whose time_t has 64 bits, the old call would read half a timespec.
 * Since 5.1 the kernel has a call for each size.  The new call reads two 64-bit numbers;
 * struct timespec has another form in some C libraries.
 */
static long futex(const rdv_word *word, int op, uint32_t value,
		  const struct timespec *deadline, uint32_t bitset)
{
	int saved_errno = errno;
	long ret;

#if defined(SYS_futex_time64) && !defined(__LP64__)
	struct {
		int64_t tv_sec, tv_nsec;
	} time64 = {deadline ? deadline->tv_sec : 0, deadline ? deadline->tv_nsec : 0};

	ret = syscall(SYS_futex_time64, word, op, value, deadline ? &time64 : NULL, NULL,
		      bitset);
	if (ret < 0 && errno == ENOSYS) {
		struct {
			long tv_sec, tv_nsec;
		} time32 = {time64.tv_sec < LONG_MAX ? (long)time64.tv_sec : LONG_MAX,
			    (long)time64.tv_nsec};

		ret = syscall(SYS_futex, word, op, value, deadline ? &time32 : NULL, NULL,
			      bitset);
	}
#else
	ret = syscall(SYS_futex, word, op, value, deadline, NULL, bitset);
#endif
	if (ret < 0)
		ret = -errno;
	errno = saved_errno;
	return ret;
}

int rdv_futex_wait(const rdv_word *word, uint32_t expected, uint32_t bitset,
		   const struct timespec *deadline)
{
	if (rdv_deadline_passed(deadline))
		return -ETIMEDOUT;
	return (int)futex(word, FUTEX_WAIT_BITSET | FUTEX_PRIVATE_FLAG, expected,
			  deadline, bitset);
}

int rdv_futex_wake(const rdv_word *word, int n, uint32_t bitset)
{
	return (int)futex(word, FUTEX_WAKE_BITSET | FUTEX_PRIVATE_FLAG, (uint32_t)n, NULL,
			  bitset);
}
