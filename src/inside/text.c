/* SPDX-License-Identifier: MIT */
#include "text.h"

#include <errno.h>
#include <sys/syscall.h>
#include <unistd.h>

static void put_char(struct rdv_text *t, char c)
{
	if (t->len < sizeof(t->buf))
		t->buf[t->len++] = c;
}

void rdv_put(struct rdv_text *t, const char *string)
{
	while (*string)
		put_char(t, *string++);
}

void rdv_put_name(struct rdv_text *t, const char *name)
{
	for (; *name; name++)
		put_char(t, (char)(*name < ' ' || *name > '~' ? '?' : *name));
}

static void put_digits(struct rdv_text *t, uint64_t n, unsigned base, unsigned least)
{
	char digits[24];
	unsigned i = 0;

	do {
		digits[i++] = "0123456789abcdef"[n % base];
		n /= base;
	} while (n || i < least);
	while (i)
		put_char(t, digits[--i]);
}

void rdv_put_int(struct rdv_text *t, int64_t n)
{
	if (n < 0)
		put_char(t, '-');
	put_digits(t, n < 0 ? 0 - (uint64_t)n : (uint64_t)n, 10, 1);
}

void rdv_put_hex(struct rdv_text *t, uint32_t n)
{
	put_digits(t, n, 16, 8);
}

void rdv_put_seconds(struct rdv_text *t, uint64_t ns)
{
	put_digits(t, ns / 1000000000, 10, 1);
	put_char(t, '.');
	put_digits(t, ns % 1000000000 / 1000, 10, 6);
	rdv_put(t, " s");
}

void rdv_put_thread(struct rdv_text *t, uint32_t id, const char *name, int32_t tid)
{
	rdv_put_int(t, id);
	rdv_put(t, " (");
	rdv_put_name(t, name);
	rdv_put(t, ", tid ");
	rdv_put_int(t, tid);
	rdv_put(t, ")");
}

/* By syscall(2): write() is a cancellation point. */
int rdv_text_flush(struct rdv_text *t, int fd)
{
	int saved_errno = errno;
	size_t done = 0;
	int ret = 0;
	long n;

	while (done < t->len && !ret) {
		n = syscall(SYS_write, fd, t->buf + done, t->len - done);
		if (n >= 0)
			done += (size_t)n;
		else if (errno != EINTR)
			ret = -errno;
	}
	t->len = 0;
	errno = saved_errno;
	return ret;
}
