/* SPDX-License-Identifier: MIT */
/*
 * Stall reports: a thread reports a wait that has lasted stall_ns, and again each time
 * that it has lasted twice as long as at the last report.
 *
 * The futex wait gets the earlier of two deadlines, that of the caller and that of the
 * next report.  After a report the thread looks again, as after a wake-up for nothing.
 */
#include "record.h"
#include "blockers.h"
#include "misuse.h"
#include "text.h"
#include "wait.h"

#include <errno.h>
#include <pthread.h>
#include <unistd.h>

enum { MAX_LISTED = 16 }; /* blockers in a report */

_Static_assert((unsigned)RDV_WAIT_GATHER == RDV_STALL_GATHER &&
		       (unsigned)RDV_WAIT_QUEUE == RDV_STALL_QUEUE &&
		       (unsigned)RDV_WAIT_HELD == RDV_STALL_HELD &&
		       (unsigned)RDV_WAIT_SYNC == RDV_STALL_SYNC &&
		       (unsigned)RDV_WAIT_GRACE == RDV_STALL_GRACE &&
		       (unsigned)RDV_WAIT_KEEP == RDV_STALL_KEEP &&
		       (unsigned)RDV_WAIT_KEPT == RDV_STALL_KEPT,
	       "a report has the kind of the wait");

void rdv_stall_begin(struct rdv_member *m)
{
	struct rdv_record *r = &m->record;
	uint64_t next = r->wait_since + m->domain->stall_ns;

	r->stall_next = next < r->wait_since ? UINT64_MAX : next;
	r->stalls = 0;
}

/* ------------------------------------------------------------------ the default */

static const char *what_for(uint32_t kind)
{
	switch (kind) {
	case RDV_STALL_HELD:
		return " held";
	case RDV_STALL_SYNC:
		return " in the sync-point";
	case RDV_STALL_GRACE:
		return " for a grace period";
	case RDV_STALL_KEEP:
		return " to keep a thread";
	case RDV_STALL_KEPT:
		return " to be let go";
	default:
		return " to be isolated";
	}
}

static const char *why_text(uint32_t why)
{
	static const char *const text[] = {
		[RDV_BLOCKER_RUNNING] = "running",
		[RDV_BLOCKER_ISOLATED] = "isolated",
		[RDV_BLOCKER_HELD] = "held",
		[RDV_BLOCKER_ABSENT] = "not in the sync-point",
		[RDV_BLOCKER_SERVED] = "has its turn",
		[RDV_BLOCKER_LEAVING] = "not at the exit",
		[RDV_BLOCKER_KEEPS] = "keeps a thread",
	};

	return text[why];
}

/* What has to happen for the wait to end. */
static const char *hint(uint32_t why)
{
	static const char *const text[] = {
		/* NOLINTNEXTLINE(bugprone-suspicious-missing-comma): it is one text */
		[RDV_BLOCKER_RUNNING] = "a running thread has to call rdv_harmless_now() "
					"or rdv_checkpoint()",
		[RDV_BLOCKER_ISOLATED] = "an isolated thread has to call rdv_release()",
		[RDV_BLOCKER_HELD] = "a thread that was held for long runs first",
		[RDV_BLOCKER_ABSENT] = "each thread has to call rdv_sync_enter()",
		[RDV_BLOCKER_SERVED] = "the thread has to call rdv_sync_exit()",
		[RDV_BLOCKER_LEAVING] = "each thread has to call rdv_sync_exit()",
		[RDV_BLOCKER_KEEPS] = "a keeper has to call rdv_let_go()",
	};

	return text[why];
}

static void put_blocker(struct rdv_text *t, const struct rdv_blocker *b, uint64_t now)
{
	rdv_put(t, "thread ");
	rdv_put_thread(t, b->id, b->name, b->kernel_tid);
	rdv_put(t, " ");
	rdv_put(t, why_text(b->why));
	if (b->where[0]) {
		rdv_put(t, " in ");
		rdv_put_name(t, b->where);
	}
	if (b->why != RDV_BLOCKER_ISOLATED && b->why != RDV_BLOCKER_HELD)
		return;
	rdv_put(t, " for ");
	rdv_put_seconds(t, now > b->since ? now - b->since : 0);
}

