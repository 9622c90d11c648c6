/* SPDX-License-Identifier: MIT */
/*
 * Domains: attributes, memory, create and destroy.
 */
#include "domain.h"
#include "fence.h"
#include "inside/record.h"
#include "spin.h"

#include <dlfcn.h>
#include <errno.h>
#include <sched.h>
#include <stdlib.h>
#include <string.h>
#include <unistd.h>

enum {
	MAX_THREADS_DEFAULT = 1024,
	PATIENCE_DEFAULT_NS = 1000000,
	SPIN_START_NS = 10000,
	PATIENCE_MAX_US =
		1u << 30, /* half of what a wrapping 32-bit clock can tell apart */
};

/* --------------------------------------------------------------------- set-up */

/* Not by pthread_once(): what failed for want of a key or of memory is tried again. */
static bool have_key;

#pragma weak dladdr
#pragma weak dlsym

/*
 * A plugin that contains librdv.a must not be unloaded any more: a thread that exits, and
 * fork(), come back to it.  A static program has no plugins and may lack the functions.
 * The linker warns of dlopen(3) in such a program, so that is looked up.
 */
static void stay_loaded(void)
{
	void *(*open)(const char *name, int flags);
	Dl_info mine;

	if (!dlsym || !dladdr || !dladdr(&rdv_setup_lock, &mine))
		return;
	*(void **)&open = dlsym(RTLD_DEFAULT, "dlopen");
	if (open)
		open(mine.dli_fname, RTLD_LAZY | RTLD_NOLOAD | RTLD_NODELETE);
}

static bool setup(void)
{
	bool ready;

	rdv_lock(&rdv_setup_lock);
	if (!have_key && !rdv_thread_setup()) {
		have_key = true;
		stay_loaded();
	}
	ready = have_key && !rdv_fork_setup();
	rdv_unlock(&rdv_setup_lock);
	return ready;
}

/* ----------------------------------------------------------------- attributes */

/*
 * Fills *to from the program's attributes.  A field that the program's header does not
 * have becomes 0.  A field that we do not know must be 0, else this returns false.
 */
static bool copy_attr(rdv_domain_attr *to, const rdv_domain_attr *from)
{
	const unsigned char *bytes = (const unsigned char *)from;
	size_t size, i;

	memset(to, 0, sizeof(*to));
	if (!from)
		return true;
	size = from->size;
	if (size < sizeof(from->size))
		return false;
	for (i = sizeof(*to); i < size; i++)
		if (bytes[i])
			return false;
	memcpy(to, from, size < sizeof(*to) ? size : sizeof(*to));
	return true;
}

/* Replaces each 0 by the default.  False: a field is out of range. */
static bool resolve_attr(rdv_domain_attr *attr)
{
	if (!attr->name)
		attr->name = "rdv";
	if (!attr->max_threads)
		attr->max_threads = MAX_THREADS_DEFAULT;
	if (!attr->spin_ns)
		attr->spin_ns = RDV_SPIN_CAP_NS;
	else if (attr->spin_ns == RDV_SPIN_NEVER)
		attr->spin_ns = 0;
	if (!attr->patience_ns)
		attr->patience_ns = PATIENCE_DEFAULT_NS;
	else if (attr->patience_ns == RDV_PATIENCE_NONE)
		attr->patience_ns = 0;
	return attr->max_threads <= RDV_MAX_THREADS && attr->fence <= RDV_FENCE_BIASED;
}

static uint32_t patience_us(uint64_t ns)
{
	uint64_t us = ns / 1000 + (ns % 1000 != 0);

	return us < PATIENCE_MAX_US ? (uint32_t)us : PATIENCE_MAX_US;
}

/*
 * 64 times patience, but not less than with the default: a window that is shorter than it
 * takes a thread to wake up and get a CPU is of no use to threads that have missed others.
 */
static uint32_t window_max_us(uint32_t patience)
{
	uint64_t us = patience < PATIENCE_DEFAULT_NS / 1000 ? PATIENCE_DEFAULT_NS / 1000
							    : patience;

	us *= 64;
	return us < PATIENCE_MAX_US ? (uint32_t)us : PATIENCE_MAX_US;
}

