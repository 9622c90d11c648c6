/* SPDX-License-Identifier: MIT */
/*
 * The words of memory that the rendez-vous is made of, who changes them, and who
 * sleeps on them.  doc/design.md has the argument; the tags in brackets are its
 * edges.
 *
 * A thread is	RUNNING   it may touch shared data;
 *		HARMLESS  set by its own fast path, known to nobody else;
 *		PARKED    harmless, and its bit in harmless[] is or is about to be set.
 *
 *	from      to        by        when
 *	RUNNING   HARMLESS  itself    rdv_harmless_now()
 *	HARMLESS  RUNNING   itself    rdv_harmless_end(); final if it then sees the
 *	                              gate open, else it parks
 *	HARMLESS  PARKED    leader    it found the thread so: sets the bit after
 *	any       PARKED    itself    rdv_park(): sets the bit after
 *	PARKED    RUNNING   itself    step_out(): clears the bit after; final if it
 *	                              then sees the gate open and the bit still clear
 *
 * One thread at most has the token: the owner.  It is the leader while it gathers
 * (waits for the others to be harmless), and then isolated.
 *
 *	the token      is taken by    from an open gate, by compare-and-swap on ctl
 *	               is passed by   clearing the successor's bit in want_rdv[]; only
 *	                              the owner clears the bit of another
 *	               is given back  by compare-and-swap on ctl: the round ends
 *
 *	who sleeps     on                     until                   woken by
 *	the leader     gathering              all that it awaits are  the last of them
 *	an isolator    want_rdv[w]            its own bit is clear    its predecessor
 *	a held thread  ctl                    no owner                the round's end or
 *	                                                              a barred isolator,
 *	                                                              then one another
 */
#ifndef RDV_DOMAIN_H
#define RDV_DOMAIN_H

#include <rdv/rdv.h>
#include <stddef.h>

#include "atomic.h"
#include "lock.h"

#define RDV_CACHE_LINE      128 /* two lines: the prefetcher takes them in pairs */
#define RDV_WORD_BITS       32u
#define RDV_MASK_WORDS(ids) (((ids) + RDV_WORD_BITS - 1) / RDV_WORD_BITS)

/*
 * ctl:   31       17  16        2    1       0
 *       |   round   |  owner's id  | more | closed |
 *
 * Closed: there is an owner.  Open, the id is 0.
 *
 * More: somebody may be queued in want_rdv[].  Legal to be set for nobody; illegal to be
 * clear while a queued isolator sleeps on a closed gate, but for the moment in which
 * rdv_pass() has cleared it and not yet looked again.
 *
 * The round counts up each time that the gate opens, for those who watch: linger(), the
 * dump.  A value of ctl returns after 2^15 rounds at most, and no wake-up depends on
 * that it does not.
 *
 * Programs are compiled with RDV_GATE_CLOSED, and with nothing else of this.
 */
#define RDV_CTL_MORE     2u
#define RDV_CTL_ID_SHIFT 2
#define RDV_CTL_OWNER    (0x7fffu << RDV_CTL_ID_SHIFT | RDV_GATE_CLOSED)
#define RDV_CTL_ROUND    (1u << 17)
#ifndef RDV_ROUND_STEP /* 0 in the model: there a value of ctl returns at once */
#define RDV_ROUND_STEP RDV_CTL_ROUND
#endif

_Static_assert(RDV_MAX_THREADS <= 0x7fff, "an id fits into ctl");
_Static_assert((RDV_CTL_OWNER & RDV_CTL_MORE) == 0 &&
		       (RDV_CTL_OWNER | RDV_CTL_MORE) < RDV_CTL_ROUND,
	       "the fields of ctl do not overlap");

struct rdv_member;

/* What a thread may spin for before it sleeps.  All but the last adapt. */
enum rdv_spin_kind {
	RDV_SPIN_GATHER,
	RDV_SPIN_QUEUE,
	RDV_SPIN_EARLY, /* queued, and woken before its turn */
	RDV_SPIN_HELD,
	RDV_SPIN_KINDS,
	RDV_SPIN_LINGER = RDV_SPIN_KINDS,
};

/* One that is read and written as a whole, where the ABI aligns uint64_t by 4 too. */
typedef uint64_t rdv_count __attribute__((aligned(8)));

/* What a thread waits for in the library. */
enum rdv_wait_kind {
	RDV_WAIT_NONE,
	RDV_WAIT_GATHER,
	RDV_WAIT_QUEUE,
	RDV_WAIT_HELD,
	RDV_WAIT_SYNC,
};

