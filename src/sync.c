/* SPDX-License-Identifier: MIT */
/*
 * The sync-point: everybody meets, the requesters run in turn, everybody leaves.
 *
 *	phase    what                                  ends when
 *	IDLE     nobody has come                       the first member enters
 *	FORMING  the early ones wait in enter          all members have entered
 *	SERVING  one requester runs, the others wait   none is left; drains the eventfd
 *	LEAVING  they come from enter to exit          all who entered have; -> IDLE
 *
 * It happens rarely and needs to know who is a member, so its state is under the
 * registry lock and says so in words.  Whoever waits is parked, so that an isolator
 * never waits for a sync-point, and sleeps on turn, which counts each step of it:
 * a step that was missed on the way to sleep has changed the word.
 *
 * Members come and go while it forms: both barriers compare with counts that
 * unregistering keeps up to date.  Once it serves, nobody can join until it is over.
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

enum rdv_sync_phase { IDLE, FORMING, SERVING, LEAVING };

/* Bits of the waits on turn: requesters have theirs by id, the others share one. */
#define REQUESTER_BITS 31u
#define OTHERS         (1u << REQUESTER_BITS)

static uint32_t requester(const struct rdv_member *m)
{
	return 1u << m->id % REQUESTER_BITS;
}

/* ------------------------------------------------------------------ the eventfd
 *
 * By syscall(2): the wrappers are cancellation points, and we hold a lock, or are half-way
 * through.
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

/* Wakes the pollers for a pending sync-point, once, if there is anybody to wake. */
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

/* Nobody wants it any more; or one that waits at the exit, in on_stall, wants the next. */
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
		m->sync_turn = true;
		step(d, SERVING, requester(m));
		return;
	}
	settle(s);
	step(d, LEAVING, RDV_FUTEX_ANY);
}

static void end_turn(struct rdv_member *m)
{
	m->sync_turn = false;
	m->sync_want = false;
	m->domain->sync.wanting--;
	serve_next(m->domain);
}

/* What the barriers wait for may have come about. */
static void check_barriers(rdv_domain *d)
{
	struct rdv_sync *s = &d->sync;

	if (s->phase == FORMING && s->entered == d->members) {
		serve_next(d);
	} else if (s->phase == LEAVING && s->exited == s->entered) {
		s->entered = s->exited = 0;
		step(d, IDLE, RDV_FUTEX_ANY);
		call_pollers(d);
	}
}

/* Until the next step; the registry is unlocked meanwhile.  m: NULL, or the member that
 * waits. */
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
	while (d->sync.phase == SERVING || d->sync.phase == LEAVING)
		wait_step(d, NULL, OTHERS);
}

/* A member was added; perhaps the first that has to be called. */
void rdv_sync_joined(rdv_domain *d)
{
	call_pollers(d);
}

/* In entered, and in exited if it is out.  The counts begin anew when all who were in have
 * come out, which those that sleep at the exit do not know yet. */
static bool is_counted(const struct rdv_member *m)
{
	int phase = m->domain->sync.phase;

	return m->sync_in && (!m->sync_out || phase == SERVING || phase == LEAVING);
}

/* A member was removed, wherever it stood. */
void rdv_sync_left(struct rdv_member *m)
{
	rdv_domain *d = m->domain;
	struct rdv_sync *s = &d->sync;

	if (is_counted(m))
		s->entered--;
	if (is_counted(m) && m->sync_out)
		s->exited--;
	m->sync_in = m->sync_out = false;
	if (m->sync_turn)
		end_turn(m);
	else if (m->sync_want)
		s->wanting--;
	m->sync_want = false;
	if (s->phase == FORMING && !s->entered)
		s->phase = IDLE;
	if (s->phase == IDLE && !s->wanting)
		settle(s);
	check_barriers(d);
}

/* The thread ends in on_stall, called in wait_step(), which it will not return to. */
void rdv_sync_leave(struct rdv_member *m)
{
	rdv_lock(&m->domain->registry);
	rdv_sync_left(m);
	rdv_unlock(&m->domain->registry);
}

/*
 * The child of a fork() has one member at most, and the eventfd is its parent's
 * too: it gets one of its own under the same number.
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
		s->phase = IDLE;
	rdv_store_sc(&s->pending, s->wanting);
	/* it forked in on_stall: whom it waits for is not there */
	if (in && s->phase == SERVING && !survivor->sync_turn)
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
		rdv_store_sc(&s->pending, 1); /* [SYNC] what we did before we asked */
		call_pollers(m->domain);
	}
	rdv_unlock(&m->domain->registry);
	rdv_unshield(m, &shield);
}

/* acquire: [SYNC] what the first requester did before it asked */
bool rdv_sync_pending(const rdv_domain *domain)
{
	return rdv_load_acq(&domain->sync.pending);
}

bool rdv_sync_my_turn(const rdv_thread *self)
{
	return rdv_member_of(self)->sync_turn;
}

bool rdv_sync_wanted(const rdv_thread *self)
{
	const struct rdv_member *m = rdv_member_of(self);

	return m->sync_in ? m->sync_turn : m->sync_want;
}

void rdv_sync_enter(rdv_thread *self)
{
	struct rdv_member *m = rdv_member_of(self);
	rdv_domain *d = m->domain;
	struct rdv_sync *s = &d->sync;
	struct rdv_shield shield;

	rdv_must_own(m);
	rdv_must_not_wait(m);
	rdv_must_be(!m->depth, m, "is isolated");
	rdv_must_be_unlocked(m);
	rdv_shield(m, &shield);
	rdv_lock(&d->registry);
	if (m->sync_in || !rdv_load_rlx(&s->pending)) { /* (e) */
		rdv_unlock(&d->registry);
		rdv_unshield(m, &shield);
		return;
	}
	rdv_park(m);
	rdv_record_sync_enter(m);
	m->sync_in = true;
	s->entered++;
	s->phase = FORMING;
	check_barriers(d);
	rdv_wait_begin(m, RDV_WAIT_SYNC);
	while (!m->sync_turn && s->phase != LEAVING)
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
	rdv_shield(m, &shield);
	rdv_lock(&d->registry);
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
	while (s->phase == SERVING || s->phase == LEAVING)
		wait_step(d, m, OTHERS);
	rdv_wait_end(m);
	m->sync_in = m->sync_out = false;
	rdv_unlock(&d->registry);
	rdv_leave(m);
	rdv_record_sync_exit(m);
}