/* --------------------------------------------------------------------- memory */

/* The bytes of so many words, on lines of their own. */
static size_t whole_lines(size_t words)
{
	return (words * sizeof(rdv_word) + RDV_CACHE_LINE - 1) / RDV_CACHE_LINE *
	       RDV_CACHE_LINE;
}

/* Everything but the slots in one block: the domain, its masks, histograms, the table. */
static rdv_domain *alloc_domain(uint32_t max_threads)
{
	size_t words = RDV_MASK_WORDS(max_threads);
	size_t mask = whole_lines(words), ids = whole_lines(max_threads);
	size_t size = sizeof(rdv_domain) + 6 * mask + 3 * ids + rdv_record_size() +
		      max_threads * sizeof(struct rdv_member *);
	rdv_domain *d;
	char *block;

	if (posix_memalign((void **)&block, RDV_CACHE_LINE, size))
		return NULL;
	memset(block, 0, size);
	d = (rdv_domain *)block;
	block += sizeof(*d);
	d->harmless = (rdv_mask)block;
	d->want_rdv = (rdv_mask)(block + mask);
	d->awaited = (rdv_mask)(block + 2 * mask);
	d->owing = (rdv_mask)(block + 3 * mask);
	d->registered = (uint32_t *)(block + 4 * mask);
	d->refused = (uint32_t *)(block + 5 * mask);
	block += 6 * mask;
	d->ticket = (rdv_word *)block;
	d->kept = (rdv_word *)(block + ids);
	d->told = (rdv_word *)(block + 2 * ids);
	block += 3 * ids;
	d->history = (struct rdv_history *)block;
	d->member = (struct rdv_member **)(block + rdv_record_size());
	/* the bit of an id without a member is set: nobody waits for it */
	memset(d->harmless, 0xff, words * sizeof(rdv_word));
	return d;
}

static void init_domain(rdv_domain *d, const rdv_domain_attr *attr)
{
	d->words = 1;
	d->max_threads = attr->max_threads;
	d->biased = attr->fence == RDV_FENCE_BIASED && rdv_fence_register();
	d->patience_us = patience_us(attr->patience_ns);
	d->spin_cap_ns = attr->spin_ns;
	d->window_max_us = window_max_us(d->patience_us);
	d->held_unit = 1;
	for (int kind = 0; kind < RDV_SPIN_KINDS; kind++)
		d->spin_ns[kind] = kind != RDV_SPIN_FREE && SPIN_START_NS < attr->spin_ns
					   ? SPIN_START_NS
					   : attr->spin_ns;
	d->stall_ns = attr->stall_ns;
	d->on_stall = attr->on_stall;
	d->stall_arg = attr->stall_arg;
	strncpy(d->name, attr->name, sizeof(d->name) - 1);
	d->sync.fd = -1;
	d->copy = &rdv_copy;
}

/* ---------------------------------------------------------------------- calls */

unsigned rdv_version(void)
{
	return RDV_VERSION;
}

int rdv_domain_create(rdv_domain **domain, const rdv_domain_attr *attr)
{
	rdv_domain_attr mine;
	int saved_errno = errno;
	rdv_domain *d;

	if (!copy_attr(&mine, attr) || !resolve_attr(&mine))
		return -EINVAL;
	d = setup() ? alloc_domain(mine.max_threads) : NULL;
	if (d) {
		init_domain(d, &mine);
		rdv_fork_watch(d);
		*domain = d;
	}
	errno = saved_errno;
	return d ? 0 : -ENOMEM;
}

int rdv_domain_destroy(rdv_domain *domain)
{
	int saved_errno = errno;
	uint32_t id;
	bool busy;

	if (domain->copy != &rdv_copy)
		return -EINVAL;
	rdv_lock(&domain->registry);
	busy = domain->members || domain->exports;
	rdv_unlock(&domain->registry);
	if (busy)
		return -EBUSY;
	rdv_fork_unwatch(domain);
	rdv_sync_close(domain);
	rdv_retired_call(domain->orphans); /* left by the child of a fork() */
	for (id = 0; id < domain->max_threads; id++)
		free(domain->member[id]);
	free(domain);
	errno = saved_errno;
	return 0;
}
