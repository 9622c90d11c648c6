/* SPDX-License-Identifier: MIT */
/* echo-server - the threads and their connections; echo-server.h has the rules. */
#define _GNU_SOURCE
#include "echo-server.h"
#include <errno.h>
#include <getopt.h>
#include <netinet/tcp.h>
#include <rdv/sync.h>
#include <signal.h>
#include <stdlib.h>
#include <string.h>
#include <sys/epoll.h>
#include <sys/signalfd.h>
#include <sys/socket.h>
#include <sys/timerfd.h>
#include <unistd.h>

#define DRAIN_MS 5000 /* how long a stopping server waits for those who do not read */
#define PAUSE_MS 100  /* how long a thread accepts nobody when files have run out */

struct server server;

static void fatal(const char *what, int err)
{
	fprintf(stderr, "echo-server: cannot %s: %s\n", what, strerror(err));
	exit(1);
}

int64_t now_ms(void)
{
	struct timespec ts;

	clock_gettime(CLOCK_MONOTONIC, &ts);
	return ts.tv_sec * INT64_C(1000) + ts.tv_nsec / 1000000;
}

/* ------------------------------------------------------------------- connections */

int watch(struct thread *t, struct source *s, uint32_t events)
{
	struct epoll_event ev = {.events = events, .data.ptr = s};
	int op = s->events ? EPOLL_CTL_MOD : EPOLL_CTL_ADD;

	if (s->events == events)
		return 0;
	s->events = events;
	return epoll_ctl(t->epfd, op, s->fd, &ev);
}

/* By the owner, or by an isolated thread. */
void conn_close(struct conn *c)
{
	struct thread *t = c->owner;

	close(c->src.fd); /* which takes it out of the epoll instance */
	c->src.fd = -1;
	*c->link = c->next;
	if (c->next)
		c->next->link = c->link;
	t->n_conns--;
	c->next = t->dead;
	t->dead = c;
}

/* By the owner, with no event left in its hands. */
static void bury_the_dead(struct thread *t)
{
	struct conn *c;

	while ((c = t->dead) != NULL) {
		t->dead = c->next;
		free(c->reply);
		free(c);
	}
}

/* Echoes some, in turn with the other connections. */
static void echo_ready(struct thread *t, struct source *s)
{
	struct conn *c = (struct conn *)s;
	ssize_t n = 1;

	for (int turns = 0; turns < 16 && n > 0; turns++) {
		if (c->len) {
			n = send(s->fd, c->buf + c->off, c->len, MSG_NOSIGNAL);
			if (n > 0) {
				c->off += (size_t)n;
				c->len -= (size_t)n;
				c->out += (size_t)n;
				t->out += (size_t)n;
			}
		} else {
			n = recv(s->fd, c->buf, sizeof(c->buf), 0);
			if (n > 0) {
				c->off = 0;
				c->len = (size_t)n;
				c->in += (size_t)n;
				t->in += (size_t)n;
			}
		}
	}
	if (n == 0 || (n < 0 && errno != EAGAIN && errno != EINTR))
		conn_close(c);
	else if (watch(t, s, c->len ? EPOLLOUT : EPOLLIN))
		conn_close(c);
}

static void conn_open(struct thread *t, int fd, const struct sockaddr_in *peer)
{
	struct conn *c = calloc(1, sizeof(*c));

	if (!c) {
		close(fd);
		return;
	}
	c->src.fd = fd;
	c->src.ready = t == server.threads ? admin_ready : echo_ready;
	c->owner = t;
	c->peer = *peer;
	c->since = now_ms();
	c->id = t->serial++ * server.n_threads + (uint64_t)(t - server.threads);
	c->link = &t->conns;
	c->next = t->conns;
	t->conns = c;
	if (c->next)
		c->next->link = &c->next;
	t->n_conns++;
	t->accepted++;
	if (watch(t, &c->src, EPOLLIN))
		conn_close(c);
}

static void listener_ready(struct thread *t, struct source *s)
{
	struct sockaddr_in peer;
	socklen_t len = sizeof(peer);
	int fd;

	while ((fd = accept4(s->fd, (struct sockaddr *)&peer, &len,
			     SOCK_NONBLOCK | SOCK_CLOEXEC)) >= 0)
		conn_open(t, fd, &peer);
	if (errno == EMFILE || errno == ENFILE || errno == ENOBUFS || errno == ENOMEM) {
		t->paused = true;
		epoll_ctl(t->epfd, EPOLL_CTL_DEL, s->fd, NULL);
		s->events = 0;
	}
}

/* -------------------------------------------------------------- the sync-point */

/* From here on the thread answers what has arrived, and nothing else. */
static void drain(struct thread *t)
{
	listener_ready(t, &t->listener);
	close(t->listener.fd);
	t->listener.fd = -1;
	for (struct conn *c = t->conns; c; c = c->next)
		shutdown(c->src.fd, SHUT_RD); /* end of file after the last byte */
}

