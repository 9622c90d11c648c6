/* SPDX-License-Identifier: MIT */
/*
 * What rdv-proxy is told, by one thread and without sockets.  An input is a server file, and
 * then commands, with a byte of 0 before each.  Each command has to be answered by printable
 * lines, and the list of servers has to be in order whatever was asked.
 *
 *	inputs               the seeds, and so many changed ones: the same in each run
 *	inputs FILE...       the inputs in these files
 *	inputs --seeds DIR   writes the seeds there
 *
 * fuzz.sh has clang's libFuzzer invent inputs, which brings a main() of its own.
 */
#define main proxy_main
int main(int argc, char **argv);
#include "main.c"
#undef main
#include "admin.c"
#include <poll.h>
#include <semaphore.h>
#include <sys/mman.h>

enum { ROUNDS = 20000, MAX_INPUT = 4096 };

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size);

static struct conn conn; /* of the only worker, which comes to each sync-point */

/* The file has no name.  A command may tell to load it again, so it has a fixed number. */
#define FILE_FD   100
#define FILE_PATH "/proc/self/fd/100"

__attribute__((format(printf, 1, 2), noreturn)) static void die(const char *format, ...)
{
	va_list args;

	va_start(args, format);
	vfprintf(stderr, format, args);
	va_end(args);
	abort();
}

static sem_t registered;

static void *idle_worker(void *arg)
{
	struct thread *t = arg;
	struct pollfd sync = {.fd = rdv_sync_fd(proxy.domain), .events = POLLIN};

	if (rdv_thread_register(proxy.domain, NULL, &t->rdv))
		die("cannot register a thread");
	proxy.by_id[rdv_thread_id(t->rdv)] = t;
	sem_post(&registered);
	for (;;) {
		rdv_harmless_now(t->rdv);
		poll(&sync, 1, -1);
		rdv_harmless_end(t->rdv);
		if (rdv_sync_pending(proxy.domain)) {
			rdv_sync_enter(t->rdv);
			rdv_sync_exit(t->rdv);
		}
	}
}

static void set_up(void)
{
	static bool done;
	struct thread *t = &proxy.threads[1];

	if (done)
		return;
	done = true;
	signal(SIGPIPE, SIG_IGN);
	proxy.n_threads = 2;
	t->open = 1;
	LIST_INSERT_HEAD(&t->conns, &conn, link);
	if (!addr_parse(options[LISTEN], &proxy.listen) ||
	    !addr_parse("[::1]:1", &conn.peer))
		die("an address is not taken");
	set_up_domain();
	if (sem_init(&registered, 0, 0) ||
	    pthread_create(&t->pthread, NULL, idle_worker, t))
		die("cannot start a thread");
	while (sem_wait(&registered))
		;
	if (dup2(memfd_create("servers", 0), FILE_FD) < 0)
		die("no memory file");
}

static void check_server(const struct server *s)
{
	char text[ADDR_TEXT];
	union addr addr;

	if (!*s->name || strpbrk(s->name, " \t\n"))
		die("not a name: \"%s\"", s->name);
	addr_text(&s->addr, text);
	if (!s->addr.v4.sin_port || !addr_parse(text, &addr) ||
	    !addr_same(&s->addr, &addr))
		die("not the address of %s: %s", s->name, text);
	for (const struct server *other = s->next; other; other = other->next)
		if (!strcmp(s->name, other->name))
			die("%s is there twice", s->name);
}

/* The connection uses whatever server it has, and is without one now and then. */
static void check_list(void)
{
	const struct server *s = proxy.servers;

	for (; s; s = s->next)
		check_server(s);
	for (s = proxy.servers; s && s != conn.server; s = s->next)
		;
	if (s != conn.server && !conn.server->gone)
		die("a connection has a server that is neither in the list nor deleted");
	if (conn.server)
		server_leave(&conn, conn.turn % 3);
	else
		server_pick(&conn);
}

static void check_lines(const char *line, const char *text, size_t len)
{
	if (!len || text[len - 1] != '\n')
		die("%s: expected lines, found \"%s\"", line, text);
	for (size_t i = 0; i < len; i++)
		if (text[i] != '\n' && !isprint((unsigned char)text[i]))
			die("%s: byte %u in the answer", line, (unsigned char)text[i]);
	if (!strncmp(text, "error: ", 7) && strchr(text, '\n') != text + len - 1)
		die("%s: expected one line, found \"%s\"", line, text);
}

static void one_command(const uint8_t *data, size_t size)
{
	char line[sizeof(clients->in)], *reply;
	size_t len = size < sizeof(line) ? size : sizeof(line) - 1, reply_len;
	FILE *out = open_memstream(&reply, &reply_len);

	if (!out)
		die("out of memory");
	memcpy(line, data, len);
	answer(out, line, len);
	if (fclose(out))
		die("out of memory");
	check_lines(line, reply, reply_len);
	free(reply);
}

