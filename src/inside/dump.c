/* SPDX-License-Identifier: MIT */
/*
 * The dump. tools/rdv-gdb.py prints the same from a core, so change both together.
 * Change the number in the first line if a program that reads the dump has to know.
 */
#include "domain.h"
#include "blockers.h"
#include "clock.h"
#include "count.h"
#include "history.h"
#include "text.h"

struct dump {
	const rdv_domain *domain;
	int fd, ret;
	struct rdv_text line;
};

/* ------------------------------------------------------------------------ a line */

static void begin(struct dump *p, const char *word)
{
	rdv_put(&p->line, word);
}

static void number(struct dump *p, const char *name, int64_t n)
{
	rdv_put(&p->line, " ");
	rdv_put(&p->line, name);
	rdv_put(&p->line, " ");
	rdv_put_int(&p->line, n);
}

static void word(struct dump *p, const char *name, const char *value)
{
	rdv_put(&p->line, " ");
	rdv_put(&p->line, name);
	rdv_put(&p->line, " ");
	rdv_put(&p->line, value);
}

static void flush(struct dump *p)
{
	int ret = rdv_text_flush(&p->line, p->fd);

	if (!p->ret)
		p->ret = ret;
}

static void end(struct dump *p)
{
	rdv_put(&p->line, "\n");
	flush(p);
}

/* A name comes last in its line: it may contain blanks. */
static void end_named(struct dump *p, const char *name)
{
	rdv_put(&p->line, " name ");
	rdv_put_name(&p->line, name);
	end(p);
}

/* ------------------------------------------------------------------- the domain */

static void dump_words(struct dump *p)
{
	const rdv_domain *d = p->domain;
	uint32_t ctl = rdv_peek(&d->ctl);

	begin(p, "ctl");
	number(p, "owner", rdv_ctl_id(ctl));
	number(p, "round", ctl / RDV_CTL_ROUND);
	end(p);
	begin(p, "words");
	number(p, "held", rdv_held_count(rdv_peek(&d->held)));
	number(p, "asleep", rdv_peek(&d->asleep));
	number(p, "waking", rdv_peek(&d->waking));
	number(p, "queued", rdv_peek(&d->queued));
	number(p, "competing", rdv_peek(&d->competing) & RDV_COMPETING);
	number(p, "barred_until", rdv_peek(&d->barred_until));
	number(p, "gathering", rdv_peek(&d->gathering));
	number(p, "spinners", rdv_peek(&d->spinners));
	end(p);
	begin(p, "asking");
	number(p, "grace", (int64_t)rdv_peek(&d->grace));
	number(p, "owed", rdv_peek(&d->owed));
	number(p, "asleep", rdv_peek(&d->graces_asleep));
	end(p);
}

static void dump_mask(struct dump *p, const char *name, rdv_mask mask)
{
	uint32_t i;

	begin(p, "mask ");
	rdv_put(&p->line, name);
	for (i = 0; i < rdv_peek(&p->domain->words); i++) {
		if (i % 64 == 63)
			flush(p); /* 1024 words do not fit */
		rdv_put(&p->line, " ");
		rdv_put_hex(&p->line, rdv_peek(&mask[i]));
	}
	end(p);
}

static void dump_sync(struct dump *p)
{
	static const char *const phases[] = {
		[RDV_SYNC_IDLE] = "idle",
		[RDV_SYNC_FORMING] = "forming",
		[RDV_SYNC_SERVING] = "serving",
		[RDV_SYNC_LEAVING] = "leaving",
	};
	const struct rdv_sync *s = &p->domain->sync;
	uint32_t turn = rdv_peek(&s->turn);

	begin(p, "sync");
	word(p, "phase", phases[rdv_sync_phase(turn)]);
	number(p, "turn", rdv_sync_served(turn));
	number(p, "pending", rdv_peek(&s->pending));
	number(p, "fd", (int)rdv_glance(&s->fd));
	number(p, "readable", rdv_glance(&s->readable));
	number(p, "wanting", rdv_glance(&s->wanting));
	number(p, "entered", rdv_glance(&s->entered));
	number(p, "exited", rdv_glance(&s->exited));
	end(p);
}

