/* SPDX-License-Identifier: MIT */
/* rdv-proxy - the threads, and how they begin and end; proxy.h has the rules. */
#define _GNU_SOURCE
#include "proxy.h"
#include <arpa/inet.h>
#include <err.h>
#include <getopt.h>
#include <linux/filter.h>
#include <signal.h>
#include <sys/signalfd.h>

#define BATCH    64
#define PAUSE_MS 100 /* how long a thread accepts nobody when files have run out */
#define SECOND   INT64_C(1000000000)

static const char usage[] =
	"usage: rdv-proxy [OPTION...]\n"
	"Balances TCP connections between servers.\n\n"
	"  --listen ADDR:PORT  for clients; port 0 is a free one (127.0.0.1:8080)\n"
	"  --admin PATH        Unix socket for commands, such as help (rdv-proxy.sock)\n"
	"  --servers FILE      the servers: NAME ADDR:PORT in each line (none)\n"
	"  --threads N         how many workers (4)\n"
	"  --check MS          from one health check to the next (1000)\n"
	"  --grace SECONDS     for connections to end in after SIGTERM or SIGINT (30);\n"
	"                      a second signal kills\n\n"
	"Exit status: 0 stopped by a signal, 1 could not start, 2 wrong usage.\n";

enum { LISTEN, ADMIN, SERVERS, THREADS, CHECK, GRACE, HELP };
static const char *options[] = {
	"127.0.0.1:8080", "rdv-proxy.sock", NULL, "4", "1000", "30", NULL};
static const struct option names[] = {
	{"listen", 1, NULL, 0},  {"admin", 1, NULL, 0},
	{"servers", 1, NULL, 0}, {"threads", 1, NULL, 0},
	{"check", 1, NULL, 0},   {"grace", 1, NULL, 0},
	{"help", 0, NULL, 0},    {0},
};

struct proxy proxy;
static struct thread *const self = proxy.threads; /* the main thread */
static int64_t period, grace;

int64_t now_ns(void)
{
	struct timespec ts;

	clock_gettime(CLOCK_MONOTONIC, &ts);
	return ts.tv_sec * SECOND + ts.tv_nsec;
}

static int ms_until(int64_t when)
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

