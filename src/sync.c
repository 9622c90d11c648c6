/* SPDX-License-Identifier: MIT */
/*
 * The sync-point: all members meet, the requesters run in turn, all leave together.
 *
 *	phase    what happens                          ends when
 *	IDLE     nobody has come                       the first member enters
 *	FORMING  members wait in enter                 all members have entered
 *	SERVING  one requester runs, the others wait   no requester is left
 *	LEAVING  members go from enter to exit         all that entered are at the exit
 *
 * A sync-point is rare, and has to know all members, so its state is under the registry
 * lock.  A thread that waits here is parked, so an isolator never waits for it.  It
 * sleeps on turn, which counts the steps: a step that happens before the thread sleeps
 * has changed the word, so the thread does not sleep.
 *
 * Members may come and go while the sync-point forms.  Both barriers compare with counts
 * that registering and unregistering keep up to date.  While it serves nobody can join.
 */
#include "domain.h"
#include "futex.h"
#include "inside/record.h"
#include "wait.h"

#include <errno.h>
#include <fcntl.h>
#include <limits.h>
#include <rdv/sync.h>
#include <sys/eventfd.h>
#include <sys/syscall.h>
#include <unistd.h>

/* The bitsets of waits on turn: a requester's bit follows from its id, all others share
 * one bit. */
#define REQUESTER_BITS 31u
#define OTHERS         (1u << REQUESTER_BITS)

static uint32_t requester(const struct rdv_member *m)
{
	return 1u << m->id % REQUESTER_BITS;
}

/* ------------------------------------------------------------------ the eventfd
 *
 * By syscall(2): the functions of the C library are cancellation points, and we hold a
 * lock here, or are in the middle of a step.
 */

static void close_fd(int fd)
{
	syscall(SYS_close, fd);
}

static void make_readable(struct rdv_sync *s)
{
	const uint64_t one = 1;
	int saved_errno = errno;

	s->readable = true;
	syscall(SYS_write, s->fd, &one, sizeof(one));
	errno = saved_errno;
}

static void drain(struct rdv_sync *s)
{
	int saved_errno = errno;
	uint64_t count;

	if (!s->readable)
		return;
	s->readable = false;
	syscall(SYS_read, s->fd, &count, sizeof(count));
	errno = saved_errno;
}

/* Makes the eventfd readable for a pending sync-point, if another member could see it. */
static void call_pollers(rdv_domain *d)
{
	struct rdv_sync *s = &d->sync;
	bool pending = rdv_load_rlx(&s->pending); /* (e) */

	if (pending && !s->readable && s->fd >= 0 && d->members > 1)
		make_readable(s);
}

/* ---------------------------------------------------------------------- the steps
 *
 * All with the registry locked.
 */

static void step(rdv_domain *d, enum rdv_sync_phase phase, uint32_t who)
{
	struct rdv_sync *s = &d->sync;

	s->phase = phase;
	rdv_add_sc(&s->turn, 1);
	rdv_bump(&s->wakes, 1);
	rdv_futex_wake(&s->turn, INT_MAX, who);
}

/* The last turn is over.  The next sync-point may be wanted already, by a thread that waits
 * at the exit and is in on_stall. */
static void settle(struct rdv_sync *s)
{
	rdv_store_sc(&s->pending, s->wanting != 0);
	drain(s);
}

/* Gives the turn to the next requester, in the order of ids. */
static void serve_next(rdv_domain *d)
{
	struct rdv_sync *s = &d->sync;
	uint32_t ids = rdv_load_rlx(&d->words) * RDV_WORD_BITS; /* (e) */
	struct rdv_member *m;
	uint32_t i, id;

	for (i = 0; s->wanting && i < ids; i++) {
		id = (s->next + i) % ids;
		m = id < d->max_threads ? d->member[id] : NULL;
		if (!m || !m->sync_in || m->sync_out || !m->sync_want)
			continue;
		s->next = id + 1;
		rdv_store_rlx(&m->sync_turn, true); /* (e) */
		step(d, RDV_SYNC_SERVING, requester(m));
		return;
	}
	settle(s);
	step(d, RDV_SYNC_LEAVING, RDV_FUTEX_ANY);
}

static void end_turn(struct rdv_member *m)
{
	m->sync_turn = false;
	m->sync_want = false;
	m->domain->sync.wanting--;
	serve_next(m->domain);
}