struct rdv_history; /* the histograms, see history.h */

/* A set of threads, one bit each, in words that can be slept on. */
typedef rdv_word *rdv_mask;

/* The sync-point, see sync.c.  All but pending and turn is under the registry lock. */
struct rdv_sync {
	rdv_word pending; /* somebody wants one: the eventfd is, or should be, readable */
	rdv_word turn;    /* futex word: counts the steps of the sync-points */
	int fd;           /* the eventfd, -1 before rdv_sync_enable() */
	int phase;        /* enum rdv_sync_phase */
	bool readable;    /* the eventfd was written and not drained */
	uint32_t wanting; /* how many have subscribed */
	uint32_t entered; /* how many are between enter's barrier and the end */
	uint32_t exited;  /* how many of these have come to exit's barrier */
	uint32_t next;    /* where the search for the next requester starts */
	rdv_count wakes;
};

struct rdv_domain {
	/* Read by every fast path; written twice a round, and once per hand-over. */
	_Alignas(RDV_CACHE_LINE) rdv_word ctl;

	/*
	 * Written by threads that wait, read by those that open and end rounds.
	 *
	 * held: threads that want to run and may not.  Legal to be too high for a moment;
	 * illegal not to count a thread that waits for an open gate.
	 */
	_Alignas(RDV_CACHE_LINE) rdv_word held;
	/* When held left 0, in us, wrapping.  Legal to be too early; illegal to be too late. */
	rdv_word held_since;
	/* How many of the held sleep on ctl.  Legal to count a thread that is awake: a wake-up
	 * for nobody; illegal not to count one that sleeps, or is about to. */
	rdv_word asleep;
	/* 1: a thread was woken to look at ctl and wake others.  Legal to be 0 while such a
	 * thread is on its way; illegal to be 1 unless some thread is going to store 0 and
	 * then look at ctl. */
	rdv_word waking;
	/* Isolators that poll the gate before they queue.  Legal to be too low; illegal to count
	 * one that will not look at asleep again. */
	rdv_word lingering;
	/* Isolators that may not open a round while held is not 0.  Legal to be too high;
	 * illegal not to count one that sleeps while the gate is open. */
	rdv_word barred;
	/* Not 0: the leader sleeps on it until nobody is awaited.  Legal to be set while no
	 * leader sleeps; illegal to be 0 while one sleeps that is owed a wake-up. */
	rdv_word gathering;
	/* Threads that spin now.  Legal to be wrong for a moment: it is a hint. */
	rdv_word spinners;
	rdv_word spin_ns[RDV_SPIN_KINDS]; /* how long spinning may take, see spin.c */
	/* These two belong to the owner.  served: the id of the barred isolator that was served
	 * first last time; the next search starts after it.  gathered: the predecessor passed
	 * the token while it was alone, so its successor need not gather. */
	uint32_t served, gathered;
	rdv_count laggard;    /* who swapped which gathering last: see record.h */
	rdv_count fences;     /* membarriers so far; written by the owner */
	rdv_count held_wakes; /* wake-ups of held threads so far */

	/*
	 * Read only, but for words, which grows.
	 *
	 * words: of the masks that are in use.  Legal to be too high; illegal not to count that
	 * of a thread that runs, once the gate that it saw open is closed.
	 */
	_Alignas(RDV_CACHE_LINE) rdv_word words;
	uint32_t max_threads;
	uint32_t biased;
	uint32_t patience_us;
	uint32_t spin_cap_ns;
	uint32_t spinners_max;
	rdv_count stall_ns; /* 0 = no reports */
	rdv_stall_fn *on_stall;
	void *stall_arg;
	/* Legal to be clear for a harmless thread; illegal to be set for one that runs.  Set for
	 * each id that no thread has. */
	rdv_mask harmless;
	/* Isolators that wait for the token.  Whoever clears a bit that was set decides who has
	 * it: the owner has handed it over, or the isolator has given up. */
	rdv_mask want_rdv;
	/* Whom the leader waits for.  Only shrinks; means nothing while gathering is 0. */
	rdv_mask awaited;
	struct rdv_member **member; /* by id; never freed before the domain */
	struct rdv_history *history;
	char name[32];

	/* Who is there.  Apart from the line above, which every slow path reads. */
	_Alignas(RDV_CACHE_LINE) rdv_mutex registry;
	uint32_t members, members_max;
	uint32_t *registered; /* a mask, under the registry lock */
	/* Apart from the lock: an event loop reads sync.pending on each turn. */
	_Alignas(RDV_CACHE_LINE) struct rdv_sync sync;
	rdv_domain *next;           /* all domains, see fork.c */
	struct rdv_export *exports; /* under the registry lock */
};

