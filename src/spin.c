/* SPDX-License-Identifier: MIT */
/*
 * How long to spin is a bet against the price of a sleep.  If a wait ends while the
 * thread spins, two system calls and a wake-up are saved.  If not, the spinning was
 * wasted.  Each kind of wait of a domain keeps a limit, which follows what happened.  A
 * wait that could be spun through raises the limit to twice its length.  Each wait that
 * could not lowers it towards nothing.  A limit that is too low would stay there, so one
 * wait in sixteen tries a longer one.  Two more rules keep threads from burning CPU time.
 * There are at most as many spinners as other CPUs, because one CPU has to run the thread
 * that ends the wait.  And a thread that notices that it lost its CPU goes to sleep.
 *
 * A leader knows for how many threads it waits.  If there is a CPU for each of them, its
 * spinning should take nothing from others.  So it begins with as long as a sleep and a
 * wake-up may cost, and tries that again.  It adapts all the same, because other programs
 * may have those CPUs.
 *
 * A thread that competes for the gate waits for a gate that opens and closes, and so does
 * one that is held and was woken in vain by a short round.  It spins while rounds end
 * within ROUND_NS of one another, for RDV_SPIN_CAP_NS in all, and does not adapt.
 *
 * The CPUs are those on which members could run when they were registered.  If a thread
 * binds itself to one CPU before that, it counts for that one.
 *
 * All of this is a hint.  So all accesses are relaxed or read-modify-writes.
 */
#include "spin.h"
#include "clock.h"

#include <errno.h>
#include <sched.h>
#include <unistd.h>

enum {
	TURNS_PER_LOOK = 4,     /* reading the clock costs about as much as one turn */
	LIMIT_MIN_NS = 500,     /* always tried, so that a limit can grow again */
	DESCHEDULED_NS = 20000, /* between two looks: another thread had our CPU */
	SLOT_NS = 1000,         /* to wait for a slot: a spinner may be about to stop */
	PROBE_NS = 10000,       /* what one wait in PROBE_EVERY tries */
	PROBE_EVERY = 16,
	ROUNDS_GAP_NS = 1000, /* many short rounds fit into one hand-over */
	ROUND_NS = 10000,     /* a longer one hides the price of a sleep */
};

static inline void cpu_relax(void)
{
#if defined(__x86_64__) || defined(__i386__)
	__builtin_ia32_pause();
#elif defined(__aarch64__) || defined(__arm__)
	__asm__ volatile("yield" ::: "memory");
#else
	__asm__ volatile("" ::: "memory");
#endif
}

/* How many threads may spin: one less than there are CPUs, because one has to work. */
static uint32_t slots(const rdv_domain *d)
{
	uint32_t cpus = rdv_load_rlx(&d->cpus); /* (d) */

	return d->spin_cap_ns && cpus ? cpus - 1 : 0;
}

/* Takes a slot, if one is free. */
static bool take_slot(rdv_domain *d)
{
	uint32_t spinners = rdv_load_rlx(&d->spinners); /* (d) */

	return spinners < slots(d) && rdv_cas_sc(&d->spinners, &spinners, spinners + 1);
}

static uint32_t at_most(uint64_t ns, const rdv_domain *d)
{
	return ns < d->spin_cap_ns ? (uint32_t)ns : d->spin_cap_ns;
}

/* True for one wait in PROBE_EVERY, as good as at random. */
static bool try_it(uint64_t now)
{
	return now / 64 % PROBE_EVERY == 0;
}

static uint32_t limit(const struct rdv_spin *spin)
{
	uint32_t ns = rdv_load_rlx(&spin->domain->spin_ns[spin->kind]); /* (d) */

	uint32_t most = spin->kind == RDV_SPIN_FREE ? spin->domain->spin_cap_ns
						    : at_most(PROBE_NS, spin->domain);

	return ns < most && try_it(spin->start) ? most : ns;
}

static void stop(struct rdv_spin *spin)
{
	spin->on = false;
	if (spin->slot)
		rdv_sub_sc(&spin->domain->spinners, 1);
}

enum rdv_spin_kind rdv_spin_for(const rdv_domain *d, uint32_t awaited)
{
	uint32_t spinners = rdv_load_rlx(&d->spinners); /* (d) */

	return awaited + spinners < rdv_load_rlx(&d->cpus) ? RDV_SPIN_FREE /* (d) */
							   : RDV_SPIN_GATHER;
}

enum rdv_spin_kind rdv_spin_woken(const rdv_domain *d)
{
	return rdv_load_rlx(&d->round_us) <= ROUND_NS / 1000 ? RDV_SPIN_ROUNDS /* (d) */
							     : RDV_SPIN_HELD;
}

