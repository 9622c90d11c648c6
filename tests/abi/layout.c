/* SPDX-License-Identifier: MIT */
/* Prints what the public headers fix besides names: sizes, offsets and values. */
#include <rdv/export.h>
#include <rdv/handshake.h>
#include <rdv/hathreads.h>
#include <rdv/blocking.h>
#include <rdv/stats.h>
#include <rdv/sync.h>

#include <stdio.h>

#define SIZE(type)  printf("size %s %zu\n", #type, sizeof(type))
#define VALUE(name) printf("value %s %lu\n", #name, (unsigned long)(name))
#define FIELD(type, field)                                                    \
	printf("field %s.%s %zu+%zu\n", #type, #field, offsetof(type, field), \
	       sizeof(((type *)0)->field))

static void attributes(void)
{
	SIZE(rdv_domain_attr);
	FIELD(rdv_domain_attr, size);
	FIELD(rdv_domain_attr, name);
	FIELD(rdv_domain_attr, max_threads);
	FIELD(rdv_domain_attr, fence);
	FIELD(rdv_domain_attr, spin_ns);
	FIELD(rdv_domain_attr, patience_ns);
	FIELD(rdv_domain_attr, stall_ns);
	FIELD(rdv_domain_attr, on_stall);
	FIELD(rdv_domain_attr, stall_arg);
	VALUE(RDV_FENCE_FULL);
	VALUE(RDV_FENCE_BIASED);
	VALUE(RDV_SPIN_NEVER);
	VALUE(RDV_PATIENCE_NONE);
	VALUE(RDV_MAX_THREADS);
}

/* What the inline functions use. */
static void handle(void)
{
	SIZE(struct rdv_thread);
	FIELD(struct rdv_thread, state);
	FIELD(struct rdv_thread, parked);
	FIELD(struct rdv_thread, gate);
	FIELD(struct rdv_thread, biased);
	VALUE(RDV_STATE_RUNNING);
	VALUE(RDV_STATE_HARMLESS);
	VALUE(RDV_STATE_PARKED);
	VALUE(RDV_STATE_PUBLISHED);
	VALUE(RDV_GATE_CLOSED);
	VALUE(RDV_GATE_ASKED);
	VALUE(RDV_GATE_KEPT);
	VALUE(RDV_GATE_SLOW);
}

static void retired(void)
{
	SIZE(rdv_grace);
	SIZE(struct rdv_retired);
	FIELD(struct rdv_retired, next);
	FIELD(struct rdv_retired, fn);
	FIELD(struct rdv_retired, due);
}

