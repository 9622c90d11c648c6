/* SPDX-License-Identifier: MIT */
#include "openmetrics.h"

#include <inttypes.h>

/* The buckets end at powers of two: 2^6 ns is 64 ns, 2^38 ns is 4.6 minutes. */
enum { FIRST_POWER = 6, LAST_POWER = 38 };

/* The families of one number, in the order of the text. */
static const struct number {
	const char *name, *type, *help;
	size_t at; /* in struct rdv_stats */
	bool wide;
} numbers[] = {
#define COUNTER(name, field, help)                                             \
	{                                                                      \
		name, "counter", help, offsetof(struct rdv_stats, field), true \
	}
#define GAUGE(name, field, help)                                              \
	{                                                                     \
		name, "gauge", help, offsetof(struct rdv_stats, field), false \
	}
	GAUGE("rdv_threads", threads, "Threads that are members."),
	GAUGE("rdv_threads_peak", threads_max, "Threads that were members at once."),
	GAUGE("rdv_threads_limit", max_threads, "Threads that can be members."),
	COUNTER("rdv_isolations", isolations, "Isolations."),
	COUNTER("rdv_rounds", rounds, "Rounds of isolations."),
	COUNTER("rdv_tries_failed", tries_failed,
		"Calls of rdv_isolate_try that failed."),
	COUNTER("rdv_timeouts_failed", timeouts_failed,
		"Calls of rdv_isolate_until that failed."),
	COUNTER("rdv_held", held_waits, "Waits for the end of a round."),
	COUNTER("rdv_futex_waits", futex_waits, "System calls that wait on a futex."),
	COUNTER("rdv_futex_wakes", futex_wakes, "System calls that wake from a futex."),
	COUNTER("rdv_membarriers", membarriers, "Calls of membarrier."),
	COUNTER("rdv_grace_periods", grace_periods,
		"Grace periods that threads were asked for."),
	COUNTER("rdv_graces_failed", graces_failed,
		"Calls of rdv_synchronize_until that failed."),
	COUNTER("rdv_retired", retired, "Items given to rdv_retire."),
#undef COUNTER
#undef GAUGE
};

static const struct times {
	const char *name, *help;
	size_t at;
} times[] = {
	{"rdv_to_isolation_seconds", "From rdv_isolate until the thread is alone.",
	 offsetof(struct rdv_stats, to_isolation)},
	{"rdv_isolated_seconds", "Alone, until rdv_release.",
	 offsetof(struct rdv_stats, isolated)},
	{"rdv_held_seconds", "From wanting to run until running.",
	 offsetof(struct rdv_stats, held)},
	{"rdv_to_release_seconds", "From rdv_release until it returns.",
	 offsetof(struct rdv_stats, to_release)},
	{"rdv_to_grace_seconds", "How long rdv_synchronize waited.",
	 offsetof(struct rdv_stats, to_grace)},
};

static void put_family(FILE *out, const char *name, const char *type, const char *unit,
		       const char *help)
{
	fprintf(out, "# TYPE %s %s\n", name, type);
	if (*unit)
		fprintf(out, "# UNIT %s %s\n", name, unit);
	fprintf(out, "# HELP %s %s\n", name, help);
}

/* The value of a label: what is not printable ASCII becomes a question mark. */
static void put_value(FILE *out, const char *value, size_t size)
{
	fputc('"', out);
	for (const char *c = value; c < value + size && *c; c++) {
		if (*c == '"' || *c == '\\')
			fputc('\\', out);
		fputc(*c < ' ' || *c > '~' ? '?' : *c, out);
	}
	fputc('"', out);
}

/* name{domain="...", open for more labels */
static void put_sample(FILE *out, const struct openmetrics *m, const char *name,
		       const char *suffix)
{
	fprintf(out, "%s%s{domain=", name, suffix);
	put_value(out, m->page->stats.name, sizeof(m->page->stats.name));
}

static void put_numbers(FILE *out, const struct openmetrics *m)
{
	const char *stats = (const char *)&m->page->stats;

	for (size_t i = 0; i < sizeof(numbers) / sizeof(numbers[0]); i++) {
		const struct number *n = &numbers[i];
		const void *at = stats + n->at;

		put_family(out, n->name, n->type, "", n->help);
		put_sample(out, m, n->name, n->wide ? "_total" : "");
		fprintf(out, "} %" PRIu64 "\n",
			n->wide ? *(const uint64_t *)at : *(const uint32_t *)at);
	}
}