/* How many ns are left until the deadline. */
static uint64_t ns_to(const struct timespec *deadline, uint64_t now)
{
	uint64_t seconds;

	if (!deadline)
		return UINT64_MAX;
	seconds = deadline->tv_sec < 0 ? 0 : (uint64_t)deadline->tv_sec;
	if (seconds > UINT64_MAX / RDV_NSEC_PER_SEC - 1)
		return UINT64_MAX;
	seconds = seconds * RDV_NSEC_PER_SEC + (uint64_t)deadline->tv_nsec;
	return seconds > now ? seconds - now : 0;
}

bool rdv_spin_begin(struct rdv_spin *spin, rdv_domain *d, enum rdv_spin_kind kind,
		    const struct timespec *deadline)
{
	spin->domain = d;
	spin->kind = kind;
	spin->turns = 0;
	spin->start = spin->last = 0;
	spin->slot = false;
	spin->on = slots(d) && !rdv_deadline_passed(deadline);
	if (!spin->on)
		return false;
	spin->slot = take_slot(d);
	spin->start = spin->last = rdv_clock_ns();
	spin->left = ns_to(deadline, spin->start);
	if (kind == RDV_SPIN_ROUNDS)
		rdv_spin_prolong(spin);
	else
		spin->limit = limit(spin);
	return true;
}

/*
 * If no slot is free, one often will be at once: it belongs to the thread to which the
 * token has just been passed.
 */
static bool may_go_on(struct rdv_spin *spin, uint64_t now)
{
	if (!spin->slot)
		spin->slot = take_slot(spin->domain);
	return (spin->slot || now - spin->start < SLOT_NS) &&
	       now - spin->start < spin->limit && now - spin->start < spin->left &&
	       now - spin->last < DESCHEDULED_NS;
}

bool rdv_spin_once(struct rdv_spin *spin)
{
	uint64_t now;

	if (!spin->on)
		return false;
	do {
		cpu_relax();
		if (++spin->turns % TURNS_PER_LOOK && spin->kind != RDV_SPIN_ROUNDS)
			return true;
		now = rdv_clock_ns();
		if (!may_go_on(spin, now)) {
			stop(spin);
			return false;
		}
	} while (spin->kind == RDV_SPIN_ROUNDS && now - spin->last < ROUNDS_GAP_NS);
	spin->last = now;
	return true;
}

void rdv_spin_prolong(struct rdv_spin *spin)
{
	uint64_t limit = spin->last - spin->start + ROUND_NS;

	if (spin->kind != RDV_SPIN_ROUNDS)
		return;
	if (limit > RDV_SPIN_CAP_NS)
		limit = RDV_SPIN_CAP_NS;
	spin->limit = at_most(limit, spin->domain);
}

/* Adapts the limit.  paid: spinning was enough, so that the thread need not sleep. */
static void learn(const struct rdv_spin *spin, bool paid, uint64_t waited_ns)
{
	rdv_domain *d = spin->domain;
	uint64_t ns = rdv_load_rlx(&d->spin_ns[spin->kind]); /* (d) */
	uint64_t target = paid ? 2 * waited_ns + LIMIT_MIN_NS : LIMIT_MIN_NS;

	if (target > ns)
		ns = target;
	else
		ns -= (ns - target) / 8;
	rdv_store_rlx(&d->spin_ns[spin->kind], at_most(ns, d)); /* (d) */
}

/*
 * The length of a sleep teaches nothing: it may have ended because the sleeper left its
 * CPU to the thread that it waited for.
 */
void rdv_spin_end(struct rdv_spin *spin)
{
	bool paid = spin->on;

	if (paid)
		stop(spin);
	if (spin->slot && spin->kind < RDV_SPIN_KINDS)
		learn(spin, paid, spin->last - spin->start);
}

/* --------------------------------------------------------------------- the CPUs */

void rdv_spin_joined(rdv_domain *d)
{
	cpu_set_t set; /* too small for a very large machine: then EINVAL */
	int saved_errno = errno;
	uint32_t cpus;

	if (sched_getaffinity(0, sizeof(set), &set)) {
		cpus = (uint32_t)sysconf(_SC_NPROCESSORS_ONLN);
		errno = saved_errno;
	} else {
		CPU_OR(&d->cpu_set, &d->cpu_set, &set);
		cpus = (uint32_t)CPU_COUNT(&d->cpu_set);
	}
	if (cpus > rdv_load_rlx(&d->cpus))     /* (e) */
		rdv_store_rlx(&d->cpus, cpus); /* (e) */
}
