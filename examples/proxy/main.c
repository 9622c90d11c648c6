/* SPDX-License-Identifier: MIT */
/* rdv-proxy - the threads, and how they begin and end; proxy.h has the rules. */
#define _GNU_SOURCE
#include "proxy.h"
#include <err.h>
#include <getopt.h>
#include <rdv/export.h>
#include <signal.h>
#include <sys/signalfd.h>

#define BATCH    64
#define PAUSE_MS 100 /* how long a thread accepts nobody when files have run out */
#define SECOND   INT64_C(1000000000)

#define COMPLAIN_NS (10 * SECOND) /* from one line to the next about the same */

static const char usage[] =
	"usage: rdv-proxy [OPTION...]\n"
	"Balances TCP connections between servers.\n\n"
	"  --listen ADDR:PORT  for clients, in numbers: 127.0.0.1:8080, which is the\n"
	"                      default, or [::1]:8080; port 0 is a free one\n"
	"  --admin PATH        Unix socket for commands, such as help (rdv-proxy.sock)\n"
	"  --servers FILE      the servers: NAME ADDR:PORT in each line (none);\n"
	"                      SIGHUP reads it again\n"
	"  --threads N         how many workers (4)\n"
	"  --check MS          from one health check to the next (1000)\n"
	"  --grace SECONDS     for connections to end in after SIGTERM or SIGINT, where "
	"a\n"
	"                      second signal kills, or when one side has gone (30)\n"
	"  --export FILE       what rdv-top shows of the proxy, once a second (none)\n"
	"  -h, --help          print this\n"
	"  -V, --version       print the version\n\n"
	"Exit status: 0 stopped by a signal, 1 could not start, 2 wrong usage.\n";

enum { LISTEN, ADMIN, SERVERS, THREADS, CHECK, GRACE, EXPORT, HELP, VERSION };
static const char *options[] = {
	"127.0.0.1:8080", "rdv-proxy.sock", NULL, "4", "1000", "30", NULL, NULL, NULL};
static const struct option names[] = {
	{"listen", 1, NULL, 0},  {"admin", 1, NULL, 0},
	{"servers", 1, NULL, 0}, {"threads", 1, NULL, 0},
	{"check", 1, NULL, 0},   {"grace", 1, NULL, 0},
	{"export", 1, NULL, 0},  {"help", 0, NULL, 0},
	{"version", 0, NULL, 0}, {0},
};

struct proxy proxy;
static struct thread *const self = proxy.threads; /* the main thread */
static int64_t period;                            /* of the health checks */
static rdv_export *export;                        /* or NULL */

int64_t now_ns(void)
{
	struct timespec ts;

	clock_gettime(CLOCK_MONOTONIC, &ts);
	return ts.tv_sec * SECOND + ts.tv_nsec;
}

int ms_until(int64_t when)
{
	int64_t ns = when - now_ns();

	return ns > 0 ? (int)(ns / 1000000) + 1 : 0;
}

/* With no events a source leaves the instance, which would report its errors. */
int watch(struct thread *t, struct source *s, uint32_t events)
{
	struct epoll_event ev = {.events = events, .data.ptr = s};
	int op = !events ? EPOLL_CTL_DEL : s->events ? EPOLL_CTL_MOD : EPOLL_CTL_ADD;

	if (s->events == events)
		return 0;
	s->events = events;
	return epoll_ctl(t->epfd, op, s->fd, &ev);
}

/* Of files or the like, as errno says: who waits to be accepted is not lost. */
void pause_listener(struct thread *t)
{
	t->no_files = errno;
	t->paused = true;
	watch(t, &t->listener, 0);
}

/* --------------------------------------------------------- alone, by the main thread */

static void end_span(struct span *span, int64_t begun)
{
	span->last = now_ns() - begun;
	if (span->longest < span->last)
		span->longest = span->last;
}

static int64_t alone_since;

void alone_begin(void)
{
	int64_t asked = now_ns();

	guard_isolate(self->rdv);
	end_span(&proxy.wait, asked);
	alone_since = now_ns();
}

