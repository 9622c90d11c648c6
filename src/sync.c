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
 * lock.  A thread that waits here is parked, so an isolator never waits for it.
 *
 * It waits for turn to say that it may go on, without the lock.  Once turn says so, it
 * says so until the thread itself goes on: the turn of a thread ends in exit, LEAVING
 * needs all that entered, and the next SERVING needs all members.  So a thread may sleep
 * on any other value of turn, and does not miss its own.
 *
 * All that a step lets go are woken in one call, and not as a tree: no woken thread has to
 * wait until another has a CPU.  That call comes after the lock is free, because the woken
 * threads take it next.
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

static void make_readable(const struct rdv_sync *s)
{
	const uint64_t one = 1;
	int saved_errno = errno;

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

/*
 * True if the caller has to make the eventfd readable: a sync-point is pending that another
 * member could see.
 */
static bool must_call(rdv_domain *d)
{
	struct rdv_sync *s = &d->sync;

	if (!rdv_load_rlx(&s->pending) || s->readable || s->fd < 0 || /* (e) */
	    d->members <= 1)
		return false;
	s->readable = true;
	return true;
}

static void call_pollers(rdv_domain *d)
{
	if (must_call(d))
		make_readable(&d->sync);
}

/* ---------------------------------------------------------------------- the steps
 *
 * All with the registry locked.
 */

static enum rdv_sync_phase phase(const rdv_domain *d)
{
	return rdv_sync_phase(rdv_load_rlx(&d->sync.turn)); /* (e) */
}

/* [TURN] release: what all that have come did before */
static void set_turn(rdv_domain *d, uint32_t turn)
{
	rdv_tsan_release(&d->sync.turn);
	rdv_store_rel(&d->sync.turn, turn);
}

static void step(rdv_domain *d, uint32_t turn, uint32_t who)
{
	set_turn(d, turn);
	d->sync.to_wake |= who;
}

/*
 * Unlocks the registry, then wakes those that a step has let go.  The domain may be gone by
 * then, but a wake-up does not look at the word.
 */
void rdv_sync_unlock_registry(rdv_domain *d)
{
	struct rdv_sync *s = &d->sync;
	uint32_t who = s->to_wake;

	s->to_wake = 0;
	if (who)
		rdv_bump(&s->wakes, 1);
	rdv_unlock(&d->registry);
	if (who)
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
		step(d, rdv_sync_turn_of(m), requester(m));
		return;
	}
	settle(s);
	step(d, RDV_SYNC_LEAVING, RDV_FUTEX_ANY);
}

static void end_turn(struct rdv_member *m)
{
	m->sync_want = false;
	m->domain->sync.wanting--;
	serve_next(m->domain);
}

/* Called when a count has changed: a barrier may be complete. */
static void check_barriers(rdv_domain *d)
{
	struct rdv_sync *s = &d->sync;

	if (phase(d) == RDV_SYNC_FORMING && s->entered == d->members) {
		serve_next(d);
	} else if (phase(d) == RDV_SYNC_LEAVING && s->exited == s->entered) {
		s->entered = s->exited = 0;
		step(d, RDV_SYNC_IDLE, RDV_FUTEX_ANY);
		call_pollers(d);
	}
}

/*
 * [TURN] acquire: what the others did before.  The kernel compares turn with what we have
 * seen, so a step that comes before we sleep does not let us sleep.
 */
static uint32_t see_turn(const rdv_domain *d)
{
	uint32_t turn = rdv_load_acq(&d->sync.turn);

	rdv_tsan_acquire(&d->sync.turn);
	return turn;
}

/* Whether m may leave enter: it is its turn, or all requesters were served. */
static bool may_leave_enter(const struct rdv_member *m, uint32_t turn)
{
	return turn == rdv_sync_turn_of(m) || turn == RDV_SYNC_LEAVING;
}

/* Whether a sync-point is between its barriers: nobody joins, and nobody leaves exit. */
static bool is_on(uint32_t turn)
{
	enum rdv_sync_phase phase = rdv_sync_phase(turn);

	return phase == RDV_SYNC_SERVING || phase == RDV_SYNC_LEAVING;
}

static void wait_in_enter(struct rdv_member *m)
{
	rdv_domain *d = m->domain;
	uint32_t turn;

	while (!may_leave_enter(m, turn = see_turn(d)))
		rdv_wait(m, &d->sync.turn, turn, m->sync_want ? requester(m) : OTHERS,
			 NULL);
}

/* The next sync-point may form already, but it cannot serve before we enter it. */
static void wait_in_exit(struct rdv_member *m)
{
	rdv_domain *d = m->domain;
	uint32_t turn;

	while (is_on(turn = see_turn(d)))
		rdv_wait(m, &d->sync.turn, turn, OTHERS, NULL);
}

