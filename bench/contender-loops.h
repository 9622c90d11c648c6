/* SPDX-License-Identifier: MIT */
/*
 * The tight loops of P1 to P4, once for all contenders.  A contender defines
 *
 *	static inline void NAME_harmless_now(void *self);
 *	... harmless_end, checkpoint, isolate, release
 *
 * and CONTENDER_LOOPS(NAME) makes the loops of them.  A turn of a loop has eight steps, so
 * the counter costs next to nothing.  After each step there is a compiler barrier.  It keeps
 * the compiler from making one step of two, and from keeping in registers what a real caller
 * would have to load again.
 */
#ifndef BENCH_CONTENDER_LOOPS_H
#define BENCH_CONTENDER_LOOPS_H

#define BENCH_STEP(what)                           \
	do {                                       \
		what;                              \
		__asm__ volatile("" ::: "memory"); \
	} while (0)

#define BENCH_LOOP(function, what)                        \
	static void function(void *self, unsigned long n) \
	{                                                 \
		(void)self;                               \
		for (; n >= 8; n -= 8) {                  \
			BENCH_STEP(what);                 \
			BENCH_STEP(what);                 \
			BENCH_STEP(what);                 \
			BENCH_STEP(what);                 \
			BENCH_STEP(what);                 \
			BENCH_STEP(what);                 \
			BENCH_STEP(what);                 \
			BENCH_STEP(what);                 \
		}                                         \
		for (; n; n--)                            \
			BENCH_STEP(what);                 \
	}                                                 \
	_Static_assert(1, "")

#define CONTENDER_LOOPS(name)                                        \
	BENCH_LOOP(name##_checkpoint_loop, name##_checkpoint(self)); \
	BENCH_LOOP(name##_pair_loop, name##_harmless_now(self);      \
		   name##_harmless_end(self));                       \
	BENCH_LOOP(name##_isolate_loop, name##_isolate(self); name##_release(self))

#define CONTENDER_CALLS(name)                                                            \
	.join = name##_join, .leave = name##_leave, .harmless_now = name##_harmless_now, \
	.harmless_end = name##_harmless_end, .checkpoint = name##_checkpoint,            \
	.isolate = name##_isolate, .release = name##_release,                            \
	.checkpoint_loop = name##_checkpoint_loop, .pair_loop = name##_pair_loop,        \
	.isolate_loop = name##_isolate_loop

#ifdef __OPTIMIZE__
#define CONTENDER_FORM "inline"
#else
#define CONTENDER_FORM "call" /* without optimisation nothing is inlined */
#endif

#define BENCH_UNLIKELY(x) __builtin_expect(!!(x), 0)

static inline void bench_pause(void)
{
#if defined(__x86_64__) || defined(__i386__)
	__builtin_ia32_pause();
#elif defined(__aarch64__)
	__asm__ volatile("isb" ::: "memory");
#else
	__asm__ volatile("" ::: "memory");
#endif
}

#endif