/* What programs read of the statistics. */
static void statistics(void)
{
	SIZE(struct rdv_histogram);
	FIELD(struct rdv_histogram, bucket);
	SIZE(struct rdv_delay);
	FIELD(struct rdv_delay, ns);
	FIELD(struct rdv_delay, id);
	FIELD(struct rdv_delay, kernel_tid);
	FIELD(struct rdv_delay, name);
	FIELD(struct rdv_delay, where);
	SIZE(struct rdv_blocker);
	FIELD(struct rdv_blocker, id);
	FIELD(struct rdv_blocker, why);
	FIELD(struct rdv_blocker, since);
	FIELD(struct rdv_blocker, kernel_tid);
	FIELD(struct rdv_blocker, name);
	FIELD(struct rdv_blocker, where);
	SIZE(struct rdv_thread_stats);
	FIELD(struct rdv_thread_stats, id);
	FIELD(struct rdv_thread_stats, kernel_tid);
	FIELD(struct rdv_thread_stats, name);
	FIELD(struct rdv_thread_stats, isolations);
	FIELD(struct rdv_thread_stats, worst_delay_ns);
	FIELD(struct rdv_thread_stats, retired_waiting);
	SIZE(struct rdv_stats);
	FIELD(struct rdv_stats, size);
	FIELD(struct rdv_stats, name);
	FIELD(struct rdv_stats, fence);
	FIELD(struct rdv_stats, max_threads);
	FIELD(struct rdv_stats, threads);
	FIELD(struct rdv_stats, threads_max);
	FIELD(struct rdv_stats, isolations);
	FIELD(struct rdv_stats, rounds);
	FIELD(struct rdv_stats, tries_failed);
	FIELD(struct rdv_stats, timeouts_failed);
	FIELD(struct rdv_stats, held_waits);
	FIELD(struct rdv_stats, futex_waits);
	FIELD(struct rdv_stats, futex_wakes);
	FIELD(struct rdv_stats, membarriers);
	FIELD(struct rdv_stats, last_delay);
	FIELD(struct rdv_stats, worst_delay);
	FIELD(struct rdv_stats, longest);
	FIELD(struct rdv_stats, to_isolation);
	FIELD(struct rdv_stats, isolated);
	FIELD(struct rdv_stats, held);
	FIELD(struct rdv_stats, to_release);
	FIELD(struct rdv_stats, grace_periods);
	FIELD(struct rdv_stats, graces_failed);
	FIELD(struct rdv_stats, retired);
	FIELD(struct rdv_stats, retired_waiting);
	FIELD(struct rdv_stats, last_grace);
	FIELD(struct rdv_stats, worst_grace);
	FIELD(struct rdv_stats, to_grace);
	SIZE(struct rdv_export_page);
	FIELD(struct rdv_export_page, magic);
	FIELD(struct rdv_export_page, version);
	FIELD(struct rdv_export_page, size);
	FIELD(struct rdv_export_page, changes);
	FIELD(struct rdv_export_page, pid);
	FIELD(struct rdv_export_page, n_threads);
	FIELD(struct rdv_export_page, threads_at);
	FIELD(struct rdv_export_page, threads_room);
	FIELD(struct rdv_export_page, updated);
	FIELD(struct rdv_export_page, stats);
	SIZE(struct rdv_stall);
	FIELD(struct rdv_stall, size);
	FIELD(struct rdv_stall, kind);
	FIELD(struct rdv_stall, count);
	FIELD(struct rdv_stall, may_give_up);
	FIELD(struct rdv_stall, domain);
	FIELD(struct rdv_stall, domain_name);
	FIELD(struct rdv_stall, self);
	FIELD(struct rdv_stall, name);
	FIELD(struct rdv_stall, id);
	FIELD(struct rdv_stall, kernel_tid);
	FIELD(struct rdv_stall, since);
	FIELD(struct rdv_stall, waited_ns);
	FIELD(struct rdv_stall, blockers);
	FIELD(struct rdv_stall, n_listed);
	FIELD(struct rdv_stall, n_blockers);
	FIELD(struct rdv_stall, where);
}

static void numbers(void)
{
	VALUE(RDV_HISTOGRAM_BUCKETS);
	VALUE(RDV_BLOCKER_RUNNING);
	VALUE(RDV_BLOCKER_ISOLATED);
	VALUE(RDV_BLOCKER_HELD);
	VALUE(RDV_BLOCKER_ABSENT);
	VALUE(RDV_BLOCKER_SERVED);
	VALUE(RDV_BLOCKER_LEAVING);
	VALUE(RDV_BLOCKER_KEEPS);
	VALUE(RDV_EXPORT_MAGIC);
	VALUE(RDV_EXPORT_VERSION);
	VALUE(RDV_STALL_GATHER);
	VALUE(RDV_STALL_QUEUE);
	VALUE(RDV_STALL_HELD);
	VALUE(RDV_STALL_SYNC);
	VALUE(RDV_STALL_GRACE);
	VALUE(RDV_STALL_KEEP);
	VALUE(RDV_STALL_KEPT);
}

int main(void)
{
	attributes();
	handle();
	retired();
	statistics();
	numbers();
	return 0;
}