void alone_end(void)
{
	end_span(&proxy.alone, alone_since);
	proxy.isolations++;
	guard_release(self->rdv);
}

/* ------------------------------------------------------------------------- signals */

/*
 * Told to stop.  A listener that is closed resets whoever has shaken hands and was not
 * accepted.  So first of all none shakes hands any more, then each worker accepts who is
 * left, see listener_drain().
 */
static void stop(struct thread *t)
{
	unsigned long n = 0;

	rdv_sync_want(t->rdv);
	rdv_sync_enter(t->rdv);
	proxy.deadline = now_ns() + proxy.grace;
	proxy.stopping = true;
	for (unsigned i = 1; i < proxy.n_threads; i++) {
		min_ttl(t[i].listener.fd, 255);
		n += t[i].open;
	}
	rdv_sync_exit(t->rdv);
	fprintf(stderr, "rdv-proxy: stopping: %lu connections have %s s to end in\n", n,
		options[GRACE]);
}

static void hang_up(void)
{
	const char *error = options[SERVERS] ? servers_load(options[SERVERS])
					     : "expected --servers FILE to read again";

	if (error)
		fprintf(stderr, "rdv-proxy: SIGHUP: %s; the list stays\n", error);
	else
		fprintf(stderr, "rdv-proxy: SIGHUP: the list is that of %s\n",
			options[SERVERS]);
}

static void signal_ready(struct thread *t, struct source *s)
{
	struct signalfd_siginfo info;

	if (read(s->fd, &info, sizeof(info)) != sizeof(info))
		return;
	if (info.ssi_signo == SIGHUP)
		hang_up();
	else
		stop(t);
}

/* ------------------------------------------------------------------------- threads */

enum { NO_FILES, NO_SERVER, MORE_LINES, COMPLAINTS };

static bool its_time_to_complain(int kind)
{
	static _Atomic int64_t next[COMPLAINTS]; /* from all threads */
	int64_t now = now_ns(),
		due = atomic_load_explicit(&next[kind], memory_order_relaxed);

	return now >= due && atomic_compare_exchange_strong_explicit(
				     &next[kind], &due, now + COMPLAIN_NS,
				     memory_order_relaxed, memory_order_relaxed);
}

/* By a thread that is harmless: stderr may be a pipe that nobody reads. */
static void complain(struct thread *t)
{
	if (t->no_files && its_time_to_complain(NO_FILES))
		fprintf(stderr, "rdv-proxy: cannot accept: %s; who comes has to wait\n",
			strerror(t->no_files));
	if (t->no_server && its_time_to_complain(NO_SERVER))
		fprintf(stderr,
			"rdv-proxy: no server takes connections: clients are reset\n");
	if (t->more_lines && its_time_to_complain(MORE_LINES))
		fprintf(stderr, "rdv-proxy: an admin client sends more than a line, "
				"the rest is ignored\n");
	t->no_files = 0;
	t->no_server = t->more_lines = false;
}

static int shorter(int ms, int other)
{
	return ms < 0 || ms > other ? other : ms;
}

/* Waits for events and handles them; the main thread one, which may close any source. */
static void serve(struct thread *t, int ms)
{
	struct epoll_event ev[BATCH];
	int n;

	if (t->paused)
		ms = shorter(ms, PAUSE_MS);
	if (!LIST_EMPTY(&t->leaving))
		ms = shorter(ms, ms_until(t->look));
	guard_harmless_now(t->rdv);
	complain(t);
	n = epoll_wait(t->epfd, ev, t == self ? 1 : BATCH, ms);
	guard_harmless_end(t->rdv);

	if (t->paused && t->listener.fd >= 0)
		watch(t, &t->listener, EPOLLIN);
	t->paused = false;
	for (int i = 0; i < n; i++) {
		struct source *s = ev[i].data.ptr;

		s->seen = ev[i].events;
		if (s->fd >= 0)
			s->ready(t, s);
	}
	look_at_the_leaving(t);
	bury_the_dead(t);
}

