/* SPDX-License-Identifier: MIT */
/* librdv, with other attributes: the same calls. */
#include "contender-rdv.h"

#include <rdv/handshake.h>
#include <rdv/rdv.h>
#include <rdv/sync.h>

static rdv_domain *domain;

static int rdv_open(rdv_domain_attr attr, unsigned threads)
{
	attr.name = "rdv-bench";
	attr.max_threads = threads > 1024 ? threads : 0;
	return rdv_domain_create(&domain, &attr);
}

static int rdv_open_full(unsigned threads)
{
	rdv_domain_attr attr = RDV_DOMAIN_ATTR_INIT;

	return rdv_open(attr, threads);
}

static int rdv_open_biased(unsigned threads)
{
	rdv_domain_attr attr = RDV_DOMAIN_ATTR_INIT;

	attr.fence = RDV_FENCE_BIASED;
	return rdv_open(attr, threads);
}

static int rdv_open_strict(unsigned threads)
{
	rdv_domain_attr attr = RDV_DOMAIN_ATTR_INIT;

	attr.patience_ns = RDV_PATIENCE_NONE;
	return rdv_open(attr, threads);
}

static int rdv_open_sleep(unsigned threads)
{
	rdv_domain_attr attr = RDV_DOMAIN_ATTR_INIT;

	attr.spin_ns = RDV_SPIN_NEVER;
	return rdv_open(attr, threads);
}

static void rdv_close(void)
{
	rdv_domain_destroy(domain);
}

static void *rdv_join(void)
{
	rdv_thread *self;

	return rdv_thread_register(domain, "bench", &self) ? NULL : self;
}

static void rdv_leave(void *self)
{
	rdv_thread_unregister(self);
}

static inline void bench_harmless_now(void *self)
{
	rdv_harmless_now(self);
}

static inline void bench_harmless_end(void *self)
{
	rdv_harmless_end(self);
}

static inline void bench_checkpoint(void *self)
{
	rdv_checkpoint(self);
}

static inline void bench_isolate(void *self)
{
	rdv_isolate(self);
}

static inline void bench_release(void *self)
{
	rdv_release(self);
}

#define bench_join  rdv_join
#define bench_leave rdv_leave

CONTENDER_LOOPS(bench);

static int sync_enable(void)
{
	return rdv_sync_enable(domain);
}

static void sync_want(void *self)
{
	rdv_sync_want(self);
}

static bool sync_pending(void)
{
	return rdv_sync_pending(domain);
}

static void sync_enter(void *self)
{
	rdv_sync_enter(self);
}

static void sync_exit(void *self)
{
	rdv_sync_exit(self);
}

static const struct sync_calls sync_calls = {
	.enable = sync_enable,
	.want = sync_want,
	.pending = sync_pending,
	.enter = sync_enter,
	.exit = sync_exit,
};

static void grace_quiesce(void *self)
{
	rdv_checkpoint(self);
}

static void grace_synchronize(void *self)
{
	rdv_synchronize(self);
}

static void call_retired(struct rdv_retired *item)
{
	grace_item_call(item);
}

static void grace_retire(void *self, struct grace_item *item)
{
	_Static_assert(sizeof(struct rdv_retired) <= sizeof(item->head), "raise it");
	rdv_retire(self, (struct rdv_retired *)item, call_retired);
}

/* Calls what the caller has retired, too. */
static void grace_settle(void *self)
{
	rdv_synchronize(self);
}

static const struct grace_calls grace_calls = {
	.quiesce = grace_quiesce,
	.synchronize = grace_synchronize,
	.retire = grace_retire,
	.settle = grace_settle,
};

static void for_each(void *self, void (*fn)(unsigned id, void *arg), void *arg)
{
	rdv_for_each(self, fn, arg);
}

static unsigned id_of(void *self)
{
	return rdv_thread_id(self);
}

#define CONTENDER_RDV                                                                   \
	CONTENDER_CALLS(bench),                                                         \
		.family = "librdv", .max_threads = RDV_MAX_THREADS, .close = rdv_close, \
		.sync = &sync_calls, .grace = &grace_calls, .for_each = for_each,       \
		.id = id_of, .checkpoint_called_loop = rdv_checkpoint_called_loop,      \
		.pair_called_loop = rdv_pair_called_loop

/*
 * Without membarrier(2) the library falls back to full fences and does not say so.  A
 * table must not show that as biased.
 */
static const char *biased_missing(void)
{
	rdv_thread *self;
	bool biased = false;

	if (rdv_open_biased(1))
		return "cannot create a domain";
	self = rdv_join();
	if (self) {
		biased = self->biased;
		rdv_leave(self);
	}
	rdv_close();
	return biased ? NULL : "no membarrier(2) here, it would be the same as rdv";
}

const struct contender contender_rdv = {
	.name = "rdv",
	.what = "this library, full fences (the default)",
	.open = rdv_open_full,
	CONTENDER_RDV,
};

const struct contender contender_rdv_biased = {
	.name = "rdv-biased",
	.what = "this library with RDV_FENCE_BIASED",
	.missing = biased_missing,
	.open = rdv_open_biased,
	CONTENDER_RDV,
};

const struct contender contender_rdv_strict = {
	.name = "rdv-strict",
	.what = "the same, for P6 only: RDV_PATIENCE_NONE, isolators in strict order",
	.only = "P6",
	.open = rdv_open_strict,
	CONTENDER_RDV,
};

const struct contender contender_rdv_sleep = {
	.name = "rdv-sleep",
	.what = "the same, for P7 only: RDV_SPIN_NEVER, each wait is a sleep",
	.only = "P7",
	.open = rdv_open_sleep,
	CONTENDER_RDV,
};
