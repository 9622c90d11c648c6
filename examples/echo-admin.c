/* SPDX-License-Identifier: MIT */
/* echo-server - the admin port: the work that happens once in a while. */
#define _GNU_SOURCE
#include "echo-server.h"
#include <arpa/inet.h>
#include <errno.h>
#include <inttypes.h>
#include <rdv/stats.h>
#include <rdv/sync.h>
#include <stdlib.h>
#include <string.h>
#include <sys/epoll.h>
#include <sys/socket.h>

/* -------------------------------------------------------------------- isolated */

static void show_conns(struct thread *self, FILE *out, const char *arg)
{
	uint64_t n = 0;
	int64_t now;

	(void)arg;
	fprintf(out, "%-10s %8s %5s %-21s %12s %12s %6s %10s\n", "thread", "id", "fd",
		"peer", "in", "out", "queued", "age_s");
	rdv_isolate(self->rdv);
	now = now_ms();
	for (unsigned i = 1; i < server.n_threads; i++) {
		struct thread *t = &server.threads[i];

		for (struct conn *c = t->conns; c; c = c->next, n++)
			fprintf(out,
				"%-10s %8" PRIu64 " %5d %15s:%-5u %12" PRIu64
				" %12" PRIu64 " %6zu %10.3f\n",
				t->name, c->id, c->src.fd, inet_ntoa(c->peer.sin_addr),
				ntohs(c->peer.sin_port), c->in, c->out, c->len,
				(double)(now - c->since) / 1e3);
	}
	rdv_release(self->rdv);
	fprintf(out, "%" PRIu64 " connections\n", n);
}

static void show_threads(struct thread *self, FILE *out, const char *arg)
{
	(void)arg;
	fprintf(out, "%-10s %8s %12s %12s %8s\n", "thread", "accepted", "in", "out",
		"conns");
	rdv_isolate(self->rdv);
	for (unsigned i = 0; i < server.n_threads; i++) {
		struct thread *t = &server.threads[i];

		fprintf(out,
			"%-10s %8" PRIu64 " %12" PRIu64 " %12" PRIu64 " %8" PRIu64 "\n",
			t->name, t->accepted, t->in, t->out, t->n_conns);
	}
	rdv_release(self->rdv);
}

static void kill_conn(struct thread *self, FILE *out, const char *arg)
{
	struct conn *c = NULL;
	uint64_t id;
	char *end;

	id = strtoull(arg, &end, 10);
	if (*arg < '0' || *arg > '9' || *end) {
		fprintf(out,
			"error: kill: expected an id as in show conns, found \"%.60s\"\n",
			arg);
		return;
	}
	rdv_isolate(self->rdv);
	for (unsigned i = 1; i < server.n_threads && !c; i++)
		for (c = server.threads[i].conns; c && c->id != id;)
			c = c->next;
	if (c)
		conn_close(c);
	rdv_release(self->rdv);
	if (c)
		fprintf(out, "killed %s\n", arg);
	else
		fprintf(out, "error: kill: no connection has the id %.60s\n", arg);
}

/* ----------------------------------------------------- what the library has seen */

static void show_times(FILE *out, const char *what, const struct rdv_histogram *h)
{
	fprintf(out, "%-13s %10" PRIu64 " %10.3f %10.3f %10.3f %10.3f\n", what,
		rdv_histogram_count(h), (double)rdv_histogram_percentile(h, 50) / 1e3,
		(double)rdv_histogram_percentile(h, 90) / 1e3,
		(double)rdv_histogram_percentile(h, 99) / 1e3,
		(double)rdv_histogram_percentile(h, 100) / 1e3);
}

static void show_rdv(struct thread *self, FILE *out, const char *arg)
{
	struct rdv_stats s;

	(void)self, (void)arg;
	rdv_domain_stats(server.domain, &s, sizeof(s));
	fprintf(out, "%-13s %10s %10s %10s %10s %10s\n", "us", "count", "p50", "p90",
		"p99", "max");
	show_times(out, "to isolation", &s.to_isolation);
	show_times(out, "isolated", &s.isolated);
	show_times(out, "held", &s.held);
	show_times(out, "to release", &s.to_release);
	fprintf(out,
		"%" PRIu64 " isolations in %" PRIu64 " rounds, %" PRIu64
		" futex waits, %" PRIu64 " wakes\n",
		s.isolations, s.rounds, s.futex_waits, s.futex_wakes);
	if (s.worst_delay.id >= 0)
		fprintf(out, "waited for %s last, and longest for %s: %.3f us\n",
			s.last_delay.name, s.worst_delay.name,
			(double)s.worst_delay.ns / 1e3);
}

/* Of the domain, also when it is stuck: so neither this isolates. */
static void show_state(struct thread *self, FILE *out, const char *arg)
{
	char buf[4096];
	FILE *tmp = tmpfile();
	size_t n;

	(void)self, (void)arg;
	if (!tmp || rdv_domain_dump(server.domain, fileno(tmp))) {
		fprintf(out, "error: show state: cannot write a file\n");
	} else {
		rewind(tmp);
		while ((n = fread(buf, 1, sizeof(buf), tmp)))
			fwrite(buf, 1, n, out);
	}
	if (tmp)
		fclose(tmp);
}

/* ----------------------------------------------------------- at the sync-point */

