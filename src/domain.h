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
 *	               is given back  by an addition to ctl: the round ends
 *
 *	sleeper        on                     until                   woken by
 *	the leader     gathering              all that it awaits are  the last of them
 *	an isolator    its asleep             it has the token, or    the one that passes the
 *	                                      may try to take it      token, opens the gate
 *	                                                              or is the last held
 *	                                                              thread to leave; time
 *	a waiter for   graces                 a round of asking is    the last thread that
 *	a grace period                        over                    answers
 *	a keeper       its told               a thread that it has    that thread; or the one
 *	                                      claimed is harmless,    that gives a claim back
 *	                                      or it may claim one
 *	a kept thread  its kept               it is let go            its keeper
 *	a held thread  wake_seq               the gate is open        the round's end, then
 *	                                                              one another
 */
#ifndef RDV_DOMAIN_H
#define RDV_DOMAIN_H

#include <rdv/rdv.h>
#include <sched.h>
#include <stddef.h>

#include "atomic.h"
#include "lock.h"

#define RDV_CACHE_LINE      128 /* two lines: the prefetcher takes them in pairs */
#define RDV_WORD_BITS       32u
#define RDV_MASK_WORDS(ids) (((ids) + RDV_WORD_BITS - 1) / RDV_WORD_BITS)

/* A slow path.  Inline, the registers that it saves would be saved on the fast path too. */
#define RDV_SLOW_PATH __attribute__((noinline))

/*
 * ctl:   31       18  17        3     2       1       0
 *       |   round   |  owner's id  | kept  | asked | closed |
 *
 * Closed: there is an owner.  Open, the id is 0.  Asked: a round of asking is on, see
 * ask.c.  Kept: some thread is claimed, see keep.c.  The owner has nothing to do with these
 * two.
 *
 * The round counts up each time that the gate opens.  compete(), spin_held(), the dump and
 * the report of who was last look at it.  A value of ctl returns after 2^14 rounds at most.
 * No wake-up depends on its not returning.
 *
 * RDV_GATE_SLOW is compiled into programs.  Nothing else of this is.
 */
#define RDV_CTL_ID_SHIFT 3
#define RDV_CTL_OWNER    (0x7fffu << RDV_CTL_ID_SHIFT | RDV_GATE_CLOSED)
#define RDV_CTL_ROUND    (1u << 18)
#ifndef RDV_ROUND_STEP /* 0 in the model: there a value of ctl returns at once */
#define RDV_ROUND_STEP RDV_CTL_ROUND
#endif

_Static_assert(RDV_MAX_THREADS <= 0x7fff,
	       "an id fits into ctl, and the members into competing");
_Static_assert(RDV_CTL_OWNER < RDV_CTL_ROUND, "the fields of ctl do not overlap");

#define RDV_COMPETING 0x7fffu /* of competing: the count; see queue.c */

/* kept[]: the id of the keeper + 1, and whether the thread sleeps on the word, or is about
 * to. */
#define RDV_KEPT_BY     0x7fffu
#define RDV_KEPT_SLEEPS 0x8000u

/* keeps of a member: it is in rdv_keep(), which has not returned; it is in rdv_for_each() */
#define RDV_KEEPS_NOT_YET 0x8000u
#define RDV_KEEPS_ALL     0x8000u /* no id + 1 is 0 */

/* asleep of an isolator. */
#define RDV_AWAKE      0u
#define RDV_ASLEEP     1u /* on this word, or about to */
#define RDV_TO_COMPETE 2u /* woken for that, and counted in competing */

struct rdv_member;

/* What a thread may spin for before it sleeps.  All but the last adapt. */
enum rdv_spin_kind {
	RDV_SPIN_GATHER,
	RDV_SPIN_FREE, /* to gather, if there is a CPU for each thread that is awaited */
	RDV_SPIN_HELD,
	RDV_SPIN_KEPT,
	RDV_SPIN_KINDS,
	RDV_SPIN_ROUNDS = RDV_SPIN_KINDS, /* while rounds follow one another closely */
};

/*
 * A wake-up that has been under way for longer than this is not relied on: the woken
 * thread got no CPU. now may be older than since, by up to as much.
 */