/* A slot of a domain and the thread in it; self is first, so that a handle is one. */
struct rdv_member {
	_Alignas(RDV_CACHE_LINE) rdv_thread self;
	rdv_domain *domain;
	uint32_t id, word, bit; /* id == 32 * word + log2(bit) */
	uint32_t depth;         /* of rdv_isolate(); 0 = not isolated */
	rdv_word shielded; /* a signal handler leaves the thread parked; see harmless.c */
	rdv_word asleep;   /* (about to) sleep on want_rdv[word] */
	bool sync_want;    /* wants a sync-point; under the registry lock, these three */
	bool sync_in;      /* between the barriers of one */
	bool sync_turn;    /* ... and it is its turn */
	bool sync_out;     /* ... and it waits for the others to leave, too */
	struct rdv_member *next; /* memberships of the same thread, see self.c */
	char name[16];

	/*
	 * Statistics, see record.h.  The thread itself writes all of them except worst.  This
	 * first group is what an uncontended isolation writes: it shares the thread's line.
	 */
	rdv_count isolations;
	rdv_count tick;     /* the coarse clock, when it last asked for isolation */
	rdv_count since;    /* when it did, in ns; 0 = not timed */
	uint32_t untimed;   /* isolations that the histograms do not have yet ... */
	uint16_t bucket[2]; /* ... and where they belong */
	uint8_t timed;      /* how many more it may time in this tick */
	uint8_t wait_kind;  /* enum rdv_wait_kind */
	uint8_t logged;
	uint32_t blamed; /* id + 1 of the one that its last isolation waited for last */

	_Alignas(RDV_CACHE_LINE) rdv_count alone; /* since when it is isolated, in ns */
	rdv_count seen;                           /* when it last released a timed one */
	rdv_count wait_since;
	rdv_count rounds;   /* that it has opened */
	rdv_count tries;    /* that failed */
	rdv_count timeouts; /* timed isolations that failed */
	rdv_count waits, wakes;
	rdv_count
		delay; /* how long its last isolation waited for the one it blames, ns */
	rdv_count worst; /* the longest that it was blamed for, ns; written by leaders */
	rdv_count stall_next; /* when it reports its wait next, in ns */
	int32_t tid;          /* the kernel's, 0 = no thread is in the slot */
	uint16_t log[12];     /* waits to be added to the histograms */
	uint8_t stalls;       /* reports of this wait so far */
	uint8_t may_give_up;
	bool in_report;    /* in on_stall, in the middle of a wait; see leave_wait() */
	bool barred;       /* queued, and counted in barred */
	const char *where; /* it isolates there, while depth or wait_kind says so */
};

_Static_assert(offsetof(struct rdv_member, self) == 0, "a handle is a slot");
_Static_assert(offsetof(struct rdv_member, blamed) + sizeof(uint32_t) <= RDV_CACHE_LINE,
	       "an uncontended isolation writes one line of the slot");
_Static_assert(sizeof(struct rdv_member) == 2 * RDV_CACHE_LINE, "a slot is two lines");

/*
 * While a thread is shielded its signal handlers leave it parked instead of waiting, see
 * harmless.c.
 */
static inline bool rdv_shielded(const struct rdv_member *m)
{
	return rdv_load_rlx(&m->shielded); /* (c) */
}

static inline void rdv_shield_on(struct rdv_member *m)
{
	rdv_store_rlx(&m->shielded, 1); /* (c) */
	rdv_signal_fence();
}

static inline void rdv_shield_off(struct rdv_member *m)
{
	rdv_signal_fence();
	rdv_store_rlx(&m->shielded, 0); /* (c) */
	rdv_signal_fence();
}

static inline struct rdv_member *rdv_member_of(const rdv_thread *self)
{
	return (struct rdv_member *)(uintptr_t)self;
}

static inline bool rdv_ctl_open(uint32_t ctl)
{
	return !(ctl & RDV_GATE_CLOSED);
}

/* What RDV_CTL_OWNER of ctl is while m owns the token. */
static inline uint32_t rdv_ctl_name(const struct rdv_member *m)
{
	return m->id << RDV_CTL_ID_SHIFT | RDV_GATE_CLOSED;
}

