/* SPDX-License-Identifier: MIT */
/*
 * rdv-top - shows what a domain does, from the file that its program exports
 * (rdv_export_open() of <rdv/export.h>).
 */
#include <errno.h>
#include <fcntl.h>
#include <getopt.h>
#include <inttypes.h>
#include <rdv/export.h>
#include <signal.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/mman.h>
#include <sys/stat.h>
#include <time.h>
#include <unistd.h>

enum { MAX_THREADS = 4096, SHOWN = 16, TRIES = 1000 };

struct view {
	const struct rdv_export_page *page;
	struct rdv_export_page now, before;
	struct rdv_thread_stats threads[MAX_THREADS];
	unsigned n_threads;
	bool terminal;
};

static void fail(const char *path, const char *what)
{
	fprintf(stderr, "rdv-top: %s: %s\n", path, what);
	exit(1);
}

static void open_page(struct view *v, const char *path)
{
	struct stat st;
	size_t size;
	int fd = open(path, O_RDONLY | O_CLOEXEC);

	if (fd < 0 || fstat(fd, &st))
		fail(path, strerror(errno));
	size = (size_t)st.st_size;
	if (size < sizeof(*v->page))
		fail(path, "this is no file that rdv_export_open() made");
	v->page = mmap(NULL, size, PROT_READ, MAP_SHARED, fd, 0);
	if (v->page == MAP_FAILED)
		fail(path, strerror(errno));
	close(fd);
	if (__atomic_load_n(&v->page->magic, __ATOMIC_ACQUIRE) != RDV_EXPORT_MAGIC)
		fail(path, "this is no file that rdv_export_open() made");
	if (v->page->version != RDV_EXPORT_VERSION || v->page->size > size ||
	    v->page->threads_at > size ||
	    v->page->threads_room > (size - v->page->threads_at) / sizeof(v->threads[0]))
		fail(path, "made by another version of librdv");
}

/* A copy that nobody wrote to meanwhile. */
static bool copy(struct view *v)
{
	const struct rdv_export_page *p = v->page;
	uint32_t changes;

	for (int i = 0; i < TRIES; i++) {
		changes = __atomic_load_n(&p->changes, __ATOMIC_ACQUIRE);
		memcpy(&v->now, p, sizeof(v->now));
		v->n_threads = v->now.n_threads;
		if (v->n_threads > p->threads_room)
			v->n_threads = p->threads_room;
		if (v->n_threads > MAX_THREADS)
			v->n_threads = MAX_THREADS;
		memcpy(v->threads, (const char *)p + p->threads_at,
		       v->n_threads * sizeof(v->threads[0]));
		__atomic_thread_fence(__ATOMIC_ACQUIRE);
		if (!(changes & 1) &&
		    changes == __atomic_load_n(&p->changes, __ATOMIC_RELAXED))
			return true;
		nanosleep(&(struct timespec){.tv_nsec = 1000000}, NULL);
	}
	return false;
}

/* ---------------------------------------------------------------------- the screen */

static const char *time_text(uint64_t ns, char text[16])
{
	if (ns < 10000)
		snprintf(text, 16, "%u ns", (unsigned)ns);
	else if (ns < 10000000)
		snprintf(text, 16, "%.1f us", (double)ns / 1e3);
	else if (ns < 10000000000)
		snprintf(text, 16, "%.1f ms", (double)ns / 1e6);
	else
		snprintf(text, 16, "%.1f s", (double)ns / 1e9);
	return text;
}

/* Of the interval, and the longest so far. */
static void show_times(const char *what, const struct rdv_histogram *now,
		       const struct rdv_histogram *before)
{
	static const double percent[] = {50, 90, 99, 100};
	struct rdv_histogram h;
	char text[16];

	for (unsigned i = 0; i < RDV_HISTOGRAM_BUCKETS; i++)
		h.bucket[i] = now->bucket[i] > before->bucket[i]
				      ? now->bucket[i] - before->bucket[i]
				      : 0;
	printf("%-13s %10" PRIu64, what, rdv_histogram_count(&h));
	for (unsigned i = 0; i < 4; i++)
		printf(" %10s",
		       time_text(rdv_histogram_percentile(&h, percent[i]), text));
	printf(" %10s\n", time_text(rdv_histogram_percentile(now, 100), text));
}