static void put_times(FILE *out, const struct openmetrics *m, const struct times *t)
{
	const void *at = (const char *)&m->page->stats + t->at;
	const struct rdv_histogram *h = at;
	const uint64_t all = rdv_histogram_count(h);
	uint64_t count = 0;
	unsigned bucket = 0;

	put_family(out, t->name, "histogram", "seconds", t->help);
	for (unsigned power = FIRST_POWER; power <= LAST_POWER; power++) {
		const uint64_t end = (uint64_t)1 << power;

		while (rdv_histogram_bucket_floor(bucket) < end)
			count += h->bucket[bucket++];
		put_sample(out, m, t->name, "_bucket");
		fprintf(out, ",le=\"%.12g\"} %" PRIu64 "\n", (double)end / 1e9, count);
	}
	put_sample(out, m, t->name, "_bucket");
	fprintf(out, ",le=\"+Inf\"} %" PRIu64 "\n", all);
	put_sample(out, m, t->name, "_sum");
	fprintf(out, "} %.9g\n", (double)rdv_histogram_mean(h) * (double)all / 1e9);
	put_sample(out, m, t->name, "_count");
	fprintf(out, "} %" PRIu64 "\n", all);
}

static void put_thread(FILE *out, const struct openmetrics *m, const char *name,
		       const char *suffix, const struct rdv_thread_stats *t)
{
	put_sample(out, m, name, suffix);
	fprintf(out, ",id=\"%u\",thread=", t->id);
	put_value(out, t->name, sizeof(t->name));
	fputs("} ", out);
}

static void put_threads(FILE *out, const struct openmetrics *m)
{
	static const char isolations[] = "rdv_thread_isolations";
	static const char delay[] = "rdv_thread_worst_delay_seconds";
	static const char waiting[] = "rdv_thread_retired_waiting";
	const struct rdv_thread_stats *end = m->threads + m->n_threads;

	put_family(out, isolations, "counter", "", "Isolations of the thread.");
	for (const struct rdv_thread_stats *t = m->threads; t < end; t++) {
		put_thread(out, m, isolations, "_total", t);
		fprintf(out, "%" PRIu64 "\n", t->isolations);
	}
	put_family(out, delay, "gauge", "seconds",
		   "The longest time that an isolation waited for the thread.");
	for (const struct rdv_thread_stats *t = m->threads; t < end; t++) {
		put_thread(out, m, delay, "", t);
		fprintf(out, "%.9g\n", (double)t->worst_delay_ns / 1e9);
	}
	put_family(out, waiting, "gauge", "",
		   "Items that the thread has retired and not called yet.");
	for (const struct rdv_thread_stats *t = m->threads; t < end; t++) {
		put_thread(out, m, waiting, "", t);
		fprintf(out, "%" PRIu64 "\n", t->retired_waiting);
	}
}

void openmetrics_write(FILE *out, const struct openmetrics *m)
{
	put_family(out, "rdv_domain", "info", "", "The domain.");
	put_sample(out, m, "rdv_domain", "_info");
	fprintf(out, ",pid=\"%d\",fence=\"%s\"} 1\n", (int)m->page->pid,
		m->page->stats.fence == RDV_FENCE_BIASED ? "biased" : "full");
	put_family(out, "rdv_age_seconds", "gauge", "seconds",
		   "How long ago the program called rdv_export_update.");
	put_sample(out, m, "rdv_age_seconds", "");
	fprintf(out, "} %.3f\n", m->age);
	put_numbers(out, m);
	put_family(out, "rdv_retired_waiting", "gauge", "",
		   "Items given to rdv_retire and not called yet.");
	put_sample(out, m, "rdv_retired_waiting", "");
	fprintf(out, "} %" PRIu64 "\n", m->page->stats.retired_waiting);
	for (size_t i = 0; i < sizeof(times) / sizeof(times[0]); i++)
		put_times(out, m, &times[i]);
	put_threads(out, m);
	fputs("# EOF\n", out);
}