/*
 * Every thread comes, and brings along what only itself can find out.  The one that
 * wanted the sync-point runs its request while the others wait.
 */
void meet(struct thread *self, request_fn *request, FILE *out)
{
	getrusage(RUSAGE_THREAD, &self->usage);
	rdv_sync_enter(self->rdv);
	if (rdv_sync_wanted(self->rdv) && request)
		request(out);
	rdv_sync_exit(self->rdv);
}

static void sync_ready(struct thread *t, struct source *s)
{
	(void)s;
	if (rdv_sync_pending(server.domain))
		meet(t, NULL, NULL);
}

/* A request: everybody is awake, and sees it before the next epoll_wait(). */
void stop(FILE *out)
{
	if (!server.stopping)
		server.deadline = now_ms() + DRAIN_MS;
	server.stopping = true;
	if (out)
		fprintf(out, "stopping\n");
}

static void signal_ready(struct thread *t, struct source *s)
{
	struct signalfd_siginfo info;

	if (read(s->fd, &info, sizeof(info)) != sizeof(info))
		return;
	rdv_sync_want(t->rdv);
	meet(t, stop, NULL);
}

/* ------------------------------------------------------------------ for rdv-top */

static void tick_ready(struct thread *t, struct source *s)
{
	uint64_t ticks;

	(void)t;
	if (read(s->fd, &ticks, sizeof(ticks)) == sizeof(ticks))
		rdv_export_update(server.export);
}

/* The admin thread writes the statistics to the file, each second. */
static void export_to(const char *path)
{
	static struct source tick = {.ready = tick_ready};
	const struct itimerspec second = {{1, 0}, {1, 0}};
	int err = rdv_export_open(server.domain, path, &server.export);

	if (err)
		fatal(path, -err);
	tick.fd = timerfd_create(CLOCK_MONOTONIC, TFD_NONBLOCK | TFD_CLOEXEC);
	if (tick.fd < 0 || timerfd_settime(tick.fd, 0, &second, NULL) ||
	    watch(&server.threads[0], &tick, EPOLLIN))
		fatal("have a timer", errno);
}

/* -------------------------------------------------------------------- threads */

static int patience(const struct thread *t)
{
	int64_t left = server.deadline - now_ms();

	if (server.stopping)
		return left > 0 ? (int)left : 0;
	return t->paused ? PAUSE_MS : -1;
}

static void loop(struct thread *t)
{
	struct epoll_event ev[64];
	int n, ms;

	for (;;) {
		if (server.stopping && t->listener.fd >= 0)
			drain(t);
		ms = patience(t);
		if (server.stopping && (ms == 0 || !t->conns))
			break;

		rdv_harmless_now(t->rdv);
		n = epoll_wait(t->epfd, ev, 64, ms);
		rdv_harmless_end(t->rdv);

		if (t->paused && !server.stopping) {
			t->paused = false;
			watch(t, &t->listener, EPOLLIN);
		}
		for (int i = 0; i < n; i++) {
			struct source *s = ev[i].data.ptr;

			if (s->fd >= 0)
				s->ready(t, s);
		}
		bury_the_dead(t);
	}
	while (t->conns)
		conn_close(t->conns);
	bury_the_dead(t);
}

static void *worker(void *arg)
{
	struct thread *t = arg;
	int err = rdv_thread_register(server.domain, t->name, &t->rdv);

	if (err)
		fatal("register a thread", -err);
	getrusage(RUSAGE_THREAD, &t->previous);
	loop(t);
	rdv_thread_unregister(t->rdv);
	return NULL;
}

static int listen_on(uint16_t *port, bool shared)
{
	struct sockaddr_in addr = {.sin_family = AF_INET,
				   .sin_port = htons(*port),
				   .sin_addr.s_addr = htonl(INADDR_LOOPBACK)};
	int fd = socket(AF_INET, SOCK_STREAM | SOCK_NONBLOCK | SOCK_CLOEXEC, 0), on = 1;
	socklen_t len = sizeof(addr);
	char what[64];

	snprintf(what, sizeof(what), "listen on 127.0.0.1 port %u", *port);
	if (fd < 0 || setsockopt(fd, SOL_SOCKET, SO_REUSEADDR, &on, sizeof(on)) ||
	    (shared && setsockopt(fd, SOL_SOCKET, SO_REUSEPORT, &on, sizeof(on))) ||
	    setsockopt(fd, IPPROTO_TCP, TCP_NODELAY, &on, sizeof(on)) ||
	    bind(fd, (struct sockaddr *)&addr, sizeof(addr)) || listen(fd, SOMAXCONN) ||
	    getsockname(fd, (struct sockaddr *)&addr, &len))
		fatal(what, errno);
	*port = ntohs(addr.sin_port);
	return fd;
}