static void show_rates(const struct view *v)
{
	const struct rdv_stats *n = &v->now.stats, *b = &v->before.stats;
	double s = (double)(v->now.updated - v->before.updated) / 1e9;

	if (s <= 0)
		s = 1;
	printf("per second: %.0f isolations, %.0f rounds, %.0f held, %.0f futex waits, "
	       "%.0f wakes, %.0f membarriers\n",
	       (double)(n->isolations - b->isolations) / s,
	       (double)(n->rounds - b->rounds) / s,
	       (double)(n->held_waits - b->held_waits) / s,
	       (double)(n->futex_waits - b->futex_waits) / s,
	       (double)(n->futex_wakes - b->futex_wakes) / s,
	       (double)(n->membarriers - b->membarriers) / s);
	printf("failed so far: %" PRIu64 " tries, %" PRIu64 " timed\n", n->tries_failed,
	       n->timeouts_failed);
}

static int by_delay(const void *a, const void *b)
{
	const struct rdv_thread_stats *x = a, *y = b;

	if (x->worst_delay_ns != y->worst_delay_ns)
		return x->worst_delay_ns < y->worst_delay_ns ? 1 : -1;
	return x->id < y->id ? -1 : x->id > y->id;
}

static void show_threads(struct view *v)
{
	char text[16];

	qsort(v->threads, v->n_threads, sizeof(v->threads[0]), by_delay);
	printf("\n%6s %8s %-16s %12s %12s\n", "id", "tid", "thread", "isolations",
	       "worst delay");
	for (unsigned i = 0; i < v->n_threads && i < SHOWN; i++) {
		const struct rdv_thread_stats *t = &v->threads[i];

		printf("%6u %8d %-16.16s %12" PRIu64 " %12s\n", t->id, (int)t->kernel_tid,
		       t->name, t->isolations, time_text(t->worst_delay_ns, text));
	}
}

static void show(struct view *v)
{
	const struct rdv_stats *n = &v->now.stats, *b = &v->before.stats;

	if (v->terminal)
		printf("\033[H\033[J");
	printf("%.32s, process %d: %u threads (at most %u, room for %u), %s fences\n",
	       n->name, (int)v->now.pid, n->threads, n->threads_max, n->max_threads,
	       n->fence == RDV_FENCE_BIASED ? "biased" : "full");
	show_rates(v);
	printf("\n%-13s %10s %10s %10s %10s %10s %10s\n", "", "count", "p50", "p90",
	       "p99", "max", "max so far");
	show_times("to isolation", &n->to_isolation, &b->to_isolation);
	show_times("isolated", &n->isolated, &b->isolated);
	show_times("held", &n->held, &b->held);
	show_times("to release", &n->to_release, &b->to_release);
	show_threads(v);
	if (!v->terminal)
		printf("\n");
	fflush(stdout);
}

/* ------------------------------------------------------------------------ the rest */

static const char usage[] = "usage: rdv-top [--interval SECONDS] [--count N] FILE\n"
			    "Shows, each second, what the librdv domain does whose "
			    "program exports it to FILE.\n";

static double interval = 1;
static long count = -1;

static const char *options(int argc, char **argv)
{
	static const struct option longopts[] = {
		{"interval", required_argument, NULL, 'i'},
		{"count", required_argument, NULL, 'n'},
		{"help", no_argument, NULL, 'h'},
		{NULL, 0, NULL, 0},
	};
	int c;

	while ((c = getopt_long(argc, argv, "i:n:h", longopts, NULL)) != -1) {
		if (c == 'i') {
			interval = atof(optarg);
		} else if (c == 'n') {
			count = atol(optarg);
		} else if (c == 'h') {
			fputs(usage, stdout);
			exit(0);
		} else {
			exit(2);
		}
	}
	if (!(interval >= 0.1 && interval <= 3600) || count == 0 || optind != argc - 1) {
		fputs(usage, stderr);
		exit(2);
	}
	return argv[optind];
}

int main(int argc, char **argv)
{
	static struct view v;
	const char *path = options(argc, argv);
	struct timespec pause = {
		.tv_sec = (time_t)interval,
		.tv_nsec = (long)((interval - (double)(time_t)interval) * 1e9),
	};

	open_page(&v, path);
	v.terminal = isatty(STDOUT_FILENO);
	while (count--) {
		if (!copy(&v))
			fail(path, "is being written to all the time");
		if (!v.now.pid || kill(v.now.pid, 0) < 0) {
			printf("the program has ended\n");
			return 0;
		}
		show(&v);
		v.before = v.now;
		if (count)
			nanosleep(&pause, NULL);
	}
	return 0;
}
