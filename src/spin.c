/* SPDX-License-Identifier: MIT */
/*
 * How long to spin is a bet against the price of a sleep: a wait that ends while
 * we spin saves two system calls and a wake-up, one that does not has wasted its
 * time.  Each kind of wait of a domain keeps a limit that follows what happened:
 * towards twice the length of the waits that ended in time, towards nothing with
 * those that did not.  Two more rules keep it from burning: no more threads spin
 * at once than there are other CPUs, as one of them has to run for the wait to
 * end; and a thread that notices that it lost its CPU goes to sleep.
 *
 * Nothing here is more than a hint, so all accesses are relaxed, or an add.
 */
#include "spin.h"
#include "clock.h"

enum {
	TURNS_PER_LOOK = 4,     /* at the clock, which costs about as much as one turn */
	LIMIT_MIN_NS = 500,     /* always tried, so that a limit can grow again */
	DESCHEDULED_NS = 20000, /* between two looks: somebody else had our CPU */
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

/* Ends the spinning, and moves the limit an eighth of the way to where it should
 * have been: waited * 2 if it paid, 0 if not. */
static void stop(struct rdv_spin *spin, uint64_t target_ns)
{
	rdv_word *limit = &spin->domain->spin_ns[spin->kind];
	int64_t next = rdv_load_rlx(limit);

	rdv_sub_sc(&spin->domain->spinners, 1);
	spin->start = 0;
	next += ((int64_t)target_ns - next) / 8;
	if (next < LIMIT_MIN_NS)
		next = LIMIT_MIN_NS;
	if (next > spin->domain->spin_cap_ns)
		next = spin->domain->spin_cap_ns;
	rdv_store_rlx(limit, (uint32_t)next);
}

void rdv_spin_begin(struct rdv_spin *spin, rdv_domain *d, enum rdv_spin_kind kind,
		    const struct timespec *deadline)
{
	spin->domain = d;
	spin->kind = kind;
	spin->turns = 0;
	spin->start = 0;
	if (rdv_load_rlx(&d->spinners) >= d->spinners_max ||
	    rdv_deadline_passed(deadline))
		return;
	rdv_add_sc(&d->spinners, 1);
	spin->start = spin->last = rdv_clock_ns();
	spin->limit = rdv_load_rlx(&d->spin_ns[kind]);
}

bool rdv_spin_once(struct rdv_spin *spin)
{
	uint64_t now;

	if (!spin->start)
		return false;
	cpu_relax();
	if (++spin->turns % TURNS_PER_LOOK)
		return true;
	now = rdv_clock_ns();
	if (now - spin->start >= spin->limit || now - spin->last >= DESCHEDULED_NS) {
		stop(spin, 0);
		return false;
	}
	spin->last = now;
	return true;
}

void rdv_spin_end(struct rdv_spin *spin)
{
	if (spin->start)
		stop(spin, 2 * (spin->last - spin->start) + LIMIT_MIN_NS);
}