#define RDV_LOST_US 1000u

static inline bool rdv_lost(uint32_t since, uint32_t now)
{
	return now - since + RDV_LOST_US >= 2 * RDV_LOST_US;
}

/* 64 bits that are read and written as a whole, even if the ABI aligns uint64_t by 4. */
typedef uint64_t rdv_count __attribute__((aligned(8)));

/* A word of the protocol that never returns to a former value. */
#ifndef RDV_WIDE_WORD /* rdv_word in the model */
#define RDV_WIDE_WORD rdv_count
#endif
typedef RDV_WIDE_WORD rdv_wide_word;

/* What a thread waits for in the library. */
enum rdv_wait_kind {
	RDV_WAIT_NONE,
	RDV_WAIT_GATHER,
	RDV_WAIT_QUEUE,
	RDV_WAIT_HELD,
	RDV_WAIT_SYNC,
	RDV_WAIT_GRACE,
	RDV_WAIT_KEEP, /* to keep a thread */
	RDV_WAIT_KEPT, /* to be let go */
};

struct rdv_history; /* the histograms, see history.h */

/* A set of threads, one bit each. */
typedef rdv_word *rdv_mask;

/* The phases of a sync-point, see sync.c.  They are what turn is, but for SERVING. */
enum rdv_sync_phase {
	RDV_SYNC_IDLE,
	RDV_SYNC_FORMING,
	RDV_SYNC_SERVING,
	RDV_SYNC_LEAVING,
	RDV_SYNC_PHASES,
};

/* The sync-point, see sync.c.  All is written under the registry lock, and all but pending
 * and turn is read under it, too. */
struct rdv_sync {
	rdv_word pending; /* a thread wants one: the eventfd is, or should be, readable */
	rdv_word turn;    /* futex word: the phase, and whose turn it is */
	int fd;           /* the eventfd, -1 before rdv_sync_enable() */
	uint32_t to_wake; /* whom to wake on turn, once the lock is free */
	bool readable; /* the eventfd was written, or is about to be, and not drained */
	uint32_t wanting; /* how many have subscribed */
	uint32_t entered; /* how many are between enter's barrier and the end */
	uint32_t exited;  /* how many of these have come to exit's barrier */
	uint32_t next;    /* where the search for the next requester starts */
	rdv_count wakes;
};

/*
 * The account of how long the gate was closed and open while threads were held, see
 * window.c.  It belongs to the owner.  Times are in us, wrapping.
 */
struct rdv_window {
	bool counting;  /* a thread was held when the gate was last closed or opened */
	bool due;       /* isolators are barred until the window is over */
	uint32_t since; /* when the gate was last closed or opened */
	uint32_t closed, open;
	uint32_t doubled; /* how many windows in a row a thread has missed */
};

/* When a releaser last read the clock, see queue.c.  It belongs to the owner. */
struct rdv_turn_clock {
	uint32_t now;  /* in us, wrapping */
	uint32_t left; /* how many more releases take that for the time ... */
	uint64_t tick; /* ... until the coarse clock changes */
};

struct rdv_domain {
	/* Read by every fast path; written twice a round, and once per hand-over. */
	_Alignas(RDV_CACHE_LINE) rdv_word ctl;

