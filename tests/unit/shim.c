/* SPDX-License-Identifier: MIT */
#include "shim.h"
#include "fence.h"
#include "futex.h"
#include "lock.h"

#include <errno.h>
#include <linux/futex.h>
#include <pthread.h>
#include <sched.h>
#include <stdarg.h>
#include <stdlib.h>
#include <string.h>
#include <sys/epoll.h>
#include <sys/eventfd.h>
#include <sys/syscall.h>
#include <time.h>
#include <unistd.h>

struct shim shim = {.every_other = 1};

static __thread struct shim_thread mine;
static __thread bool ready;

#define COUNT(what, n) ((void)__atomic_add_fetch(&(what), (n), __ATOMIC_SEQ_CST))

/* ---------------------------------------------------------------------- orders */

struct shim_thread *shim_self(void)
{
	if (!ready) {
		sem_init(&mine.resume, 0, 0);
		ready = true;
	}
	return &mine;
}

void shim_reset(void)
{
	static const struct shim initial = {.every_other = 1};

	shim = initial;
}

void shim_count_from_here(void)
{
	SHIM_SET(shim.waits, 0);
	SHIM_SET(shim.wakes, 0);
	SHIM_SET(shim.woken, 0);
	SHIM_SET(shim.fences, 0);
	SHIM_SET(shim.fence_registrations, 0);
	SHIM_SET(shim.futex_calls, 0);
	SHIM_SET(shim.eventfd_writes, 0);
	SHIM_SET(shim.eventfd_reads, 0);
}

void shim_call_begin(void)
{
	SHIM_SET(shim_self()->in_call, true);
}

void shim_call_end(void)
{
	SHIM_SET(shim_self()->in_call, false);
}

void shim_stop_at(struct shim_thread *thread, enum shim_place place)
{
	SHIM_SET(thread->stop_at, place);
}

void shim_resume(struct shim_thread *thread)
{
	SHIM_SET(thread->stopped, false);
	sem_post(&thread->resume);
}

void shim_return(struct shim_thread *thread, int ret, unsigned times)
{
	SHIM_SET(thread->returns, ret);
	SHIM_SET(thread->times, times);
}

static void at(enum shim_place place)
{
	struct shim_thread *t = shim_self();
	int saved_errno = errno;

	if (t->hook)
		t->hook(place, t->hook_arg);
	if (SHIM_GET(t->stop_at) == place) {
		SHIM_SET(t->stop_at, SHIM_NOWHERE);
		SHIM_SET(t->stopped, true);
		while (sem_wait(&t->resume))
			;
	}
	errno = saved_errno;
}

/* ------------------------------------------------------------- futex and fence */

/* In rdv_lock() or rdv_unlock(): they may sleep for an instant, which no test waits for. */
static __thread bool at_lock;

int __real_rdv_futex_wait(const rdv_word *word, uint32_t expected, uint32_t bitset,
			  const struct timespec *deadline);
int __wrap_rdv_futex_wait(const rdv_word *word, uint32_t expected, uint32_t bitset,
			  const struct timespec *deadline);

/* True: this wait does not sleep, and returns *ret. */
static bool injected(struct shim_thread *t, int *ret)
{
	if (SHIM_GET(t->times)) {
		SHIM_SET(t->times, t->times - 1);
		*ret = SHIM_GET(t->returns);
		return true;
	}
	if (SHIM_GET(shim.every_other) != 1 && t->waits % 2) {
		*ret = SHIM_GET(shim.every_other);
		return true;
	}
	return false;
}

int __wrap_rdv_futex_wait(const rdv_word *word, uint32_t expected, uint32_t bitset,
			  const struct timespec *deadline)
{
	struct shim_thread *t = shim_self();
	int ret, instead;

	if (at_lock)
		return __real_rdv_futex_wait(word, expected, bitset, deadline);
	COUNT(t->waits, 1);
	COUNT(shim.waits, 1);
	at(SHIM_BEFORE_WAIT);
	if (!injected(t, &ret)) {
		SHIM_SET(t->sleeping, word);
		ret = __real_rdv_futex_wait(word, expected, bitset, deadline);
		SHIM_SET(t->sleeping, NULL);
		instead = SHIM_GET(t->instead);
		if (ret == -EINTR && instead) {
			SHIM_SET(t->instead, 0);
			ret = instead;
		}
	}
	at(SHIM_AFTER_WAIT);
	return ret;
}