static void thread_init(unsigned i, uint16_t *port)
{
	struct thread *t = &server.threads[i];

	snprintf(t->name, sizeof(t->name), i ? "worker-%u" : "admin", i);
	t->epfd = epoll_create1(EPOLL_CLOEXEC);
	if (t->epfd < 0)
		fatal("create an epoll instance", errno);
	t->listener = (struct source){listen_on(port, i > 0), 0, listener_ready};
	t->sync = (struct source){rdv_sync_fd(server.domain), 0, sync_ready};
	if (watch(t, &t->listener, EPOLLIN) || watch(t, &t->sync, EPOLLIN))
		fatal("watch a file", errno);
}

/* ----------------------------------------------------------------------- main */

static unsigned number(const char *option, const char *text, unsigned min, unsigned max)
{
	char *end;
	unsigned long n = strtoul(text, &end, 10);

	if (*text >= '0' && *text <= '9' && !*end && n >= min && n <= max)
		return (unsigned)n;
	fprintf(stderr,
		"echo-server: --%s: expected a number from %u to %u, found \"%s\"\n",
		option, min, max, text);
	exit(2);
}

static const char usage[] =
	"usage: echo-server [--port N] [--admin-port N] [--threads N] [--export FILE]\n"
	"Echoes on port 7777 of 127.0.0.1, with 4 worker threads, and takes commands\n"
	"(such as help) on port 7778.  A port of 0 is a free one.  FILE is for "
	"rdv-top.\n";

static const char *export_path;

static void options(int argc, char **argv, uint16_t ports[2])
{
	static const struct option longopts[] = {
		{"port", required_argument, NULL, 'p'},
		{"admin-port", required_argument, NULL, 'a'},
		{"threads", required_argument, NULL, 't'},
		{"export", required_argument, NULL, 'e'},
		{"help", no_argument, NULL, 'h'},
		{NULL, 0, NULL, 0},
	};
	int c;

	while ((c = getopt_long(argc, argv, "", longopts, NULL)) != -1) {
		if (c == 'p') {
			ports[1] = (uint16_t)number("port", optarg, 0, 65535);
		} else if (c == 'a') {
			ports[0] = (uint16_t)number("admin-port", optarg, 0, 65535);
		} else if (c == 't') {
			server.n_threads = 1 + number("threads", optarg, 1, MAX_WORKERS);
		} else if (c == 'e') {
			export_path = optarg;
		} else if (c == 'h') {
			fputs(usage, stdout);
			exit(0);
		} else {
			exit(2);
		}
	}
	if (optind < argc) {
		fprintf(stderr, "echo-server: expected options, found \"%s\"\n",
			argv[optind]);
		exit(2);
	}
}

static void start(uint16_t ports[2])
{
	rdv_domain_attr attr = RDV_DOMAIN_ATTR_INIT;
	int err;

	attr.name = "echo";
	attr.max_threads = server.n_threads;
	err = rdv_domain_create(&server.domain, &attr);
	if (err)
		fatal("create a domain", -err);
	err = rdv_sync_enable(server.domain);
	if (err < 0)
		fatal("enable the sync-point", -err);
	for (unsigned i = 0; i < server.n_threads; i++)
		thread_init(i, &ports[i > 0]);
	err = rdv_thread_register(server.domain, "admin", &server.threads[0].rdv);
	if (err)
		fatal("register a thread", -err);
	server.period = now_ms();
	for (unsigned i = 1; i < server.n_threads; i++) {
		struct thread *t = &server.threads[i];

		err = pthread_create(&t->pthread, NULL, worker, t);
		if (err)
			fatal("start a thread", err);
	}
}

int main(int argc, char **argv)
{
	struct source sig = {.ready = signal_ready};
	uint16_t ports[2] = {7778, 7777};
	struct rlimit files;
	sigset_t set;

	server.n_threads = 1 + 4;
	options(argc, argv, ports);
	if (!getrlimit(RLIMIT_NOFILE, &files)) {
		files.rlim_cur = files.rlim_max;
		setrlimit(RLIMIT_NOFILE, &files);
	}
	sigemptyset(&set);
	sigaddset(&set, SIGINT);
	sigaddset(&set, SIGTERM);
	pthread_sigmask(SIG_BLOCK, &set, NULL);
	sig.fd = signalfd(-1, &set, SFD_NONBLOCK | SFD_CLOEXEC);
	start(ports);
	if (sig.fd < 0 || watch(&server.threads[0], &sig, EPOLLIN))
		fatal("watch for signals", errno);
	if (export_path)
		export_to(export_path);
	printf("echo port %u\nadmin port %u\n", ports[1], ports[0]);
	fflush(stdout);

	loop(&server.threads[0]);
	rdv_thread_unregister(server.threads[0].rdv);
	for (unsigned i = 1; i < server.n_threads; i++)
		pthread_join(server.threads[i].pthread, NULL);
	if (server.export)
		rdv_export_close(server.export);
	rdv_domain_destroy(server.domain);
	return 0;
}