/* Called when a count has changed: a barrier may be complete. */
static void check_barriers(rdv_domain *d)
{
	struct rdv_sync *s = &d->sync;

	if (s->phase == RDV_SYNC_FORMING && s->entered == d->members) {
		serve_next(d);
	} else if (s->phase == RDV_SYNC_LEAVING && s->exited == s->entered) {
		s->entered = s->exited = 0;
		step(d, RDV_SYNC_IDLE, RDV_FUTEX_ANY);
		call_pollers(d);
	}
}

/* Waits until the next step, with the registry unlocked.  m is the member that waits, or
 * NULL: a thread that registers. */
static void wait_step(rdv_domain *d, struct rdv_member *m, uint32_t who)
{
	uint32_t turn = rdv_load_rlx(&d->sync.turn); /* (e) */

	rdv_unlock(&d->registry);
	if (m)
		rdv_wait(m, &d->sync.turn, turn, who, NULL);
	else
		rdv_futex_wait(&d->sync.turn, turn, who, NULL);
	rdv_lock(&d->registry);
}

/* -------------------------------------------------------------- coming and going */

/* Locks the registry at a moment when members may be added. */
void rdv_sync_lock_registry(rdv_domain *d)
{
	rdv_lock(&d->registry);
	while (d->sync.phase == RDV_SYNC_SERVING || d->sync.phase == RDV_SYNC_LEAVING)
		wait_step(d, NULL, OTHERS);
}

/* A member was added.  If the domain had one member before, a pending sync-point has called
 * nobody yet. */
void rdv_sync_joined(rdv_domain *d)
{
	call_pollers(d);
}

/* Whether the member is counted in entered, and in exited if it is at the exit.  The counts
 * become 0 when all are at the exit.  A member that still sleeps there has its flags set,
 * but
 * is not counted any more. */
static bool is_counted(const struct rdv_member *m)
{
	enum rdv_sync_phase phase = m->domain->sync.phase;

	return m->sync_in &&
	       (!m->sync_out || phase == RDV_SYNC_SERVING || phase == RDV_SYNC_LEAVING);
}

/* A member was removed, in whatever phase. */
void rdv_sync_left(struct rdv_member *m)
{
	rdv_domain *d = m->domain;
	struct rdv_sync *s = &d->sync;

	if (is_counted(m))
		s->entered--;
	if (is_counted(m) && m->sync_out)
		s->exited--;
	m->sync_in = m->sync_out = m->sync_pair = false;
	if (m->sync_turn)
		end_turn(m);
	else if (m->sync_want)
		s->wanting--;
	m->sync_want = false;
	if (s->phase == RDV_SYNC_FORMING && !s->entered)
		s->phase = RDV_SYNC_IDLE;
	if (s->phase == RDV_SYNC_IDLE && !s->wanting)
		settle(s);
	check_barriers(d);
}

/* The thread has called on_stall in wait_step(), and ends there. */
void rdv_sync_leave(struct rdv_member *m)
{
	rdv_lock(&m->domain->registry);
	rdv_sync_left(m);
	rdv_unlock(&m->domain->registry);
}

/*
 * The child of a fork() has one member at most.  It shares the eventfd with its parent,
 * so it makes a new one with the same number.
 */
void rdv_sync_fork(rdv_domain *d, struct rdv_member *survivor)
{
	struct rdv_sync *s = &d->sync;
	bool in = survivor && survivor->sync_in && !survivor->sync_out;
	int saved_errno = errno;
	int fd = s->fd;

	s->wanting = survivor && survivor->sync_want;
	s->entered = in;
	s->exited = 0;
	s->readable = false;
	if (!in)
		s->phase = RDV_SYNC_IDLE;
	rdv_store_sc(&s->pending, s->wanting);
	/* it forked in on_stall: the thread that it waits for does not exist here */
	if (in && s->phase == RDV_SYNC_SERVING && !survivor->sync_turn)
		serve_next(d);
	check_barriers(d);
	if (fd < 0)
		return;
	close_fd(fd);
	s->fd = eventfd(0, EFD_CLOEXEC | EFD_NONBLOCK);
	if (s->fd >= 0 && s->fd != fd) {
		dup3(s->fd, fd, O_CLOEXEC);
		close_fd(s->fd);
		s->fd = fd;
	}
	errno = saved_errno;
}

void rdv_sync_close(rdv_domain *d)
{
	if (d->sync.fd >= 0)
		close_fd(d->sync.fd);
}

/* -------------------------------------------------------------------------- calls */