int __real_rdv_futex_wake(const rdv_word *word, int n, uint32_t bitset);
int __wrap_rdv_futex_wake(const rdv_word *word, int n, uint32_t bitset);

int __wrap_rdv_futex_wake(const rdv_word *word, int n, uint32_t bitset)
{
	struct shim_thread *t = shim_self();
	int ret;

	if (at_lock)
		return __real_rdv_futex_wake(word, n, bitset);
	COUNT(t->wakes, 1);
	COUNT(shim.wakes, 1);
	at(SHIM_BEFORE_WAKE);
	ret = __real_rdv_futex_wake(word, n, bitset);
	if (ret > 0) {
		COUNT(t->woken, (unsigned)ret);
		COUNT(shim.woken, (unsigned)ret);
	}
	return ret;
}

bool __real_rdv_fence_register(void);
bool __wrap_rdv_fence_register(void);

bool __wrap_rdv_fence_register(void)
{
	COUNT(shim.fence_registrations, 1);
	return __real_rdv_fence_register();
}

void __real_rdv_fence_all(void);
void __wrap_rdv_fence_all(void);

void __wrap_rdv_fence_all(void)
{
	COUNT(shim_self()->fences, 1);
	COUNT(shim.fences, 1);
	__real_rdv_fence_all();
}

/* ------------------------------------------------------------------ the kernel */

long __real_syscall(long number, ...);
long __wrap_syscall(long number, ...);

static int deny(int error)
{
	errno = error;
	return -1;
}

static int denied(long number)
{
	if (number == SYS_membarrier)
		return SHIM_GET(shim.deny_membarrier);
#ifdef SYS_futex
	if (number == SYS_futex)
		return SHIM_GET(shim.deny_futex);
#endif
	return 0;
}

static void count_syscall(long number, const long *arg)
{
	bool futex = false;

#ifdef SYS_futex
	futex = futex || number == SYS_futex;
#endif
#ifdef SYS_futex_time64
	futex = futex || number == SYS_futex_time64;
#endif
	if (futex) {
		COUNT(shim.futex_calls, 1);
		SHIM_SET(shim.futex_op, arg[1]);
		SHIM_SET(shim.futex_value, arg[2]);
		SHIM_SET(shim.futex_bitset, arg[5]);
	} else if (number == SYS_write) {
		COUNT(shim.eventfd_writes, 1);
		at(SHIM_BEFORE_WRITE);
	} else if (number == SYS_read) {
		COUNT(shim.eventfd_reads, 1);
	}
}

/* The library makes the calls of its eventfd, and no others to read and write, so. */
long __wrap_syscall(long number, ...)
{
	long arg[6];
	va_list ap;
	int i, error;

	va_start(ap, number);
	for (i = 0; i < 6; i++)
		arg[i] = va_arg(ap, long);
	va_end(ap);
	count_syscall(number, arg);
	error = denied(number);
	if (error)
		return deny(error);
	return __real_syscall(number, arg[0], arg[1], arg[2], arg[3], arg[4], arg[5]);
}

int __real_clock_getres(clockid_t clock, struct timespec *res);
int __wrap_clock_getres(clockid_t clock, struct timespec *res);

int __wrap_clock_getres(clockid_t clock, struct timespec *res)
{
	if (!SHIM_GET(shim.clock_ns))
		return __real_clock_getres(clock, res);
	res->tv_sec = 0;
	res->tv_nsec = clock == CLOCK_MONOTONIC_COARSE ? SHIM_TICK_NS : 1;
	return 0;
}

int __real_eventfd(unsigned int count, int flags);
int __wrap_eventfd(unsigned int count, int flags);

int __wrap_eventfd(unsigned int count, int flags)
{
	COUNT(shim.eventfds, 1);
	if (SHIM_GET(shim.deny_eventfd))
		return deny(SHIM_GET(shim.deny_eventfd));
	return __real_eventfd(count, flags);
}

#ifdef HAVE_EPOLL_PWAIT2
int __real_epoll_pwait2(int epfd, struct epoll_event *events, int maxevents,
			const struct timespec *timeout, const sigset_t *mask);
int __wrap_epoll_pwait2(int epfd, struct epoll_event *events, int maxevents,
			const struct timespec *timeout, const sigset_t *mask);

int __wrap_epoll_pwait2(int epfd, struct epoll_event *events, int maxevents,
			const struct timespec *timeout, const sigset_t *mask)
{
	if (SHIM_GET(shim.deny_pwait2))
		return deny(SHIM_GET(shim.deny_pwait2));
	return __real_epoll_pwait2(epfd, events, maxevents, timeout, mask);
}
#endif