	/*
	 * Written by threads that wait, read by those that open and end rounds.
	 *
	 * held: threads that want to run and may not, in two counts of 16 bits, see window.c.
	 * Legal to be too high for a moment; illegal not to count a thread that waits for an
	 * open gate.
	 */
	_Alignas(RDV_CACHE_LINE) rdv_word held;
	/*
	 * What a thread adds to held.  Legal to be that of the other count: a window then
	 * counts as missed.
	 */
	rdv_word held_unit;
	/* When held left 0, in us.  Legal to be too early: a window comes too early, once. */
	rdv_word held_since;
	/*
	 * How many of the held sleep on wake_seq.  Legal to count a thread that is awake:
	 * the wake-up finds nobody.  Illegal not to count one that sleeps or is about to.
	 */
	rdv_word asleep;
	/* Futex word: counts the wake-ups of held threads. */
	rdv_word wake_seq;
	/*
	 * When a thread was woken to look at ctl and to wake others, in us, or 0.  Legal
	 * to be 0 while such a thread is on its way.  Legal not to be 0 while no thread
	 * is asleep.  After a thread that sleeps has stored 0, it is illegal not to be 0
	 * unless some thread is going to wake one, or to store 0, and then to look at
	 * ctl, and at asleep if it runs.
	 */
	rdv_word waking;
	/*
	 * How many bits of want_rdv[] are set.  Legal to be too high: the search finds
	 * nobody.  Illegal not to count an isolator that sleeps, or is about to.
	 */
	rdv_word queued;
	/* How many isolators are on their way to the gate, and since when the last is, see
	 * queue.c.  Legal not to count one; illegal to count one that will not count itself
	 * out and then look at the gate. */
	rdv_word competing;
	rdv_word tickets; /* how many have been drawn */
	/*
	 * While a thread is held: the time until which no round is opened, in us, or 0.
	 * The owner writes it before it opens the gate.
	 */
	rdv_word barred_until;
	rdv_word round_us; /* what the last round took that held a thread: a hint */
	/* These belong to the owner.  gathered: the predecessor passed the token while it was
	 * alone, so its successor need not gather.  gave_up: one that gave up in this round
	 * passed the token on.  turn_began: when the token was last passed, in us. */
	bool gathered, gave_up;
	uint32_t turn_began;
	struct rdv_turn_clock turn_clock;
	struct rdv_window window;

	/*
	 * Not 0: the leader sleeps on it until nobody is awaited.  Legal not to be 0
	 * while no leader sleeps.  Illegal to be 0 while a leader sleeps that is owed a
	 * wake-up.
	 */
	_Alignas(RDV_CACHE_LINE) rdv_word gathering;
	/* How many threads spin now: a hint.  Legal to be wrong for a moment. */
	rdv_word spinners;
	rdv_word spin_ns[RDV_SPIN_KINDS]; /* how long spinning may take, see spin.c */
	rdv_word cpus;                    /* on which members may run: a hint */
	rdv_count laggard;    /* who swapped which gathering last: see record.h */
	rdv_count fences;     /* membarriers so far; written by the owner */
	rdv_count held_wakes; /* wake-ups of held threads so far */

	/*
	 * Rounds of asking, see ask.c.
	 *
	 * grace: twice the number of those that are over, plus 1 while one is on.
	 */
	_Alignas(RDV_CACHE_LINE) rdv_wide_word grace;
	/* How many bits of owing[] are set, plus 1 while the thread that began the round of
	 * asking looks around.  The thread that takes it to 0 ends that.  Legal to count a
	 * thread that has answered; illegal not to count one that has not. */
	rdv_word owed;
	/* Futex word: counts the rounds of asking that are over. */
	rdv_word graces;
	/* How many threads sleep on graces.  Legal to count a thread that is awake; illegal not
	 * to count one that sleeps, or is about to. */
	rdv_word graces_asleep;
	/* How often an owner has said HARMLESS and taken that back, see harmless.c.  Illegal not
	 * to count it before it releases. */
	rdv_wide_word taken_back;

