/* SPDX-License-Identifier: MIT */
/*
 * rdv-top - shows what a domain does, from the file that its program exports
 * (rdv_export_open() of <rdv/export.h>).
 */
#include "openmetrics.h"

#include <errno.h>
#include <fcntl.h>
#include <getopt.h>
#include <inttypes.h>
#include <poll.h>
#include <signal.h>
#include <stdlib.h>
#include <string.h>
#include <sys/ioctl.h>
#include <sys/stat.h>
#include <termios.h>
#include <time.h>
#include <unistd.h>

enum { MAX_THREADS = 4096, SHOWN = 16, TRIES = 1000 };
enum { OTHER_LINES = 20 }; /* of a screen, around the threads */

struct view {
	const char *path;
	int fd;
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

static void flush_output(void)
{
	if (fflush(stdout))
		fail("standard output", strerror(errno));
}

/* False: the file ends before. */
static bool read_at(const struct view *v, void *to, size_t size, size_t at)
{
	ssize_t n = pread(v->fd, to, size, (off_t)at);

	if (n < 0)
		fail(v->path, strerror(errno));
	return (size_t)n == size;
}

static uint32_t read_changes(const struct view *v)
{
	uint32_t changes = 1;

	if (!read_at(v, &changes, sizeof(changes),
		     offsetof(struct rdv_export_page, changes)))
		fail(v->path, "has been truncated");
	return changes;
}

/* Not waiting for the other end of a FIFO. */
static void open_page(struct view *v, const char *path)
{
	const struct rdv_export_page *p = &v->now;
	struct stat st;

	v->path = path;
	v->fd = open(path, O_RDONLY | O_CLOEXEC | O_NONBLOCK);
	if (v->fd < 0 || fstat(v->fd, &st))
		fail(path, strerror(errno));
	if (!S_ISREG(st.st_mode) || !read_at(v, &v->now, sizeof(v->now), 0) ||
	    p->magic != RDV_EXPORT_MAGIC)
		fail(path, "this is no file that rdv_export_open() made");
	if (p->version != RDV_EXPORT_VERSION || p->size > (uint64_t)st.st_size ||
	    p->threads_at > p->size ||
	    p->threads_room > (p->size - p->threads_at) / sizeof(v->threads[0]))
		fail(path, "made by another version of librdv");
}

/* Its lock says so, for a process of any user and in any namespace. */
static bool alive(const struct view *v)
{
	struct flock lock = {.l_type = F_RDLCK, .l_whence = SEEK_SET};

	return v->now.pid && (fcntl(v->fd, F_OFD_GETLK, &lock) || lock.l_type != F_UNLCK);
}

/*
 * A copy that nobody wrote to meanwhile.  False: the program has ended, possibly killed
 * while it was writing.
 */
static bool copy(struct view *v)
{
	uint32_t changes;

	for (int i = 0; i < TRIES; i++) {
		changes = read_changes(v);
		if (!read_at(v, &v->now, sizeof(v->now), 0))
			fail(v->path, "has been truncated");
		v->n_threads = v->now.n_threads;
		if (v->n_threads > v->now.threads_room)
			v->n_threads = v->now.threads_room;
		if (v->n_threads > MAX_THREADS)
			v->n_threads = MAX_THREADS;
		if (!read_at(v, v->threads, v->n_threads * sizeof(v->threads[0]),
			     v->now.threads_at))
			fail(v->path, "has been truncated");
		if (!alive(v))
			return false;
		if (!(changes & 1) && changes == read_changes(v))
			return true;
		nanosleep(&(struct timespec){.tv_nsec = 1000000}, NULL);
	}
	fail(v->path, "is being written to all the time");
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

/* What a terminal takes for a command is not printed. */
static const char *printable(char *name, size_t size)
{
	name[size - 1] = '\0';
	for (char *c = name; *c; c++)
		if (*c < ' ' || *c > '~')
			*c = '?';
	return name;
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

/* Items whose functions have been called. */
static uint64_t called(const struct rdv_stats *s)
{
	return s->retired > s->retired_waiting ? s->retired - s->retired_waiting : 0;
}

static void show_rates(const struct view *v)
{
	const struct rdv_stats *n = &v->now.stats, *b = &v->before.stats;
	const uint64_t done = called(n) > called(b) ? called(n) - called(b) : 0;
	double s = (double)(v->now.updated - v->before.updated) / 1e9;

	if (s <= 0)
		s = 1;
	printf("per second: %.0f isolations, %.0f rounds, %.0f held,\n"
	       "            %.0f futex waits, %.0f wakes, %.0f membarriers,\n"
	       "            %.0f grace periods, %.0f items retired, %.0f called\n",
	       (double)(n->isolations - b->isolations) / s,
	       (double)(n->rounds - b->rounds) / s,
	       (double)(n->held_waits - b->held_waits) / s,
	       (double)(n->futex_waits - b->futex_waits) / s,
	       (double)(n->futex_wakes - b->futex_wakes) / s,
	       (double)(n->membarriers - b->membarriers) / s,
	       (double)(n->grace_periods - b->grace_periods) / s,
	       (double)(n->retired > b->retired ? n->retired - b->retired : 0) / s,
	       (double)done / s);
	printf("failed so far: %" PRIu64 " tries, %" PRIu64 " timed, %" PRIu64
	       " timed grace periods\n",
	       n->tries_failed, n->timeouts_failed, n->graces_failed);
}

static void show_delay(const char *which, struct rdv_delay *delay)
{
	char text[16];

	if (delay->id < 0)
		return;
	printf("%s grace period waited for thread %d (%s): %s\n", which, (int)delay->id,
	       printable(delay->name, sizeof(delay->name)), time_text(delay->ns, text));
}

/* What is in the way of memory that is to be freed. */
static void show_graces(struct view *v)
{
	printf("retired items that wait: %" PRIu64 "\n", v->now.stats.retired_waiting);
	show_delay("last", &v->now.stats.last_grace);
	show_delay("longest", &v->now.stats.worst_grace);
}

static int by_delay(const void *a, const void *b)
{
	const struct rdv_thread_stats *x = a, *y = b;

	if (x->worst_delay_ns != y->worst_delay_ns)
		return x->worst_delay_ns < y->worst_delay_ns ? 1 : -1;
	return x->id < y->id ? -1 : x->id > y->id;
}

/* As many as leave the first line on the screen. */
static unsigned threads_to_show(const struct view *v)
{
	struct winsize size;

	if (!v->terminal || ioctl(STDOUT_FILENO, TIOCGWINSZ, &size) || !size.ws_row ||
	    size.ws_row >= OTHER_LINES + SHOWN)
		return SHOWN;
	return size.ws_row > OTHER_LINES ? size.ws_row - OTHER_LINES : 1;
}

static void show_threads(struct view *v)
{
	const unsigned shown = threads_to_show(v);
	char text[16];

	qsort(v->threads, v->n_threads, sizeof(v->threads[0]), by_delay);
	printf("\n%6s %8s %-16s %12s %12s\n", "id", "tid", "thread", "isolations",
	       "worst delay");
	for (unsigned i = 0; i < v->n_threads && i < shown; i++) {
		struct rdv_thread_stats *t = &v->threads[i];

		printf("%6u %8d %-16.16s %12" PRIu64 " %12s\n", t->id, (int)t->kernel_tid,
		       printable(t->name, sizeof(t->name)), t->isolations,
		       time_text(t->worst_delay_ns, text));
	}
	if (v->n_threads > shown)
		printf("and %u more thread%s\n", v->n_threads - shown,
		       v->n_threads == shown + 1 ? "" : "s");
}

static double age(const struct view *v)
{
	struct timespec now;

	clock_gettime(CLOCK_MONOTONIC, &now);
	return (double)now.tv_sec + (double)now.tv_nsec / 1e9 -
	       (double)v->now.updated / 1e9;
}

static void show(struct view *v)
{
	const struct rdv_stats *n = &v->now.stats, *b = &v->before.stats;

	if (v->terminal)
		printf("\033[H\033[J");
	printf("%s, process %d, as of %.1f s ago\n",
	       printable(v->now.stats.name, sizeof(v->now.stats.name)), (int)v->now.pid,
	       age(v));
	printf("%u thread%s (at most %u, room for %u), %s fences\n", n->threads,
	       n->threads == 1 ? "" : "s", n->threads_max, n->max_threads,
	       n->fence == RDV_FENCE_BIASED ? "biased" : "full");
	show_rates(v);
	show_graces(v);
	printf("\n%-13s %10s %10s %10s %10s %10s %10s\n", "", "count", "p50", "p90",
	       "p99", "max", "max so far");
	show_times("to isolation", &n->to_isolation, &b->to_isolation);
	show_times("isolated", &n->isolated, &b->isolated);
	show_times("held", &n->held, &b->held);
	show_times("to release", &n->to_release, &b->to_release);
	show_times("to grace", &n->to_grace, &b->to_grace);
	show_threads(v);
	if (!v->terminal)
		printf("\n");
	flush_output();
}

/* ------------------------------------------------------------------------ the rest */

static const char usage[] =
	"usage: rdv-top [OPTION...] FILE\n"
	"Shows what a librdv domain does whose program exports it to FILE, until q or\n"
	"Ctrl-C is pressed.\n"
	"\n"
	"  -i, --interval SECONDS  from one screen to the next, 0.1 to 3600 (1)\n"
	"  -n, --count N           end after N screens, 1 or more\n"
	"  --openmetrics           print the figures once, as OpenMetrics text\n"
	"  -h, --help              print this\n"
	"  -V, --version           print the version\n"
	"\n"
	"Exit status: 0 shown, 1 there is nothing to show or it could not be written,\n"
	"2 wrong usage.\n";

static double interval = 1;
static long count = -1;
static bool metrics;

static void wrong(const char *option, const char *expected, const char *found)
{
	fprintf(stderr, "rdv-top: %s: expected %s, found '%s'\n", option, expected,
		found);
	exit(2);
}

static void set_interval(const char *text)
{
	char *end;

	interval = strtod(text, &end);
	if (end == text || *end || !(interval >= 0.1 && interval <= 3600))
		wrong("--interval", "seconds from 0.1 to 3600", text);
}

static void set_count(const char *text)
{
	char *end;

	errno = 0;
	count = strtol(text, &end, 10);
	if (end == text || *end || errno || count < 1)
		wrong("--count", "a number from 1", text);
}

static const char *options(int argc, char **argv)
{
	static const struct option longopts[] = {
		{"interval", required_argument, NULL, 'i'},
		{"count", required_argument, NULL, 'n'},
		{"openmetrics", no_argument, NULL, 'o'},
		{"help", no_argument, NULL, 'h'},
		{"version", no_argument, NULL, 'V'},
		{NULL, 0, NULL, 0},
	};
	int c;

	while ((c = getopt_long(argc, argv, "i:n:hV", longopts, NULL)) != -1) {
		if (c == 'i') {
			set_interval(optarg);
		} else if (c == 'n') {
			set_count(optarg);
		} else if (c == 'o') {
			metrics = true;
		} else if (c == 'h') {
			fputs(usage, stdout);
			flush_output();
			exit(0);
		} else if (c == 'V') {
			printf("rdv-top %d.%d.%d\n", RDV_VERSION_MAJOR, RDV_VERSION_MINOR,
			       RDV_VERSION_PATCH);
			flush_output();
			exit(0);
		} else {
			exit(2);
		}
	}
	if (optind == argc - 1)
		return argv[optind];
	fprintf(stderr, "rdv-top: expected one file, found %d (--help lists options)\n",
		argc - optind);
	exit(2);
}

/* ------------------------------------------------------------------------ the keyboard */

static struct termios saved, raw;
static volatile sig_atomic_t ended;

static void end(int signal)
{
	(void)signal;
	ended = 1;
}

static void restore(void)
{
	tcsetattr(STDIN_FILENO, TCSANOW, &saved);
}

/* SIGTSTP: the shell gets the terminal as it was. */
static void stop(int signal)
{
	(void)signal;
	restore();
	raise(SIGSTOP);
}

/* In the background the keys and the terminal are not ours. */
static bool in_foreground(void)
{
	return tcgetpgrp(STDIN_FILENO) == getpgrp();
}

/* SIGCONT */
static void go_on(int signal)
{
	int saved_errno = errno;

	(void)signal;
	if (in_foreground())
		tcsetattr(STDIN_FILENO, TCSANOW, &raw);
	errno = saved_errno;
}

/* Keys are read as they are pressed. */
static bool listen_to_keys(void)
{
	static const int ends[] = {SIGINT, SIGTERM, SIGQUIT, SIGHUP};
	unsigned i;

	if (!in_foreground() || tcgetattr(STDIN_FILENO, &saved))
		return false;
	raw = saved;
	raw.c_lflag &= ~(tcflag_t)(ICANON | ECHO);
	raw.c_cc[VMIN] = 1;
	raw.c_cc[VTIME] = 0;
	for (i = 0; i < sizeof(ends) / sizeof(ends[0]); i++)
		sigaction(ends[i], &(struct sigaction){.sa_handler = end}, NULL);
	sigaction(SIGTSTP, &(struct sigaction){.sa_handler = stop}, NULL);
	sigaction(SIGCONT, &(struct sigaction){.sa_handler = go_on}, NULL);
	atexit(restore);
	tcsetattr(STDIN_FILENO, TCSANOW, &raw);
	return true;
}

/* Between two screens. */
static void pause_for(double seconds, bool keys)
{
	struct pollfd input = {.fd = keys && in_foreground() ? STDIN_FILENO : -1,
			       .events = POLLIN};
	char key = 0;

	if (poll(&input, 1, (int)(seconds * 1000)) <= 0)
		return;
	if (read(STDIN_FILENO, &key, 1) != 1 || key == 'q')
		ended = 1;
}

/* Each scrape is a call: the figures are those of the last update. */
static int write_metrics(struct view *v)
{
	if (!copy(v))
		fail(v->path, "the program has ended");
	openmetrics_write(
		stdout, &(struct openmetrics){&v->now, v->threads, v->n_threads, age(v)});
	flush_output();
	return 0;
}

int main(int argc, char **argv)
{
	static struct view v;
	const char *path = options(argc, argv);
	bool keys;

	open_page(&v, path);
	if (metrics)
		return write_metrics(&v);
	v.terminal = isatty(STDOUT_FILENO);
	keys = v.terminal && listen_to_keys();
	while (!ended && count--) {
		if (!copy(&v)) {
			printf("the program has ended\n");
			flush_output();
			return 0;
		}
		show(&v);
		v.before = v.now;
		if (count)
			pause_for(interval, keys);
	}
	return 0;
}