static void sync_ready(struct thread *t, struct source *s)
{
	(void)t, (void)s; /* it has woken us */
}

/* In a proxy that stops: nothing is left for this worker to do, or no time. */
static bool finished(struct thread *t)
{
	if (!proxy.stopping)
		return false;
	listener_drain(t);
	return (t->listener.fd < 0 && LIST_EMPTY(&t->conns)) ||
	       now_ns() >= proxy.deadline;
}

static void *worker(void *arg)
{
	struct thread *t = arg;
	int err = rdv_thread_register(proxy.domain, NULL, &t->rdv);

	if (err)
		errx(1, "cannot register a thread: %s", strerror(-err));
	proxy.by_id[rdv_thread_id(t->rdv)] = t;
	guard_thread_begin();
	while (!finished(t)) {
		serve(t, proxy.stopping ? ms_until(proxy.deadline) : -1);
		if (rdv_sync_pending(proxy.domain)) { /* by the main thread, always */
			rdv_sync_enter(t->rdv);
			rdv_sync_exit(t->rdv);
		}
	}
	conns_cut(t);
	while (!LIST_EMPTY(&t->conns))
		serve(t, -1);
	bury_the_dead(t);
	guard_thread_end();
	rdv_thread_unregister(t->rdv);
	return NULL;
}

/* --------------------------------------------------------------------------- start */

/* Each worker has a listener.  The first one fails if another program has the address. */
static void listen_on(struct thread *t, union addr *addr)
{
	int fd = new_socket(addr->any.sa_family), on = 1, level = SOL_SOCKET;
	int shared = t > self + 1;
	socklen_t len = addr_len(addr);

	t->listener = (struct source){.fd = fd, .ready = listener_ready};
	if (fd < 0 || setsockopt(fd, level, SO_REUSEADDR, &on, sizeof(on)) ||
	    setsockopt(fd, level, SO_REUSEPORT, &shared, sizeof(shared)) ||
	    bind(fd, &addr->any, len) ||
	    setsockopt(fd, level, SO_REUSEPORT, &on, sizeof(on)) ||
	    listen(fd, SOMAXCONN) || getsockname(fd, &addr->any, &len))
		err(1, "cannot listen on %s", options[LISTEN]);
}

static void set_up_domain(void)
{
	rdv_domain_attr attr = RDV_DOMAIN_ATTR_INIT;
	int ret;

	attr.name = "rdv-proxy";
	attr.max_threads = proxy.n_threads;
	if ((ret = rdv_domain_create(&proxy.domain, &attr)) < 0 ||
	    (ret = rdv_sync_enable(proxy.domain)) < 0 ||
	    (ret = rdv_thread_register(proxy.domain, "main", &self->rdv)) < 0)
		errx(1, "cannot set up a domain: %s", strerror(-ret));
}

static void start(int sigfd)
{
	static struct source sig = {.ready = signal_ready};

	sig.fd = sigfd;
	for (struct thread *t = self; t < self + proxy.n_threads; t++) {
		t->family = AF_INET;
		t->sync = (struct source){.fd = rdv_sync_fd(proxy.domain),
					  .ready = sync_ready};
		t->epfd = epoll_create1(EPOLL_CLOEXEC);
		if (watch(t, &t->listener, EPOLLIN) ||
		    watch(t, t == self ? &sig : &t->sync, EPOLLIN))
			err(1, "cannot poll");
	}
	for (struct thread *t = self + 1; t < self + proxy.n_threads; t++) {
		errno = pthread_create(&t->pthread, NULL, worker, t);
		if (errno)
			err(1, "cannot start a thread");
	}
}

static unsigned number(int option, unsigned max)
{
	const char *text = options[option];
	unsigned n;
	char more;

	if (sscanf(text, "%9u%c", &n, &more) != 1 || *text == '-' || n < 1 || n > max)
		errx(2, "--%s: expected a number from 1 to %u, found \"%s\"",
		     names[option].name, max, text);
	return n;
}

