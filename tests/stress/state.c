/* SPDX-License-Identifier: MIT */
#include "state.h"
#include "crew.h"
#include "internal.h"

#include <errno.h>
#include <fcntl.h>
#include <poll.h>
#include <stdio.h>
#include <string.h>
#include <unistd.h>

#define SYNC_IDLE 0 /* the first phase of sync.c */

/* ----------------------------------------------------------------------- at rest */

static void zero(unsigned value, const char *what)
{
	must(!value, "at rest: %s is %u", what, value);
}

static void check_words(const rdv_domain *d)
{
	unsigned word, i;

	must(!(peek(&d->ctl) & (RDV_GATE_OWNER | RDV_CTL_MORE)), "at rest: ctl is %x",
	     peek(&d->ctl));
	zero(peek(&d->held), "held");
	zero(peek(&d->asleep), "asleep");
	zero(peek(&d->waking), "waking");
	zero(peek(&d->lingering), "lingering");
	zero(peek(&d->barred), "barred");
	zero(peek(&d->gathering), "gathering");
	zero(peek(&d->spinners), "spinners");
	for (word = 0; word < RDV_MASK_WORDS(d->max_threads); word++) {
		must(!peek(&d->want_rdv[word]), "at rest: want_rdv[%u] is %x", word,
		     peek(&d->want_rdv[word]));
		for (i = 0; i < RDV_WORD_BITS; i++)
			must(peek(&d->registered[word]) >> i & 1 ||
				     peek(&d->harmless[word]) >> i & 1,
			     "at rest: %u is absent and not harmless",
			     word * RDV_WORD_BITS + i);
	}
}

static void check_sync(const rdv_domain *d)
{
	const struct rdv_sync *s = &d->sync;
	struct pollfd fd = {.fd = s->fd, .events = POLLIN};

	zero(peek(&s->pending), "sync.pending");
	zero((unsigned)s->phase, "sync.phase");
	zero(s->readable, "sync.readable");
	zero(s->wanting, "sync.wanting");
	zero(s->entered, "sync.entered");
	zero(s->exited, "sync.exited");
	must(s->fd < 0 || poll(&fd, 1, 0) == 0, "at rest: the eventfd is readable");
}

static bool is_registered(const rdv_domain *d, unsigned id)
{
	return peek(&d->registered[id / RDV_WORD_BITS]) >> id % RDV_WORD_BITS & 1;
}

/* Returns whether it is running.  The bit says what the state says. */
static bool check_slot(const rdv_domain *d, const struct rdv_member *m)
{
	bool bit = peek(&d->harmless[m->word]) & m->bit, there = is_registered(d, m->id);
	unsigned state = peek(&m->self.state);

	must(bit == (state == RDV_STATE_PARKED),
	     "at rest: thread id %u: state %u, bit %d", m->id, state, bit);
	must(there || bit, "at rest: thread id %u is absent, in state %u", m->id, state);
	must(!m->depth && (!there || !peek(&m->waiting)) && !peek(&m->asleep),
	     "at rest: thread id %u: depth %u, waiting %u, asleep %u", m->id, m->depth,
	     peek(&m->waiting), peek(&m->asleep));
	must(!m->sync_want && !m->sync_in && !m->sync_turn,
	     "at rest: thread id %u: sync_want %d, sync_in %d, sync_turn %d", m->id,
	     m->sync_want, m->sync_in, m->sync_turn);
	return state == RDV_STATE_RUNNING;
}

void state_check_rest(rdv_domain *domain, unsigned members, unsigned running)
{
	unsigned id, registered = 0, runners = 0;

	rdv_lock(&domain->registry);
	check_words(domain);
	check_sync(domain);
	for (id = 0; id < domain->max_threads; id++) {
		registered += is_registered(domain, id);
		if (domain->member[id])
			runners += check_slot(domain, domain->member[id]);
	}
	must(registered == members && domain->members == members,
	     "at rest: %u members, %u bits, expected %u", domain->members, registered,
	     members);
	must(runners == running, "at rest: %u are running, expected %u", runners,
	     running);
	rdv_unlock(&domain->registry);
}

/* ---------------------------------------------------------------------- the dump
 *
 * By dprintf(), as a stalled thread may have the lock of stderr.
 */