/* -------------------------------------------------------------------- the members */

static const char *state_name(uint32_t state)
{
	return state == RDV_STATE_RUNNING    ? "running"
	       : state == RDV_STATE_HARMLESS ? "harmless"
					     : "parked";
}

/* Prints the noted text as one word, as it may be any text. */
static void where(struct dump *p, const char *noted)
{
	char text[32], *c;

	rdv_name_copy(text, noted && *noted ? noted : "-", sizeof(text));
	for (c = text; *c; c++)
		if (*c == ' ')
			*c = '_';
	rdv_put(&p->line, " where ");
	rdv_put_name(&p->line, text);
}

static bool is_isolating(const struct rdv_member *m, unsigned kind)
{
	return kind == RDV_WAIT_GATHER || kind == RDV_WAIT_QUEUE || rdv_glance(&m->depth);
}

static void dump_member(struct dump *p, const struct rdv_member *m)
{
	static const char *const waits[] = {
		[RDV_WAIT_NONE] = "none",   [RDV_WAIT_GATHER] = "gather",
		[RDV_WAIT_QUEUE] = "queue", [RDV_WAIT_HELD] = "held",
		[RDV_WAIT_SYNC] = "sync",   [RDV_WAIT_GRACE] = "grace",
		[RDV_WAIT_KEEP] = "keep",   [RDV_WAIT_KEPT] = "kept",
	};
	const rdv_domain *d = p->domain;
	unsigned kind = rdv_peek(&m->wait_kind);
	uint32_t depth = rdv_glance(&m->depth);

	begin(p, "thread");
	number(p, "id", m->id);
	number(p, "tid", rdv_peek(&m->record.tid));
	word(p, "state", state_name(rdv_peek(&m->self.state)));
	number(p, "bit", !!(rdv_peek(&d->harmless[m->word]) & m->bit));
	number(p, "want_rdv", !!(rdv_peek(&d->want_rdv[m->word]) & m->bit));
	number(p, "shielded", rdv_peek(&m->shielded));
	number(p, "depth", depth);
	word(p, "wait", waits[kind]);
	number(p, "since_ns",
	       (int64_t)(kind    ? rdv_peek(&m->record.wait_since)
			 : depth ? rdv_peek(&m->record.alone)
				 : 0));
	number(p, "sync_want", rdv_glance(&m->sync_want));
	number(p, "sync_in", rdv_glance(&m->sync_in));
	number(p, "sync_turn", rdv_sync_has_turn(m));
	number(p, "kept_by", (int)(rdv_peek(&d->kept[m->id]) & RDV_KEPT_BY) - 1);
	number(p, "isolations", (int64_t)rdv_peek(&m->record.isolations));
	number(p, "worst_delay_ns", (int64_t)rdv_peek(&m->record.worst));
	number(p, "retired", rdv_read_items(m));
	where(p, is_isolating(m, kind) ? rdv_peek(&m->record.where) : NULL);
	end_named(p, m->name);
}

static void dump_members(struct dump *p)
{
	const struct rdv_member *m;
	uint32_t id;

	for (id = 0; id < p->domain->max_threads; id++) {
		m = rdv_load_acq(&p->domain->member[id]); /* [SLOT] */
		if (m && rdv_peek(&m->record.tid))
			dump_member(p, m);
	}
}

static void dump_blockers(struct dump *p)
{
	static const char *const why[] = {
		[RDV_BLOCKER_RUNNING] = "running",
		[RDV_BLOCKER_ISOLATED] = "isolated",
		[RDV_BLOCKER_HELD] = "held",
	};
	struct rdv_blocker b[16];
	size_t i, n = rdv_domain_blockers(p->domain, b, 16, sizeof(b[0]));

	begin(p, "blockers");
	number(p, "count", (int64_t)n);
	end(p);
	for (i = 0; i < n && i < 16; i++) {
		begin(p, "blocker");
		number(p, "id", b[i].id);
		number(p, "tid", b[i].kernel_tid);
		word(p, "why", why[b[i].why]);
		number(p, "since_ns", (int64_t)b[i].since);
		where(p, b[i].where);
		end_named(p, b[i].name);
	}
}