int rdv_sync_enable(rdv_domain *domain)
{
	struct rdv_member *m = rdv_self_member(domain);
	struct rdv_sync *s = &domain->sync;
	struct rdv_shield shield;
	int saved_errno = errno;
	int ret;

	if (m)
		rdv_shield(m, &shield);
	rdv_lock(&domain->registry);
	if (s->fd < 0) {
		ret = eventfd(0, EFD_CLOEXEC | EFD_NONBLOCK);
		if (ret < 0)
			ret = -errno;
		else
			s->fd = ret;
		call_pollers(domain);
	} else {
		ret = s->fd;
	}
	rdv_unlock(&domain->registry);
	if (m)
		rdv_unshield(m, &shield);
	errno = saved_errno;
	return ret;
}

int rdv_sync_fd(const rdv_domain *domain)
{
	return domain->sync.fd;
}

void rdv_sync_want(rdv_thread *self)
{
	struct rdv_member *m = rdv_member_of(self);
	struct rdv_sync *s = &m->domain->sync;
	struct rdv_shield shield;

	rdv_must_own(m);
	rdv_shield(m, &shield);
	rdv_lock(&m->domain->registry);
	if (!m->sync_want) {
		m->sync_want = true;
		s->wanting++;
		rdv_tsan_release(&s->pending);
		rdv_store_sc(&s->pending, 1); /* [SYNC] what we did before we asked */
		call_pollers(m->domain);
	}
	rdv_unlock(&m->domain->registry);
	rdv_unshield(m, &shield);
}

/* acquire: [SYNC] what the first requester did before it asked */
bool rdv_sync_pending(const rdv_domain *domain)
{
	bool pending = rdv_load_acq(&domain->sync.pending);

	rdv_tsan_acquire(&domain->sync.pending);
	return pending;
}

/* A handler that interrupts rdv_sync_enter() may see the turn come at any moment. */
bool rdv_sync_my_turn(const rdv_thread *self)
{
	return rdv_load_rlx(&rdv_member_of(self)->sync_turn); /* (f) */
}

bool rdv_sync_wanted(const rdv_thread *self)
{
	const struct rdv_member *m = rdv_member_of(self);

	return m->sync_in ? rdv_load_rlx(&m->sync_turn) : m->sync_want; /* (f) */
}

void rdv_sync_enter(rdv_thread *self)
{
	struct rdv_member *m = rdv_member_of(self);
	rdv_domain *d = m->domain;
	struct rdv_sync *s = &d->sync;
	struct rdv_shield shield;

	rdv_must_own(m);
	rdv_must_not_wait(m);
	rdv_must_be(!m->depth, m, RDV_IS_ISOLATED);
	rdv_must_be_unlocked(m);
	rdv_shield(m, &shield);
	rdv_lock(&d->registry);
	m->sync_pair = true;
	if (m->sync_in || !rdv_load_rlx(&s->pending)) { /* (e) */
		rdv_unlock(&d->registry);
		rdv_unshield(m, &shield);
		return;
	}
	rdv_park(m);
	rdv_record_sync_enter(m);
	m->sync_in = true;
	s->entered++;
	s->phase = RDV_SYNC_FORMING;
	check_barriers(d);
	rdv_wait_begin(m, RDV_WAIT_SYNC);
	while (!m->sync_turn && s->phase != RDV_SYNC_LEAVING)
		wait_step(d, m, m->sync_want ? requester(m) : OTHERS);
	rdv_wait_end(m);
	rdv_unlock(&d->registry);
	rdv_leave(m);
}

void rdv_sync_exit(rdv_thread *self)
{
	struct rdv_member *m = rdv_member_of(self);
	rdv_domain *d = m->domain;
	struct rdv_sync *s = &d->sync;
	struct rdv_shield shield;

	rdv_must_own(m);
	rdv_must_not_wait(m);
	rdv_must_be(m->sync_pair, m, RDV_NOT_ENTERED);
	rdv_shield(m, &shield);
	rdv_lock(&d->registry);
	m->sync_pair = false;
	if (!m->sync_in) {
		rdv_unlock(&d->registry);
		rdv_unshield(m, &shield);
		return;
	}
	rdv_park(m);
	if (m->sync_turn)
		end_turn(m);
	s->exited++;
	m->sync_out = true;
	check_barriers(d);
	rdv_wait_begin(m, RDV_WAIT_SYNC);
	/* The next sync-point may form already.  It cannot serve before we enter it. */
	while (s->phase == RDV_SYNC_SERVING || s->phase == RDV_SYNC_LEAVING)
		wait_step(d, m, OTHERS);
	rdv_wait_end(m);
	m->sync_in = m->sync_out = false;
	rdv_unlock(&d->registry);
	rdv_leave(m);
	rdv_record_sync_exit(m);
}