static void dump_words(const rdv_domain *d)
{
	unsigned ctl = peek(&d->ctl), word;

	dprintf(2, "domain %s: %u of %u members, %s fences, patience %u us, spin %u ns\n",
		d->name, peek(&d->members), d->max_threads, d->biased ? "biased" : "full",
		d->patience_us, d->spin_cap_ns);
	dprintf(2, "  ctl %08x: owner %d%s round %u\n", ctl,
		(int)(ctl & RDV_GATE_OWNER) - 1, ctl & RDV_CTL_MORE ? " more" : "",
		ctl / RDV_CTL_ROUND);
	dprintf(2, "  held %u (since %u us) asleep %u waking %u lingering %u barred %u\n",
		peek(&d->held), peek(&d->held_since), peek(&d->asleep), peek(&d->waking),
		peek(&d->lingering), peek(&d->barred));
	dprintf(2,
		"  gathering %u gathered %u served %u spinners %u spin_ns %u %u %u %u\n",
		peek(&d->gathering), peek(&d->gathered), peek(&d->served),
		peek(&d->spinners), peek(&d->spin_ns[RDV_SPIN_GATHER]),
		peek(&d->spin_ns[RDV_SPIN_QUEUE]), peek(&d->spin_ns[RDV_SPIN_EARLY]),
		peek(&d->spin_ns[RDV_SPIN_HELD]));
	for (word = 0; word < peek(&d->words); word++)
		dprintf(2,
			"  [%u] harmless %08x want_rdv %08x awaited %08x registered "
			"%08x\n",
			word, peek(&d->harmless[word]), peek(&d->want_rdv[word]),
			peek(&d->awaited[word]), peek(&d->registered[word]));
	dprintf(2,
		"  sync: pending %u turn %u fd %d phase %d readable %d wanting %u "
		"entered %u exited %u next %u\n",
		peek(&d->sync.pending), peek(&d->sync.turn), d->sync.fd, d->sync.phase,
		d->sync.readable, d->sync.wanting, d->sync.entered, d->sync.exited,
		d->sync.next);
}

static void dump_member(const rdv_domain *d, const struct rdv_member *m)
{
	static const char *const state[] = {"RUNNING", "HARMLESS", "2?", "PARKED"};

	dprintf(2,
		"  id %u: %s bit %d parked %u want %d awaited %d waiting %u asleep %u "
		"depth %u "
		"sync_want %d sync_in %d sync_turn %d\n",
		m->id, state[peek(&m->self.state) & 3],
		!!(peek(&d->harmless[m->word]) & m->bit), peek(&m->self.parked),
		!!(peek(&d->want_rdv[m->word]) & m->bit),
		!!(peek(&d->awaited[m->word]) & m->bit), peek(&m->waiting),
		peek(&m->asleep), m->depth, m->sync_want, m->sync_in, m->sync_turn);
}

/* The first line of a file of /proc, or why not. */
static const char *kernel_says(pid_t tid, const char *file, char *line, size_t size)
{
	char path[64];
	ssize_t n = -1;
	int fd;

	snprintf(path, sizeof(path), "/proc/self/task/%d/%s", (int)tid, file);
	fd = open(path, O_RDONLY | O_CLOEXEC);
	if (fd >= 0)
		n = read(fd, line, size - 1);
	if (n < 0)
		n = snprintf(line, size, "(%s)", strerror(errno));
	if (fd >= 0)
		close(fd);
	line[n] = '\0';
	line[strcspn(line, "\n")] = '\0';
	return line;
}

static void dump_worker(const struct worker *w)
{
	const rdv_thread *self = w->self;
	char wchan[80], call[120];
	pid_t tid = peek(&w->tid);

	if (!tid)
		return;
	dprintf(2,
		"  thread %u: tid %d id %d in %s, running %u mode %d busy %d, %llu "
		"operations; kernel: %s; %s\n",
		w->index, (int)tid, self ? (int)rdv_member_of(self)->id : -1,
		peek(&w->doing), w->running, (int)w->mode, (int)w->busy,
		(unsigned long long)peek(&w->progress),
		kernel_says(tid, "wchan", wchan, sizeof(wchan)),
		kernel_says(tid, "syscall", call, sizeof(call)));
}

void state_dump(void)
{
	const rdv_domain *d = crew.domain;
	unsigned i;

	if (!d)
		return;
	dump_words(d);
	for (i = 0; i < d->max_threads; i++)
		if (d->member[i] && is_registered(d, i))
			dump_member(d, d->member[i]);
	dprintf(2, "crew: quota %u finished %u of %u isolated %u serving %u%s\n",
		crew.quota, peek(&crew.finished), crew.plan.threads, peek(&crew.isolated),
		peek(&crew.serving), crew.stop ? " stop" : "");
	for (i = 0; i < crew.slots; i++)
		dump_worker(&crew.worker[i]);
}