int __real_sched_getaffinity(pid_t pid, size_t size, cpu_set_t *set);
int __wrap_sched_getaffinity(pid_t pid, size_t size, cpu_set_t *set);

int __wrap_sched_getaffinity(pid_t pid, size_t size, cpu_set_t *set)
{
	int cpu;

	if (shim.deny_affinity)
		return deny(shim.deny_affinity);
	if (!shim.cpus)
		return __real_sched_getaffinity(pid, size, set);
	CPU_ZERO(set);
	for (cpu = 0; cpu < shim.cpus; cpu++)
		CPU_SET(cpu, set);
	return 0;
}

int __real_clock_gettime(clockid_t clock, struct timespec *now);
int __wrap_clock_gettime(clockid_t clock, struct timespec *now);

int __wrap_clock_gettime(clockid_t clock, struct timespec *now)
{
	uint64_t ns;

	ns = SHIM_GET(shim.clock_ns);
	if (!ns || (clock != CLOCK_MONOTONIC && clock != CLOCK_MONOTONIC_COARSE))
		return __real_clock_gettime(clock, now);
	if (clock == CLOCK_MONOTONIC)
		ns = __atomic_add_fetch(&shim.clock_ns, SHIM_GET(shim.clock_step),
					__ATOMIC_SEQ_CST);
	else
		ns -= ns % SHIM_TICK_NS + SHIM_GET(shim.coarse_late);
	now->tv_sec = (time_t)(ns / 1000000000);
	now->tv_nsec = (long)(ns % 1000000000);
	at(SHIM_AT_CLOCK);
	return 0;
}

/* ----------------------------------------------------------------- the C library */

static void count_alloc(void)
{
	if (!SHIM_GET(shim_self()->in_call))
		return;
	COUNT(mine.allocs, 1);
	COUNT(shim.allocs, 1);
}

void *__real_malloc(size_t size);
void *__wrap_malloc(size_t size);

void *__wrap_malloc(size_t size)
{
	count_alloc();
	return __real_malloc(size);
}

void *__real_calloc(size_t n, size_t size);
void *__wrap_calloc(size_t n, size_t size);

void *__wrap_calloc(size_t n, size_t size)
{
	count_alloc();
	return __real_calloc(n, size);
}

void *__real_realloc(void *block, size_t size);
void *__wrap_realloc(void *block, size_t size);

void *__wrap_realloc(void *block, size_t size)
{
	count_alloc();
	return __real_realloc(block, size);
}

void *__real_aligned_alloc(size_t alignment, size_t size);
void *__wrap_aligned_alloc(size_t alignment, size_t size);

void *__wrap_aligned_alloc(size_t alignment, size_t size)
{
	count_alloc();
	return __real_aligned_alloc(alignment, size);
}

int __real_posix_memalign(void **block, size_t alignment, size_t size);
int __wrap_posix_memalign(void **block, size_t alignment, size_t size);

/* A failure leaves ENOMEM in errno, as glibc's does. */
int __wrap_posix_memalign(void **block, size_t alignment, size_t size)
{
	count_alloc();
	if (SHIM_GET(shim.deny_memory)) {
		shim.deny_memory--;
		errno = ENOMEM;
		return ENOMEM;
	}
	return __real_posix_memalign(block, alignment, size);
}

int __real_pthread_setspecific(pthread_key_t key, const void *value);
int __wrap_pthread_setspecific(pthread_key_t key, const void *value);

int __wrap_pthread_setspecific(pthread_key_t key, const void *value)
{
	if (SHIM_GET(shim.deny_specific)) {
		shim.deny_specific--;
		errno = ENOMEM; /* as calloc() leaves it */
		return ENOMEM;
	}
	return __real_pthread_setspecific(key, value);
}

void __real_rdv_lock(rdv_mutex *mutex);
void __wrap_rdv_lock(rdv_mutex *mutex);

void __wrap_rdv_lock(rdv_mutex *mutex)
{
	at_lock = true;
	__real_rdv_lock(mutex);
	at_lock = false;
	if (SHIM_GET(shim_self()->in_call))
		at(SHIM_AFTER_LOCK);
}

void __real_rdv_unlock(rdv_mutex *mutex);
void __wrap_rdv_unlock(rdv_mutex *mutex);

void __wrap_rdv_unlock(rdv_mutex *mutex)
{
	at_lock = true;
	__real_rdv_unlock(mutex);
	at_lock = false;
}