	/*
	 * Read only, except for words, which grows.
	 *
	 * words: how many words of the masks are in use.  Legal to be too high.  Illegal
	 * not to count the word of a thread that runs, once the gate that it saw open is
	 * closed.
	 */
	_Alignas(RDV_CACHE_LINE) rdv_word words;
	uint32_t max_threads;
	const char *copy; /* &rdv_copy of the library that made the domain */
	uint32_t biased;
	uint32_t patience_us;
	uint32_t spin_cap_ns;
	uint32_t window_max_us;
	rdv_count stall_ns; /* 0 = no reports */
	rdv_stall_fn *on_stall;
	void *stall_arg;
	/* Legal to be clear for a harmless thread; illegal to be set for one that runs.  Set for
	 * each id that no thread has. */
	rdv_mask harmless;
	/*
	 * Isolators that wait for the token.  The thread that clears a bit that was set
	 * decides who has the token.  If it is the owner, it has handed the token over.
	 * If it is the isolator, it has given up.
	 */
	rdv_mask want_rdv;
	/*
	 * The threads that the leader waits for.  Only shrinks; means nothing while
	 * gathering is 0.
	 */
	rdv_mask awaited;
	/* The threads that were asked and have not answered.  Set for each one that was
	 * running when the round of asking began.  Illegal to stay set for a thread that stays
	 * harmless. */
	rdv_mask owing;
	rdv_word *ticket; /* by id: when a queued isolator came, see queue.c */
	/*
	 * By id, see keep.c.
	 *
	 * kept: the keeper that has claimed the thread, or 0; futex word of the thread.
	 * Legal not to be 0 for a thread that runs.  Illegal to be 0 for a thread whose
	 * keeper relies on it.
	 * told: futex word of a keeper.  1 while it looks, or sleeps.  Legal to be 0 at any time:
	 * it looks again.
	 */
	rdv_word *kept, *told;
	struct rdv_member **member; /* by id; never freed before the domain */
	struct rdv_history *history;
	char name[32];

	/* The members.  Apart from the line above, which every slow path reads. */
	_Alignas(RDV_CACHE_LINE) rdv_mutex registry;
	uint32_t members, members_max;
	uint32_t *registered; /* a mask, under the registry lock, and these: */
	uint32_t *refused;    /* a mask: keepers that wait for a claim to be given back */
	uint32_t claims;      /* how many words of kept[] are not 0 */
	cpu_set_t cpu_set;    /* the CPUs on which members may run */
	/* Apart from the lock: an event loop reads sync.pending on each turn. */
	_Alignas(RDV_CACHE_LINE) struct rdv_sync sync;
	rdv_domain *next; /* all domains, see fork.c */
	/* What members have left behind, see retire.c; changed under the registry lock. */
	struct rdv_retired *orphans;
	struct rdv_export *exports; /* under the registry lock */
};

/*
 * The statistics of a member.  The protocol reads none of it.  The thread itself writes
 * all of it except worst, through the functions of inside/record.h.
 */
struct rdv_record {
	/* What an uncontended isolation writes: it shares the thread's line. */
	rdv_count isolations;
	rdv_count tick;     /* the coarse clock, when it last asked for isolation */
	rdv_count since;    /* when it did, in ns; 0 = not timed */
	uint32_t untimed;   /* isolations that the histograms do not have yet ... */
	uint16_t bucket[2]; /* ... and where they belong */
	uint8_t timed;      /* how many more it may time in this tick */
	uint8_t logged;     /* how much of log is in use */
	uint8_t stalls;     /* reports of this wait so far */
	uint32_t blamed; /* id + 1 of the one that its last isolation waited for last */

	rdv_count alone; /* since when it is isolated, in ns */
	rdv_count seen;  /* when it last released a timed one */
	rdv_count wait_since;
	rdv_count rounds; /* that it has opened */
	rdv_count tries;  /* that failed */
	rdv_count waits, wakes;
	rdv_count delay; /* how long its last isolation waited for the one blamed, ns */
	rdv_count worst; /* the longest that it was blamed for, ns; written by leaders */
	rdv_count stall_next; /* when it reports its wait next, in ns */
	int32_t tid;          /* the kernel's, 0 = no thread is in the slot */
	uint16_t log[6];      /* waits to be added to the histograms */
	uint32_t items;       /* that it has retired or inherited, see retire.c ... */
	uint32_t called;      /* ... and called since it last subtracted those */
	const char *where;    /* it isolates there, while depth or wait_kind says so */
};

/*
 * X(word) for each word of a domain that is 0 while no thread waits.  want_rdv[] and the
 * count in competing are 0 then, too.  The words are no struct, because they share their
 * lines with other words.
 */
#define RDV_WORDS_AT_REST(X) \
	X(held) X(asleep) X(queued) X(gathering) X(spinners) X(owed) X(graces_asleep)