/* Of files or the like: who waits to be accepted is not lost. */
void pause_listener(struct thread *t)
{
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

/*
 * Told to stop.  A listener that is closed resets whoever has shaken hands and was not
 * accepted.  So first of all none shakes hands any more, then each worker accepts who is
 * left, see listener_drain().
 */
static void signal_ready(struct thread *t, struct source *s)
{
	static struct sock_filter no_syn[] = {
		BPF_STMT(BPF_LD | BPF_B | BPF_ABS, 13), /* the flags of TCP */
		BPF_JUMP(BPF_JMP | BPF_JSET | BPF_K, 0x02, 0, 1),
		BPF_STMT(BPF_RET | BPF_K, 0),
		BPF_STMT(BPF_RET | BPF_K, UINT32_MAX),
	};
	struct sock_fprog filter = {4, no_syn};
	struct signalfd_siginfo info;

	if (read(s->fd, &info, sizeof(info)) != sizeof(info))
		return;
	for (unsigned i = 1; i < proxy.n_threads; i++)
		setsockopt(t[i].listener.fd, SOL_SOCKET, SO_ATTACH_FILTER, &filter,
			   sizeof(filter));
	rdv_sync_want(t->rdv);
	rdv_sync_enter(t->rdv);
	proxy.deadline = now_ns() + grace;
	proxy.stopping = true;
	rdv_sync_exit(t->rdv);
}

/* ------------------------------------------------------------------------- threads */

/* Waits for events and handles them; the main thread one, which may close any source. */
static void serve(struct thread *t, int ms)
{
	struct epoll_event ev[BATCH];
	int n;

	if (t->paused && (ms < 0 || ms > PAUSE_MS))
		ms = PAUSE_MS;
	guard_harmless_now(t->rdv);
	n = epoll_wait(t->epfd, ev, t == self ? 1 : BATCH, ms);
	guard_harmless_end(t->rdv);

	if (t->paused && t->listener.fd >= 0)
		watch(t, &t->listener, EPOLLIN);
	t->paused = false;
	for (int i = 0; i < n; i++) {
		struct source *s = ev[i].data.ptr;

		if (s->fd >= 0)
			s->ready(t, s);
	}
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
	guard_thread_begin();
	while (!finished(t)) {
		serve(t, proxy.stopping ? ms_until(proxy.deadline) : -1);
		if (rdv_sync_pending(proxy.domain)) { /* by the main thread, always */
			rdv_sync_enter(t->rdv);
			rdv_sync_exit(t->rdv);
		}
	}
	conns_close(t);
	guard_thread_end();
	rdv_thread_unregister(t->rdv);
	return NULL;
}

/* --------------------------------------------------------------------------- start */

/* Each worker has a listener.  The first one fails if another program has the address. */
static void listen_on(struct thread *t, struct sockaddr_in *addr)
{
	int fd = new_socket(), on = 1, level = SOL_SOCKET, shared = t > self + 1;
	socklen_t len = sizeof(*addr);

	t->listener = (struct source){fd, 0, listener_ready};
	if (fd < 0 || setsockopt(fd, level, SO_REUSEADDR, &on, sizeof(on)) ||
	    setsockopt(fd, level, SO_REUSEPORT, &shared, sizeof(shared)) ||
	    bind(fd, (struct sockaddr *)addr, len) ||
	    setsockopt(fd, level, SO_REUSEPORT, &on, sizeof(on)) ||
	    listen(fd, SOMAXCONN) || getsockname(fd, (struct sockaddr *)addr, &len))
		err(1, "cannot listen on %s", options[LISTEN]);
}

static void set_up_domain(void)
{
	rdv_domain_attr attr = RDV_DOMAIN_ATTR_INIT;
	int ret;

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
		t->sync = (struct source){rdv_sync_fd(proxy.domain), 0, sync_ready};
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

static void read_options(int argc, char **argv, struct sockaddr_in *addr)
{
	int c, i;

	while ((c = getopt_long(argc, argv, "", names, &i)) == 0) {
		options[i] = optarg;
		if (i == HELP)
			exit(fputs(usage, stdout) == EOF || fflush(stdout));
	}
	if (c != -1)
		exit(2);
	if (optind < argc)
		errx(2, "expected options, found \"%s\"", argv[optind]);
	if (!parse_addr(options[LISTEN], addr))
		errx(2,
		     "--listen: expected ADDR:PORT such as 127.0.0.1:8080, found \"%s\"",
		     options[LISTEN]);
	proxy.n_threads = 1 + number(THREADS, MAX_WORKERS);
	period = number(CHECK, 1000000) * (SECOND / 1000);
	grace = number(GRACE, 1000000) * SECOND;
}

int main(int argc, char **argv)
{
	struct sockaddr_in addr = {0};
	const char *error;
	sigset_t set;
	int64_t check;

	read_options(argc, argv, &addr);
	sigemptyset(&set);
	sigaddset(&set, SIGINT);
	sigaddset(&set, SIGTERM);
	pthread_sigmask(SIG_BLOCK, &set, NULL);
	signal(SIGPIPE, SIG_IGN);
	set_up_domain();
	error = options[SERVERS] ? servers_load(options[SERVERS]) : NULL;
	if (error)
		errx(1, "%s", error);
	for (unsigned i = 1; i < proxy.n_threads; i++)
		listen_on(&self[i], &addr);
	if (!admin_listen(options[ADMIN]))
		err(1, "cannot listen on %s", options[ADMIN]);
	start(signalfd(-1, &set, SFD_NONBLOCK | SFD_CLOEXEC));
	printf("listening on %s:%u\n", inet_ntoa(addr.sin_addr), ntohs(addr.sin_port));
	fflush(stdout);

	guard_thread_begin();
	for (check = now_ns(); !proxy.stopping;) {
		serve(self, ms_until(check));
		if (now_ns() >= check) {
			servers_check();
			check = now_ns() + period;
		}
	}
	guard_thread_end();
	rdv_thread_unregister(self->rdv);
	unlink(options[ADMIN]);
	pthread_sigmask(SIG_UNBLOCK, &set, NULL);
	for (unsigned i = 1; i < proxy.n_threads; i++)
		pthread_join(self[i].pthread, NULL);
	servers_free(proxy.servers);
	rdv_domain_destroy(proxy.domain);
	return 0;
}