static double cpu_ms(const struct rusage *u)
{
	return (double)(u->ru_utime.tv_sec + u->ru_stime.tv_sec) * 1e3 +
	       (double)(u->ru_utime.tv_usec + u->ru_stime.tv_usec) / 1e3;
}

/* Every byte belongs to one period, and each thread has measured itself. */
static void end_period(FILE *out)
{
	int64_t now = now_ms();

	fprintf(out, "%-10s %8s %12s %12s %10s %8s\n", "thread", "accepted", "in", "out",
		"cpu_ms", "sleeps");
	for (unsigned i = 0; i < server.n_threads; i++) {
		struct thread *t = &server.threads[i];

		fprintf(out,
			"%-10s %8" PRIu64 " %12" PRIu64 " %12" PRIu64 " %10.3f %8ld\n",
			t->name, t->accepted, t->in, t->out,
			cpu_ms(&t->usage) - cpu_ms(&t->previous),
			t->usage.ru_nvcsw - t->previous.ru_nvcsw);
		t->previous = t->usage;
		t->accepted = t->in = t->out = 0;
	}
	fprintf(out, "a period of %.3f s\n", (double)(now - server.period) / 1e3);
	server.period = now;
}

static void rotate(struct thread *self, FILE *out, const char *arg)
{
	(void)arg;
	rdv_sync_want(self->rdv);
	meet(self, end_period, out);
}

static void shut_down(struct thread *self, FILE *out, const char *arg)
{
	(void)arg;
	rdv_sync_want(self->rdv);
	meet(self, stop, out);
}

/* -------------------------------------------------------------------- commands */

static void help(struct thread *self, FILE *out, const char *arg);

static const struct command {
	const char *name, *arg, *what;
	void (*run)(struct thread *self, FILE *out, const char *arg);
} commands[] = {
	{"show conns", "", "every connection of every thread", show_conns},
	{"show threads", "", "what each thread has and has done", show_threads},
	{"show rdv", "", "the rendez-vous: how often, how long", show_rdv},
	{"show state", "", "the rendez-vous: who is where", show_state},
	{"kill", "ID", "close a connection", kill_conn},
	{"rotate", "", "report this period and begin the next one", rotate},
	{"shutdown", "", "answer what has arrived, then exit", shut_down},
	{"help", "", "this list", help},
};

#define N_COMMANDS (sizeof(commands) / sizeof(commands[0]))

static void help(struct thread *self, FILE *out, const char *arg)
{
	(void)self, (void)arg;
	for (size_t i = 0; i < N_COMMANDS; i++)
		fprintf(out, "%-12s %-2s  %s\n", commands[i].name, commands[i].arg,
			commands[i].what);
}

static void execute(struct thread *self, FILE *out, char *line)
{
	size_t len = strlen(line);

	while (len && strchr(" \t\r", line[len - 1]))
		line[--len] = '\0';
	for (size_t i = 0; i < N_COMMANDS; i++) {
		const struct command *cmd = &commands[i];
		const char *arg = line + strlen(cmd->name);

		if (strncmp(line, cmd->name, strlen(cmd->name)) || (*arg && *arg != ' '))
			continue;
		arg += strspn(arg, " ");
		if (*arg && !*cmd->arg)
			fprintf(out, "error: %s: expected no argument, found \"%.60s\"\n",
				cmd->name, arg);
		else
			cmd->run(self, out, arg);
		return;
	}
	fprintf(out, "error: expected a command (\"help\" lists them), found \"%.60s\"\n",
		line);
}

/* Makes the reply to the first line in buf, if there is one; an empty line ends it. */
static bool next_command(struct thread *self, struct conn *c)
{
	char *end = memchr(c->buf, '\n', c->len);
	FILE *out;

	if (!end && c->len == sizeof(c->buf))
		end = c->buf + c->len - 1;
	if (!end)
		return true;
	out = open_memstream(&c->reply, &c->reply_len);
	if (!out)
		return false;
	*end++ = '\0';
	execute(self, out, c->buf);
	fputc('\n', out);
	if (fclose(out))
		return false;
	c->reply_off = 0;
	c->len -= (size_t)(end - c->buf);
	memmove(c->buf, end, c->len);
	return true;
}

static bool send_reply(struct conn *c)
{
	ssize_t n = send(c->src.fd, c->reply + c->reply_off, c->reply_len - c->reply_off,
			 MSG_NOSIGNAL);

	if (n < 0)
		return errno == EAGAIN || errno == EINTR;
	c->out += (size_t)n;
	c->reply_off += (size_t)n;
	if (c->reply_off == c->reply_len) {
		free(c->reply);
		c->reply = NULL;
	}
	return true;
}

static bool read_commands(struct conn *c)
{
	ssize_t n = recv(c->src.fd, c->buf + c->len, sizeof(c->buf) - c->len, 0);

	if (n < 0)
		return errno == EAGAIN || errno == EINTR;
	c->in += (size_t)n;
	c->len += (size_t)n;
	return n > 0;
}

/* One command at a time: the next one waits until the reply has been sent. */
void admin_ready(struct thread *self, struct source *s)
{
	struct conn *c = (struct conn *)s;
	bool good = c->reply ? send_reply(c) : read_commands(c);

	if (good && !c->reply)
		good = next_command(self, c);
	if (!good || watch(self, s, c->reply ? EPOLLOUT : EPOLLIN))
		conn_close(c);
}
