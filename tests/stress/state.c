/* SPDX-License-Identifier: MIT */
#include "state.h"
#include "crew.h"
#include "domain.h"

#include <errno.h>
#include <fcntl.h>
#include <poll.h>
#include <rdv/stats.h>
#include <stdio.h>
#include <string.h>
#include <unistd.h>

/* ----------------------------------------------------------------------- at rest */

static void zero(unsigned value, const char *what)
{
	must(!value, "at rest: %s is %u", what, value);
}

static void check_words(const rdv_domain *d)
{
	unsigned word, i;

	must(!(peek(&d->ctl) & RDV_CTL_OWNER), "at rest: ctl is %x", peek(&d->ctl));
#define CHECK_WORD(word) zero(peek(&d->word), #word);
	RDV_WORDS_AT_REST(CHECK_WORD)
	zero(d->claims, "claims");
	zero(peek(&d->ctl) & RDV_GATE_KEPT, "kept, in ctl");
	zero(peek(&d->competing) & RDV_COMPETING, "competing");
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
	zero(peek(&s->turn), "sync.turn"); /* RDV_SYNC_IDLE */
	zero(s->to_wake, "sync.to_wake");
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
	must(!m->depth && (!there || !peek(&m->shielded)) && !peek(&m->asleep),
	     "at rest: thread id %u: depth %u, shielded %u, asleep %u", m->id, m->depth,
	     peek(&m->shielded), peek(&m->asleep));
	must(!m->keeps && !m->claims && !peek(&d->kept[m->id]) && !peek(&d->told[m->id]),
	     "at rest: thread id %u: keeps %u, claims %u, kept %u, told %u", m->id,
	     m->keeps, m->claims, peek(&d->kept[m->id]), peek(&d->told[m->id]));
	must(!m->sync_want && !m->sync_in,
	     "at rest: thread id %u: sync_want %d, sync_in %d", m->id, m->sync_want,
	     m->sync_in);
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
	rdv_domain_dump(d, STDERR_FILENO);
	dprintf(2, "crew: quota %u finished %u of %u isolated %u serving %u%s\n",
		crew.quota, peek(&crew.finished), crew.plan.threads, peek(&crew.isolated),
		peek(&crew.serving), crew.stop ? " stop" : "");
	for (i = 0; i < crew.slots; i++)
		dump_worker(&crew.worker[i]);
}