/* A slot of a domain and the thread in it; self is first, so that a handle is one. */
struct rdv_member {
	_Alignas(RDV_CACHE_LINE) rdv_thread self;
	rdv_domain *domain;
	uint32_t id, word, bit; /* id == 32 * word + log2(bit) */
	uint32_t depth;         /* of rdv_isolate(); 0 = not isolated */
	rdv_word shielded; /* a signal handler leaves the thread parked; see harmless.c */
	rdv_word asleep;   /* RDV_ASLEEP and the like: an isolator sleeps on it */
	bool sync_want;    /* wants a sync-point; under the registry lock, these three */
	bool sync_in;      /* between the barriers of one */
	bool sync_out;     /* ... and it waits for the others to leave, too */
	bool sync_pair;    /* has entered, not yet exited; its own */
	bool competes;     /* it is counted in competing */
	bool in_report;    /* in on_stall, in the middle of a wait; see leave_wait() */
	uint8_t wait_kind; /* enum rdv_wait_kind */
	uint8_t forks;     /* it is in fork(), see fork.c */
	struct rdv_member *next; /* memberships of the same thread, see self.c */
	char name[16];
	struct rdv_record record;
	struct rdv_retired *retired; /* what it has retired, see retire.c */
	uint8_t fresh;               /* how many items since it last looked at them */
	bool retiring;               /* it is in a function given to rdv_retire() */
	uint8_t may_give_up;         /* on_stall may end the wait */
	uint8_t hold;    /* what its last wait to run has added to held: 1 << hold */
	uint16_t claims; /* how many threads it has claimed; under the registry lock */
	uint16_t keeps;  /* the id + 1 of the one that it keeps, or is to keep; its own */
};

