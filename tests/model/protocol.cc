/* SPDX-License-Identifier: MIT */
/*
 * The protocol: the sources of the library themselves.  What is put in place of
 * the C library's functions is all on this page.
 */
#include "model.h"
#include "engine.h"

#include <rdv/sync.h>

/* ------------------------------------------------- what self.c and thread.c take */

/*
 * self.c declares "static __thread struct rdv_member *memberships": with this it
 * declares a function, and uses what that function returns a pointer to.
 */
#define __thread
#define tls_model(model)
#define memberships (*memberships_of_this_thread())

#define pthread_key_create(key, destructor) ((void)(key), (void)(destructor), 0)
#define pthread_setspecific(key, value)     ((void)(key), 0)
#define posix_memalign(block, align, size)  model_alloc((void **)(block), align, size)

/* --------------------------------------------------- what sync.c takes from libc */

#define eventfd(count, flags) model_eventfd()
static void model_syscall(long, int)
{
	/* SYS_close */
}

static long model_syscall(long)
{
	return 1; /* SYS_gettid */
}

static long model_syscall(long number, int fd, const void *data, size_t)
{
	return model_eventfd_access(number, fd, data);
}

#define syscall               model_syscall
#define dup3(from, to, flags) ((void)(from), (void)(to))

/* ----------------------------------------------------------------- the sources */

#include "window.c"
#include "held.c"
#include "queue.c"
#include "gather.c"
#include "ask.c"
#include "grace.c"
#include "harmless.c"
#include "isolate.c"
#include "keep.c"
#include "kept.c"
#include "look.c"
#include "retire.c"
#include "self.c"
#include "sync.c"
#include "thread.c"
#include "inside/record.c"

/* When a report is due is not modelled. */
void rdv_stall_begin(struct rdv_member *)
{
}

/* In a domain with stall_ns: a thread that may end in on_stall does so at some of its waits. */
int rdv_wait_stalling(struct rdv_member *m, const rdv_word *word, uint32_t expected,
		      uint32_t bitset, const struct timespec *deadline)
{
	bool ends = model_ends_in_report();
	int ret = 0;

	if (!ends || model_surprise(2))
		ret = rdv_futex_wait(word, expected, bitset, deadline);
	if (!ends)
		return ret;
	m->in_report = true;
	model_thread_exits();
	throw model_ended();
}

/* Misuse is a fault of a scenario. */
void rdv_misuse(const char *call, const struct rdv_member *, enum rdv_wrong)
{
	model_fail(call, RDV_HERE);
}

static struct rdv_member **memberships_of_this_thread()
{
	static struct rdv_member *first[MODEL_THREADS_MAX];

	return &first[model_self()];
}

void model_forget_memberships(void)
{
	unsigned i;

	for (i = 0; i < MODEL_THREADS_MAX; i++) {
		model_act_for(i);
		memberships = nullptr;
	}
	model_act_for(-1);
}

void model_thread_exits(void)
{
	thread_exits(nullptr);
}
