/* SPDX-License-Identifier: MIT */
/*
 * Feeds the proxy what nobody would: commands and server files made of words that mean
 * something to it, in any order, with bytes changed, left out and repeated.  Each command
 * has to be answered by printable lines, and each file has to be taken or refused; the
 * list of servers has to be in order whatever has happened.
 */
#define _GNU_SOURCE
#include "driver.h"
#include <ctype.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/socket.h>
#include <unistd.h>

enum { MAX_TEXT = 4096 };

static const char *const words[] = {
	"show",
	"servers",
	"conns",
	"isolation",
	"add",
	"server",
	"del",
	"set",
	"reload",
	"sync",
	"help",
	"rr",
	"algorithm",
	"leastconn",
	" ",
	"  ",
	"\t",
	"\n",
	"\r\n",
	"#",
	"# a comment",
	"a",
	"b",
	"c",
	"127.0.0.1",
	"0.0.0.0",
	"[::1]",
	"[::",
	"[fe80::1%lo]",
	"::1",
	":",
	":1",
	":80",
	":0",
	":65535",
	":65536",
	"-1",
	"1x",
	"%s%n",
	"\033[31m",
	"\377\376",
	"\303\244",
	"256.1.1.1:1",
	"a 127.0.0.1:1",
	"b [::1]:2",
	"add server a 127.0.0.1:1",
	"add server b [::1]:2",
	"del server a",
	"1234567890123456789012345678901",
	"12345678901234567890123456789012",
};

/* Appends a word, or what is none. */
static size_t put_word(char *text, size_t len, const char *file)
{
	const char *word = words[below(sizeof(words) / sizeof(words[0]))];
	unsigned kind = below(24), n;

	if (kind == 0)
		word = file;
	if (kind > 1)
		n = (unsigned)snprintf(text + len, MAX_TEXT - len, "%s", word);
	else if (kind == 0)
		n = (unsigned)snprintf(text + len, MAX_TEXT - len, "reload %s", word);
	else
		memset(text + len, (int)below(256), n = below(600));
	len += n;
	if (below(3))
		text[len++] = ' ';
	return len;
}

static size_t invent(char *text, const char *file, unsigned max)
{
	size_t len = 0;

	for (unsigned n = 1 + below(max); n && len < MAX_TEXT - 1000; n--)
		len = put_word(text, len, file);
	for (unsigned n = below(4) ? 0 : below(8); n && len; n--)
		text[below((unsigned)len)] = (char)below(256);
	return len;
}

static void check_lines(const char *what, const char *text, size_t len)
{
	if (!len || text[len - 1] != '\n')
		die("%s: expected lines, found \"%.*s\"", what, (int)len, text);
	for (size_t i = 0; i < len; i++)
		if (text[i] != '\n' && !isprint((unsigned char)text[i]))
			die("%s: byte %u in the answer", what, (unsigned char)text[i]);
}

/* In pieces, and with or without an end. */
static void send_command(int fd, const char *text, size_t len)
{
	size_t n = below(4) ? len : below((unsigned)len + 1);

	send(fd, text, n, MSG_NOSIGNAL); /* who has had enough may have gone */
	send(fd, text + n, len - n, MSG_NOSIGNAL);
	if (below(2))
		send(fd, "\n", 1, MSG_NOSIGNAL);
	else
		shutdown(fd, SHUT_WR);
}

static void one_command(const char *file)
{
	static char reply[1 << 20];
	char text[MAX_TEXT];
	size_t len = invent(text, file, 6), got = 0;
	int fd = admin_connect();
	ssize_t n;

	send_command(fd, text, len);
	while ((n = recv(fd, reply + got, sizeof(reply) - got, 0)) > 0)
		got += (size_t)n;
	if (n < 0)
		die("a command was reset: \"%.*s\"", (int)len, text);
	check_lines("a command", reply, got);
	close(fd);
}

static void one_file(const char *path)
{
	char text[MAX_TEXT];
	size_t len = invent(text, path, 30);
	FILE *f = fopen(path, "w");
	const char *reply;

	if (!f || fwrite(text, 1, len, f) != len || fclose(f))
		die("cannot write %s", path);
	reply = ask("reload %s", path);
	if (strcmp(reply, "done\n") && strncmp(reply, "error: reload: ", 15))
		die("reload: %s", reply);
	check_lines("a file", reply, strlen(reply));
}

/* Eight words in each line, no name twice. */
static void check_list(void)
{
	char *list = strdup(ask("show servers")), *line, *save, *end = NULL;
	char(*names)[32] = calloc(MAX_TEXT, sizeof(*names)), addr[80], more[2];
	unsigned n = 0, count[5], port;

	if (!list || !names)
		die("out of memory");
	line = strtok_r(list, "\n", &save); /* the heading */
	while ((line = strtok_r(NULL, "\n", &save)) && n < MAX_TEXT) {
		if (sscanf(line, "%31s %79s %*s %u %u %u %u %u %1s", names[n], addr,
			   count, count + 1, count + 2, count + 3, count + 4, more) != 7)
			die("show servers: not a server: %s", line);
		end = strrchr(addr, ':');
		port = end ? (unsigned)atoi(end + 1) : 0;
		if (port < 1 || port > 65535)
			die("show servers: not an address: %s", addr);
		for (unsigned i = 0; i < n; i++)
			if (!strcmp(names[i], names[n]))
				die("show servers: %s is there twice", names[n]);
		n++;
	}
	free(list);
	free(names);
}

int fuzz(int argc, char **argv)
{
	unsigned rounds = (unsigned)atoi(argv[1]);
	uint64_t seed = argc > 2 ? strtoull(argv[2], NULL, 0) : 1;
	char file[256];

	seed_with(seed);
	printf("fuzz, %u rounds, seed %llu\n", rounds, (unsigned long long)seed);
	snprintf(file, sizeof(file), "%s/fuzz", argv[0]);
	for (unsigned i = 0; i < rounds; i++) {
		alarm(HUNG_S);
		one_command(file);
		if (i % 4 == 0)
			one_file(file);
		if (i % 16 == 0)
			check_list();
	}
	return 0;
}