_Static_assert(offsetof(struct rdv_member, self) == 0, "a handle is a slot");
_Static_assert(offsetof(struct rdv_member, record.alone) <= RDV_CACHE_LINE,
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

/* Whether somebody has claimed the calling thread.  [KEPT] ctl first: the rest is read only
 * while some thread is claimed. */
static inline bool rdv_kept(const struct rdv_member *m, uint32_t ctl)
{
	return (ctl & RDV_GATE_KEPT) && rdv_load_sc(&m->domain->kept[m->id]);
}

/* held has two counts, see window.c. */
#define RDV_HELD_SHIFT 16

static inline uint32_t rdv_held_count(uint32_t held)
{
	return (held >> RDV_HELD_SHIFT) + (held & ((1u << RDV_HELD_SHIFT) - 1));
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

static inline enum rdv_sync_phase rdv_sync_phase(uint32_t turn)
{
	return (enum rdv_sync_phase)(turn % RDV_SYNC_PHASES);
}

/* turn: the id of the one whose turn it is, or -1 */
static inline int32_t rdv_sync_served(uint32_t turn)
{
	bool serving = rdv_sync_phase(turn) == RDV_SYNC_SERVING;

	return serving ? (int32_t)(turn / RDV_SYNC_PHASES) : -1;
}

/* What turn is while it is m's. */
static inline uint32_t rdv_sync_turn_of(const struct rdv_member *m)
{
	return m->id * RDV_SYNC_PHASES + RDV_SYNC_SERVING;
}

/* Whether it is m's turn.  Others see that late, but m itself does not. */
static inline bool rdv_sync_has_turn(const struct rdv_member *m)
{
	uint32_t turn = rdv_load_rlx(&m->domain->sync.turn); /* (f) */

	return turn == rdv_sync_turn_of(m);
}

/* ctl, owned by m */
static inline uint32_t rdv_ctl_owned(uint32_t ctl, const struct rdv_member *m)
{
	return (ctl & ~RDV_CTL_OWNER) | rdv_ctl_name(m);
}

/* What is added to ctl, owned by m, at the end of a round. */
static inline uint32_t rdv_ctl_next_round(const struct rdv_member *m)
{
	return RDV_ROUND_STEP - rdv_ctl_name(m);
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

/*
 * Whether the calling thread is the owner, by its name on the gate.  Its predecessor may
 * have written that name.  No other thread takes it off before the thread has passed the
 * token on itself.
 */
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
void rdv_leave(struct rdv_member *m);
void rdv_give_up(struct rdv_member *m);
void rdv_leave_hold(struct rdv_member *m);

/* held.c: threads that want to run while the gate is closed, and who wakes them */
bool rdv_nobody_wakes(const rdv_domain *d, uint32_t now);
void rdv_wake_held(rdv_domain *d, uint32_t now);
int rdv_wait_open(struct rdv_member *m, const struct timespec *deadline);
void rdv_leave_wait_open(struct rdv_member *m);
uint32_t rdv_hold_begin(struct rdv_member *m);
void rdv_hold_note(struct rdv_member *m, uint32_t unit);
bool rdv_hold_end(struct rdv_member *m, uint32_t unit);

/* queue.c: who has the token, and who is next */
bool rdv_take(struct rdv_member *m);
uint32_t rdv_turn_clock(rdv_domain *d, uint64_t tick);
bool rdv_turn_over(const rdv_domain *d, uint32_t now);
bool rdv_open(struct rdv_member *m, uint32_t now);
void rdv_wake_sleepers(struct rdv_member *m, uint32_t now);
void rdv_pass(struct rdv_member *m, bool gathered);
void rdv_wake_queued(struct rdv_member *m, uint32_t now);
int rdv_enqueue(struct rdv_member *m, const struct timespec **deadline);
void rdv_leave_queue(struct rdv_member *m);
void rdv_take_office(struct rdv_member *m);

/* gather.c: the leader, and who wakes it */
bool rdv_all_harmless(struct rdv_member *m);
bool rdv_await(struct rdv_member *m, const struct timespec *deadline);
void rdv_leave_await(struct rdv_member *m);
void rdv_tell_leader(struct rdv_member *m);

/* ask.c: rounds of asking */
bool rdv_owes(const struct rdv_member *t);
void rdv_answer(struct rdv_member *m);
uint64_t rdv_grace_next(rdv_domain *d);
bool rdv_grace_reached(const rdv_domain *d, uint64_t grace);
void rdv_ask(struct rdv_member *m);

/* grace.c: threads that wait until one is over */
void rdv_leave_grace(struct rdv_member *m);

/* keep.c: the keeper of one thread */
void rdv_keeper_left(struct rdv_member *m);

/* kept.c: the thread that is kept */
void rdv_tell(struct rdv_member *from, uint32_t keeper);
void rdv_tell_keeper(struct rdv_member *m);
int rdv_wait_let_go(struct rdv_member *m, const struct timespec *deadline);

/* look.c: whether another thread is harmless */
bool rdv_says_harmless(const struct rdv_member *t);
bool rdv_is_harmless(const struct rdv_member *t);

/* retire.c: what is called once a grace period is over */
void rdv_retired_covered(struct rdv_member *m, const struct rdv_retired *last,
			 uint64_t grace);
struct rdv_retired *rdv_retired_left(struct rdv_member *m);
void rdv_retired_call(struct rdv_retired *list);
void rdv_retired_fork(rdv_domain *d, struct rdv_member *survivor, uint64_t grace);

/* sync.c */
void rdv_sync_lock_registry(rdv_domain *d);
void rdv_sync_unlock_registry(rdv_domain *d);
void rdv_sync_joined(rdv_domain *d);
void rdv_sync_left(struct rdv_member *m);
void rdv_sync_leave(struct rdv_member *m);
void rdv_sync_fork(rdv_domain *d, struct rdv_member *survivor);
void rdv_sync_close(rdv_domain *d);

/* thread.c */
int rdv_thread_setup(void);

/* self.c: the calling thread's memberships; each copy of the library in the process has
 * such a list, and the address of its rdv_copy tells which copy it is */
extern const char rdv_copy;

struct rdv_member *rdv_self_any(void);
struct rdv_member *rdv_self_member(const rdv_domain *d);
void rdv_self_add(struct rdv_member *m);
void rdv_self_remove(const struct rdv_member *m);

/* inside/export.c */
void rdv_export_fork(rdv_domain *d);

/* fork.c */
extern rdv_mutex rdv_setup_lock;
int rdv_fork_setup(void);
void rdv_fork_watch(rdv_domain *d);
void rdv_fork_unwatch(rdv_domain *d);

#endif