static void one_file(const uint8_t *data, size_t size)
{
	if (ftruncate(FILE_FD, 0) || pwrite(FILE_FD, data, size, 0) != (ssize_t)size)
		die("cannot write the file");
	one_command((const uint8_t *)"reload " FILE_PATH, strlen("reload " FILE_PATH));
}

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size)
{
	const uint8_t *end = data + size, *next = size ? memchr(data, 0, size) : NULL;

	set_up();
	one_file(data, (size_t)((next ? next : end) - data));
	check_list();
	while (next) {
		data = next + 1;
		next = memchr(data, 0, (size_t)(end - data));
		one_command(data, (size_t)((next ? next : end) - data));
		check_list();
	}
	server_leave(&conn, false);
	rdv_synchronize(self->rdv); /* which frees what was deleted */
	servers_free(proxy.servers);
	proxy.servers = NULL;
	proxy.leastconn = false;
	return 0;
}

#ifndef LIBFUZZER

#define SEED(text)                     \
	{                              \
		text, sizeof(text) - 1 \
	}
static const struct seed {
	const char *text;
	size_t len;
} seeds[] = {
	SEED("a 127.0.0.1:1\nb [::1]:2 # two\n\n# none\nc 10.0.0.1:65535\n"
	     "\0show servers\n\0del server b\n\0show conns\n\0add server b "
	     "127.0.0.2:80\n"),
	SEED("a 127.0.0.1:1\r\n\tb\t[fe80::1%lo]:2\r\nlast [::ffff:1.2.3.4]:3"
	     "\0set algorithm leastconn\0sync\0show isolation\0set algorithm rr\0help"),
	SEED("a 127.0.0.1:1\nb 127.0.0.1:2\n\0del server a\n\0reload " FILE_PATH
	     "\n\0show servers"),
	SEED("a 127.0.0.1:1\na 127.0.0.1:1\n\0reload /dev/null\0reload none\0reload /\n"),
	SEED("1234567890123456789012345678901 1.1.1.1:1\n"
	     "12345678901234567890123456789012 1.1.1.1:1\n"
	     "\0add server 1234567890123456789012345678901 [::1]:1\n"),
	SEED("a 127.0.0.1:8080\n\0add server a 0.0.0.0:8080\0add server b [::]:8080\n"),
	SEED("a localhost:1\n\0add server a 127.0.0.1:65536\0add server a [::1%1]:1 "
	     "more\n"),
	SEED("a\n\0show\0show servers all\0del server\0help me\0set algorithm any\0\n"),
	SEED("a 1.1.1.1:1 b\n\0show servers\nshow conns\n\0\r\n \0shout\033[31m\n"),
};
#define N_SEEDS (sizeof(seeds) / sizeof(seeds[0]))

static unsigned below(unsigned n)
{
	static uint64_t seed = 1;

	seed = seed * 6364136223846793005u + 1442695040888963407u;
	return (unsigned)((seed >> 33) % n);
}

/* Puts a part of a seed in the place of some bytes, which may be none. */
static size_t graft(uint8_t *text, size_t len)
{
	const struct seed *s = &seeds[below(N_SEEDS)];
	size_t at = below((unsigned)len + 1), from = below((unsigned)s->len);
	size_t out = below((unsigned)(len - at) + 1),
	       in = 1 + below((unsigned)(s->len - from));

	out = below(2) ? 0 : out;
	in = below(4) ? in : 0;
	if (len - out + in > MAX_INPUT)
		return len;
	memmove(text + at + in, text + at + out, len - at - out);
	memcpy(text + at, s->text + from, in);
	return len - out + in;
}

static void changed_seed(void)
{
	const struct seed *s = &seeds[below(N_SEEDS)];
	static uint8_t text[MAX_INPUT];
	size_t len = s->len;

	memcpy(text, s->text, len);
	for (unsigned n = 1 + below(8); n; n--) {
		len = graft(text, len);
		if (len && below(2))
			text[below((unsigned)len)] = (uint8_t)below(256);
	}
	LLVMFuzzerTestOneInput(text, len);
}

static void write_seeds(const char *dir)
{
	char path[256];
	FILE *f;

	for (unsigned i = 0; i < N_SEEDS; i++) {
		snprintf(path, sizeof(path), "%s/%u", dir, i);
		f = fopen(path, "w");
		if (!f || fwrite(seeds[i].text, 1, seeds[i].len, f) != seeds[i].len ||
		    fclose(f))
			err(1, "cannot write %s", path);
	}
}

static void run_file(const char *path)
{
	static uint8_t text[1 << 20];
	FILE *f = fopen(path, "r");

	if (!f)
		err(1, "cannot read %s", path);
	LLVMFuzzerTestOneInput(text, fread(text, 1, sizeof(text), f));
	fclose(f);
}

int main(int argc, char **argv)
{
	if (argc == 3 && !strcmp(argv[1], "--seeds")) {
		write_seeds(argv[2]);
		return 0;
	}
	for (int i = 1; i < argc; i++)
		run_file(argv[i]);
	if (argc > 1)
		return 0;
	puts("1..1");
	for (const struct seed *s = seeds; s < seeds + N_SEEDS; s++)
		LLVMFuzzerTestOneInput((const uint8_t *)s->text, s->len);
	for (unsigned i = 0; i < ROUNDS; i++)
		changed_seed();
	puts("ok 1 - seeds, and changed seeds");
	return 0;
}

#endif