/* -------------------------------------------------------------- coming and going */

/* Locks the registry at a moment when members may be added. */
void rdv_sync_lock_registry(rdv_domain *d)
{
	uint32_t turn;

	rdv_lock(&d->registry);
	while (is_on(turn = rdv_load_rlx(&d->sync.turn))) { /* (e) */
		rdv_unlock(&d->registry);
		rdv_futex_wait(&d->sync.turn, turn, OTHERS, NULL);
		rdv_lock(&d->registry);
	}
}

/* A member was added.  If the domain had one member before, a pending sync-point has called
 * nobody yet. */
void rdv_sync_joined(rdv_domain *d)
{
	call_pollers(d);
}

/* Whether the member is counted in entered, and in exited if it is at the exit.  The counts
 * become 0 when all are at the exit.  A member that still sleeps there has its flags set,
 * but is not counted any more. */
static bool is_counted(const struct rdv_member *m)
{
	return m->sync_in &&
	       (!m->sync_out || is_on(rdv_load_rlx(&m->domain->sync.turn))); /* (e) */
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
	if (rdv_sync_has_turn(m))
		end_turn(m);
	else if (m->sync_want)
		s->wanting--;
	m->sync_want = false;
	if (phase(d) == RDV_SYNC_FORMING && !s->entered)
		set_turn(d, RDV_SYNC_IDLE);
	if ((phase(d) == RDV_SYNC_IDLE || phase(d) == RDV_SYNC_LEAVING) && !s->wanting)
		settle(s);
	check_barriers(d);
}

/* The thread has called on_stall at one of the barriers, and ends there. */
void rdv_sync_leave(struct rdv_member *m)
{
	rdv_lock(&m->domain->registry);
	rdv_sync_left(m);
	rdv_sync_unlock_registry(m->domain);
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
		set_turn(d, RDV_SYNC_IDLE);
	rdv_store_sc(&s->pending, s->wanting);
	/* it forked in on_stall: the thread that it waits for does not exist here */
	if (in && phase(d) == RDV_SYNC_SERVING && !rdv_sync_has_turn(survivor))
		serve_next(d);
	check_barriers(d);
	s->to_wake = 0; /* nobody is there */
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

/*
 * Makes the eventfd readable after the lock is free, because the pollers take it next.  No
 * other thread makes it unreadable meanwhile.  That is done at the end of SERVING.  While it
 * serves must_call() is false, as a sync-point is pending and its pollers were called.  The
 * next one does not serve before we enter it.
 */
void rdv_sync_want(rdv_thread *self)
{
	struct rdv_member *m = rdv_member_of(self);
	struct rdv_sync *s = &m->domain->sync;
	struct rdv_shield shield;
	bool call = false;

	rdv_must_own(m);
	rdv_shield(m, &shield);
	rdv_lock(&m->domain->registry);
	if (!m->sync_want) {
		m->sync_want = true;
		s->wanting++;
		rdv_tsan_release(&s->pending);
		rdv_store_sc(&s->pending, 1); /* [SYNC] what we did before we asked */
		call = must_call(m->domain);
	}
	rdv_unlock(&m->domain->registry);
	if (call)
		make_readable(s);
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
	return rdv_sync_has_turn(rdv_member_of(self));
}

bool rdv_sync_wanted(const rdv_thread *self)
{
	const struct rdv_member *m = rdv_member_of(self);

	return m->sync_in ? rdv_sync_has_turn(m) : m->sync_want;
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
	rdv_must_be(!m->keeps, m, RDV_KEEPS_ONE);
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
	set_turn(d, RDV_SYNC_FORMING);
	check_barriers(d);
	rdv_wait_begin(m, RDV_WAIT_SYNC);
	rdv_sync_unlock_registry(d);
	wait_in_enter(m);
	rdv_wait_end(m);
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
	rdv_must_be(!m->keeps, m, RDV_KEEPS_ONE);
	rdv_shield(m, &shield);
	rdv_lock(&d->registry);
	m->sync_pair = false;
	if (!m->sync_in) {
		rdv_unlock(&d->registry);
		rdv_unshield(m, &shield);
		return;
	}
	rdv_park(m);
	if (rdv_sync_has_turn(m))
		end_turn(m);
	s->exited++;
	m->sync_out = true;
	check_barriers(d);
	rdv_wait_begin(m, RDV_WAIT_SYNC);
	rdv_sync_unlock_registry(d);
	wait_in_exit(m);
	rdv_wait_end(m);
	m->sync_in = m->sync_out = false;
	rdv_leave(m);
	rdv_record_sync_exit(m);
}