/* ----------------------------------------------------------------- the statistics */

static void dump_histogram(struct dump *p, const char *name, enum rdv_histogram_kind kind)
{
	struct rdv_histogram h;

	rdv_read_histogram(p->domain, kind, &h);
	begin(p, "time ");
	rdv_put(&p->line, name);
	number(p, "count", (int64_t)rdv_histogram_count(&h));
	number(p, "p50_ns", (int64_t)rdv_histogram_percentile(&h, 50));
	number(p, "p90_ns", (int64_t)rdv_histogram_percentile(&h, 90));
	number(p, "p99_ns", (int64_t)rdv_histogram_percentile(&h, 99));
	number(p, "max_ns", (int64_t)rdv_histogram_percentile(&h, 100));
	end(p);
}

static void dump_delay(struct dump *p, const char *which, const struct rdv_blame *b)
{
	uint32_t id = rdv_peek(&b->id);

	if (!id)
		return;
	begin(p, "delay");
	rdv_put(&p->line, which);
	number(p, "id", (int64_t)id - 1);
	number(p, "tid", rdv_peek(&b->tid));
	number(p, "ns", (int64_t)rdv_peek(&b->ns));
	where(p, b->where);
	end_named(p, b->name);
}

static void dump_counters(struct dump *p)
{
	struct rdv_counters c;

	rdv_read_counters(p->domain, &c);
	begin(p, "stats");
	number(p, "isolations", (int64_t)c.isolations);
	number(p, "rounds", (int64_t)c.rounds);
	number(p, "tries_failed", (int64_t)c.tries);
	number(p, "timeouts_failed", (int64_t)rdv_peek(&p->domain->history->timeouts));
	number(p, "futex_waits", (int64_t)c.waits);
	number(p, "futex_wakes", (int64_t)c.wakes);
	number(p, "membarriers", (int64_t)rdv_peek(&p->domain->fences));
	end(p);
	begin(p, "graces");
	number(p, "periods", (int64_t)rdv_peek(&p->domain->history->graces));
	number(p, "failed", (int64_t)rdv_peek(&p->domain->history->graces_failed));
	number(p, "retired", (int64_t)(c.called + c.items));
	number(p, "waiting", (int64_t)c.items);
	end(p);
}

/* -------------------------------------------------------------------------- call */

int rdv_domain_dump(const rdv_domain *domain, int fd)
{
	struct dump p = {.domain = domain, .fd = fd};

	begin(&p, "librdv-dump 1");
	end(&p);
	begin(&p, "domain");
	number(&p, "threads", rdv_peek(&domain->members));
	number(&p, "at_most", rdv_peek(&domain->members_max));
	number(&p, "max_threads", domain->max_threads);
	word(&p, "fence", domain->biased ? "biased" : "full");
	end_named(&p, domain->name);
	begin(&p, "clock");
	number(&p, "now_ns", (int64_t)rdv_clock_ns());
	end(&p);
	dump_words(&p);
	dump_mask(&p, "harmless", domain->harmless);
	dump_mask(&p, "want_rdv", domain->want_rdv);
	dump_mask(&p, "awaited", domain->awaited);
	dump_mask(&p, "owing", domain->owing);
	dump_sync(&p);
	dump_members(&p);
	dump_blockers(&p);
	dump_counters(&p);
	dump_histogram(&p, "to_isolation", RDV_TO_ISOLATION);
	dump_histogram(&p, "isolated", RDV_ISOLATED);
	dump_histogram(&p, "held", RDV_HELD);
	dump_histogram(&p, "to_release", RDV_TO_RELEASE);
	dump_histogram(&p, "to_grace", RDV_TO_GRACE);
	dump_delay(&p, " last", &domain->history->last);
	dump_delay(&p, " worst", &domain->history->worst);
	dump_delay(&p, " longest", &domain->history->longest);
	dump_delay(&p, " last_grace", &domain->history->last_grace);
	dump_delay(&p, " worst_grace", &domain->history->worst_grace);
	begin(&p, "end");
	end(&p);
	return p.ret;
}