static int report_to_stderr(const struct rdv_stall *stall)
{
	uint64_t now = stall->since + stall->waited_ns;
	struct rdv_text t = {0};
	size_t i;

	rdv_put(&t, "librdv: stall in ");
	rdv_put_name(&t, stall->domain_name);
	rdv_put(&t, ": thread ");
	rdv_put_thread(&t, stall->id, stall->name, stall->kernel_tid);
	rdv_put(&t, " has waited ");
	rdv_put_seconds(&t, stall->waited_ns);
	rdv_put(&t, what_for(stall->kind));
	if (stall->where[0]) {
		rdv_put(&t, " in ");
		rdv_put_name(&t, stall->where);
	}
	rdv_put(&t, stall->n_blockers ? "; it waits for " : "; it waits for nobody now");
	for (i = 0; i < stall->n_listed; i++) {
		if (i)
			rdv_put(&t, ", ");
		put_blocker(&t, &stall->blockers[i], now);
	}
	if (stall->n_listed < stall->n_blockers) {
		rdv_put(&t, " and ");
		rdv_put_int(&t, (int64_t)(stall->n_blockers - stall->n_listed));
		rdv_put(&t, " more");
	}
	if (stall->n_listed) {
		rdv_put(&t, ": ");
		rdv_put(&t, hint(stall->blockers[0].why));
	}
	rdv_put(&t, ", see rdv_stats(3)\n");
	rdv_text_flush(&t, STDERR_FILENO);
	return 0;
}

/* -------------------------------------------------------------------- the report */

/*
 * Calls the program's function in the middle of the wait.  The function may end the
 * thread; then it does not return here, and thread.c takes back what the wait has
 * counted.  If the function returns, the thread must still be a member, because the wait
 * goes on.
 */
static int call_on_stall(struct rdv_member *m, const struct rdv_stall *stall)
{
	rdv_domain *d = m->domain;
	int ret, cancel;

	pthread_setcancelstate(PTHREAD_CANCEL_DISABLE, &cancel);
	m->in_report = true;
	ret = d->on_stall(stall, d->stall_arg);
	if (rdv_self_member(d) != m || !m->in_report)
		rdv_misuse("on_stall", NULL, RDV_LEFT_IN_REPORT);
	m->in_report = false;
	pthread_setcancelstate(cancel, NULL);
	return ret;
}

/* True: give up. */
static bool report(struct rdv_member *m)
{
	rdv_domain *d = m->domain;
	struct rdv_record *r = &m->record;
	uint64_t now = rdv_clock_ns(), waited = now - r->wait_since;
	bool isolates = m->wait_kind == RDV_WAIT_GATHER || m->wait_kind == RDV_WAIT_QUEUE;
	struct rdv_blocker blockers[MAX_LISTED];
	struct rdv_stall stall = {
		.size = sizeof(stall),
		.kind = m->wait_kind,
		.count = ++r->stalls,
		.may_give_up = m->may_give_up && m->wait_kind != RDV_WAIT_HELD &&
			       m->wait_kind != RDV_WAIT_KEPT,
		.domain = d,
		.domain_name = d->name,
		.self = &m->self,
		.id = m->id,
		.kernel_tid = r->tid,
		.name = m->name,
		.since = r->wait_since,
		.waited_ns = waited,
		.blockers = blockers,
		.where = isolates && r->where ? r->where : "",
	};
	int ret, saved_errno = errno;

	stall.n_blockers = rdv_blockers(d, m, blockers, MAX_LISTED, sizeof(blockers[0]));
	stall.n_listed = stall.n_blockers < MAX_LISTED ? stall.n_blockers : MAX_LISTED;
	while (r->stall_next <= now)
		r->stall_next = 2 * r->stall_next - r->wait_since;
	rdv_probe_2(stall, m, stall.kind, waited);
	ret = d->on_stall ? call_on_stall(m, &stall) : report_to_stderr(&stall);
	errno = saved_errno;
	return ret && stall.may_give_up;
}

int rdv_wait_stalling(struct rdv_member *m, const rdv_word *word, uint32_t expected,
		      uint32_t bitset, const struct timespec *deadline)
{
	struct timespec stall = rdv_deadline_at(m->record.stall_next);
	int ret;

	if (deadline && rdv_deadline_earlier(deadline, &stall))
		return rdv_futex_wait(word, expected, bitset, deadline);
	ret = rdv_futex_wait(word, expected, bitset, &stall);
	if (ret != -ETIMEDOUT)
		return ret;
	return report(m) ? -ECANCELED : -EINTR;
}