static void read_options(int argc, char **argv)
{
	int c, i;

	while ((c = getopt_long(argc, argv, "hV", names, &i)) != -1 && c != '?') {
		if (c == 'h' || (!c && i == HELP))
			exit(fputs(usage, stdout) == EOF || fflush(stdout));
		if (c == 'V' || (!c && i == VERSION))
			exit(printf("rdv-proxy %d.%d.%d\n", RDV_VERSION_MAJOR,
				    RDV_VERSION_MINOR, RDV_VERSION_PATCH) < 0 ||
			     fflush(stdout));
		options[i] = optarg;
	}
	if (c != -1)
		exit(2);
	if (optind < argc)
		errx(2, "expected options, found \"%s\"", argv[optind]);
	if (!addr_parse(options[LISTEN], &proxy.listen))
		errx(2,
		     "--listen: expected ADDR:PORT in numbers, such as 127.0.0.1:8080 "
		     "or [::1]:8080, found \"%s\"",
		     options[LISTEN]);
	proxy.n_threads = 1 + number(THREADS, MAX_WORKERS);
	period = number(CHECK, 1000000) * (SECOND / 1000);
	proxy.grace = number(GRACE, 1000000) * SECOND;
}

/* Listens, and knows its servers: in this order, as it must not be one of them. */
static void open_all(void)
{
	const char *error;
	int ret;

	for (unsigned i = 1; i < proxy.n_threads; i++)
		listen_on(&self[i], &proxy.listen);
	error = options[SERVERS] ? servers_load(options[SERVERS]) : NULL;
	if (error)
		errx(1, "%s", error);
	if (!admin_listen(options[ADMIN]))
		err(1, "cannot listen on %s", options[ADMIN]);
	ret = options[EXPORT] ? rdv_export_open(proxy.domain, options[EXPORT], &export)
			      : 0;
	if (ret) {
		admin_close(options[ADMIN]);
		errx(1, "cannot export to %s: %s", options[EXPORT], strerror(-ret));
	}
}

/* Runs until it is told to stop. */
static void run(void)
{
	int64_t check = now_ns(), update = check;

	guard_thread_begin();
	while (!proxy.stopping) {
		serve(self, ms_until(export && update < check ? update : check));
		guard_turn(self->rdv);
		if (export && now_ns() >= update) {
			rdv_export_update(export);
			update = now_ns() + SECOND;
		}
		if (now_ns() >= check) {
			servers_check();
			check = now_ns() + period;
		}
	}
	guard_thread_end();
	rdv_thread_unregister(self->rdv);
}

int main(int argc, char **argv)
{
	char text[ADDR_TEXT];
	sigset_t set;
	unsigned long cut_off;

	read_options(argc, argv);
	sigemptyset(&set);
	sigaddset(&set, SIGINT);
	sigaddset(&set, SIGTERM);
	sigaddset(&set, SIGHUP);
	pthread_sigmask(SIG_BLOCK, &set, NULL);
	signal(SIGPIPE, SIG_IGN);
	set_up_domain();
	open_all();
	start(signalfd(-1, &set, SFD_NONBLOCK | SFD_CLOEXEC));
	printf("listening on %s\n", addr_text(&proxy.listen, text));
	fflush(stdout);

	run();
	admin_close(options[ADMIN]);
	sigdelset(&set, SIGHUP);
	pthread_sigmask(SIG_UNBLOCK, &set, NULL);
	for (unsigned i = 1; i < proxy.n_threads; i++)
		pthread_join(self[i].pthread, NULL);
	cut_off = atomic_load_explicit(&proxy.cut_off, memory_order_relaxed);
	if (cut_off)
		fprintf(stderr, "rdv-proxy: %lu connections were cut off\n", cut_off);
	servers_free(proxy.servers);
	if (export)
		rdv_export_close(export);
	rdv_domain_destroy(proxy.domain);
	return 0;
}
