/* SPDX-License-Identifier: MIT */
#include "dump.h"

#include <stdio.h>
#include <unistd.h>

enum { DUMP_ALL = 16 }; /* members, of more only those that do something */

static void dump_mask(const char *name, const rdv_domain *d, const uint32_t *mask)
{
	uint32_t word;

	dprintf(STDERR_FILENO, "#   %-10s", name);
	for (word = 0; word < d->words; word++)
		dprintf(STDERR_FILENO, " %08x", mask[word]);
	dprintf(STDERR_FILENO, "\n");
}

static void dump_member(const struct rdv_member *m)
{
	dprintf(STDERR_FILENO,
		"#   thread %u (%s) state %u waiting %u depth %u asleep %u sync%s%s%s\n",
		m->id, m->name, m->self.state, m->waiting, m->depth, m->asleep,
		m->sync_want ? " want" : "", m->sync_in ? " in" : "",
		m->sync_turn ? " turn" : "");
}

void dump_domain(const rdv_domain *d)
{
	const struct rdv_sync *s = &d->sync;
	const struct rdv_member *m;
	uint32_t id;

	dprintf(STDERR_FILENO, "# domain %s: owner %d%s round %u, %u members\n", d->name,
		(int)(d->ctl & RDV_GATE_OWNER) - 1, d->ctl & RDV_CTL_MORE ? " more" : "",
		d->ctl / RDV_CTL_ROUND, d->members);
	dprintf(STDERR_FILENO,
		"#   held %u asleep %u waking %u lingering %u barred %u gathering %u "
		"spinners %u\n",
		d->held, d->asleep, d->waking, d->lingering, d->barred, d->gathering,
		d->spinners);
	dump_mask("registered", d, d->registered);
	dump_mask("harmless", d, d->harmless);
	dump_mask("want_rdv", d, d->want_rdv);
	dump_mask("awaited", d, d->awaited);
	dprintf(STDERR_FILENO,
		"#   sync phase %d turn %u pending %u readable %d wanting %u entered %u "
		"exited %u\n",
		s->phase, s->turn, s->pending, s->readable, s->wanting, s->entered,
		s->exited);
	for (id = 0; id < d->max_threads; id++) {
		m = d->member[id];
		if (m && d->registered[m->word] & m->bit &&
		    (d->members < DUMP_ALL || m->depth || m->waiting ||
		     m->self.state == RDV_STATE_RUNNING))
			dump_member(m);
	}
}