/* ctl, owned by m */
static inline uint32_t rdv_ctl_owned(uint32_t ctl, const struct rdv_member *m)
{
	return (ctl & ~RDV_CTL_OWNER) | rdv_ctl_name(m);
}

/* ctl at the end of a round */
static inline uint32_t rdv_ctl_next_round(uint32_t ctl)
{
	return (ctl & ~(RDV_CTL_OWNER | RDV_CTL_MORE)) + RDV_ROUND_STEP;
}

/* ctl: the id of the owner, or -1 */
static inline int32_t rdv_ctl_id(uint32_t ctl)
{
	return rdv_ctl_open(ctl) ? -1
				 : (int32_t)((ctl & RDV_CTL_OWNER) >> RDV_CTL_ID_SHIFT);
}

/* Whether the calling thread has said that it runs. */
static inline bool rdv_runs(const struct rdv_member *m)
{
	return rdv_load_rlx(&m->self.state) == RDV_STATE_RUNNING; /* (a) */
}

/* Whether the calling thread is the owner, by its name on the gate.  Its predecessor may have
 * written that, but nobody takes it off before the thread has passed the token on itself. */
static inline bool rdv_owns(const struct rdv_member *m)
{
	uint32_t ctl = rdv_load_rlx(&m->domain->ctl); /* (a) */

	return (ctl & RDV_CTL_OWNER) == rdv_ctl_name(m);
}

/* harmless.c: becoming harmless, and running again */
struct rdv_shield {
	uint32_t state, shielded;
};

void rdv_shield(struct rdv_member *m, struct rdv_shield *shield);
void rdv_unshield(struct rdv_member *m, const struct rdv_shield *shield);
void rdv_park(struct rdv_member *m);
bool rdv_leave(struct rdv_member *m);
void rdv_give_up(struct rdv_member *m, uint32_t after);
void rdv_leave_hold(struct rdv_member *m);

/*
 * With the gate open: whether the caller has to wake somebody.  Not if nobody sleeps on ctl;
 * if a woken thread is on its way, which will do it, see [WAKING]; or if an isolator
 * lingers, which will look when its round ends.
 *
 * [LINGER] Dekker: a lingering isolator counts itself out, then sees to asleep; we opened
 * the gate, then read lingering.
 */
static inline bool rdv_held_to_wake(const rdv_domain *d)
{
	return rdv_load_sc(&d->asleep) && !rdv_load_sc(&d->lingering) &&
	       !rdv_load_sc(&d->waking);
}

/* held.c: threads that want to run while the gate is closed, and who wakes them */
bool rdv_may_open(const rdv_domain *d);
void rdv_wake_held(rdv_domain *d);
void rdv_wake_held_now(rdv_domain *d);
int rdv_wait_open(struct rdv_member *m, const struct timespec *deadline);
void rdv_leave_wait_open(struct rdv_member *m);
void rdv_hold_begin(struct rdv_member *m);
bool rdv_hold_end(struct rdv_member *m);

/* queue.c: who has the token, and who is next */
bool rdv_take(struct rdv_member *m);
void rdv_pass(struct rdv_member *m, bool gathered, uint32_t after);
uint32_t rdv_before_barred(rdv_domain *d);
int rdv_enqueue(struct rdv_member *m, const struct timespec *deadline);
void rdv_leave_queue(struct rdv_member *m);
void rdv_take_office(struct rdv_member *m);

/* gather.c: the leader, and who wakes it */
bool rdv_all_harmless(struct rdv_member *m);
bool rdv_await(struct rdv_member *m, const struct timespec *deadline);
void rdv_leave_await(struct rdv_member *m);
void rdv_tell_leader(struct rdv_member *m);

/* sync.c */
void rdv_sync_lock_registry(rdv_domain *d);
void rdv_sync_joined(rdv_domain *d);
void rdv_sync_left(struct rdv_member *m);
void rdv_sync_leave(struct rdv_member *m);
void rdv_sync_fork(rdv_domain *d, struct rdv_member *survivor);
void rdv_sync_close(rdv_domain *d);

/* thread.c */
int rdv_thread_setup(void);

/* self.c: the calling thread's memberships */
struct rdv_member *rdv_self_any(void);
struct rdv_member *rdv_self_member(const rdv_domain *d);
void rdv_self_add(struct rdv_member *m);
void rdv_self_remove(const struct rdv_member *m);

/* inside/export.c */
void rdv_export_fork(rdv_domain *d);

/* fork.c */
int rdv_fork_setup(void);
void rdv_fork_watch(rdv_domain *d);
void rdv_fork_unwatch(rdv_domain *d);

#endif
