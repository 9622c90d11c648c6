/* SPDX-License-Identifier: MIT */
#include "output.h"
#include "options.h"

#include <errno.h>
#include <fcntl.h>
#include <limits.h>
#include <stdlib.h>
#include <string.h>
#include <sys/stat.h>
#include <unistd.h>

/* Room for the name of the file that is written first, beside the other one. */
#define MAX_NAME (PATH_MAX + 16)

/* Devices and pipes are written to as they are. */
static bool is_special(const char *name)
{
	struct stat s;

	return !stat(name, &s) && !S_ISREG(s.st_mode) && !S_ISDIR(s.st_mode);
}

/* Replaces the file that a symbolic link points to, not the link. */
static void name_beside(const char *name, char *target, char *beside)
{
	if (!realpath(name, target))
		snprintf(target, PATH_MAX, "%s", name);
	snprintf(beside, MAX_NAME, "%s.%ld", target, (long)getpid());
}

static FILE *open_beside(const char *beside)
{
	int fd = open(beside, O_WRONLY | O_CREAT | O_EXCL | O_CLOEXEC, 0666);
	FILE *f = fd < 0 ? NULL : fdopen(fd, "w");

	if (fd >= 0 && !f)
		close(fd);
	return f;
}

static int try_to_write(const char *name)
{
	char target[PATH_MAX], beside[MAX_NAME];
	struct stat s;
	FILE *f;

	if (strlen(name) >= PATH_MAX)
		return -ENAMETOOLONG;
	if (!stat(name, &s) && S_ISDIR(s.st_mode))
		return -EISDIR;
	if (access(name, W_OK) && errno != ENOENT)
		return -errno;
	if (is_special(name))
		return 0;
	name_beside(name, target, beside);
	f = open_beside(beside);
	if (!f)
		return -errno;
	fclose(f);
	unlink(beside);
	return 0;
}

void output_check(const char *option, const char *name)
{
	int err = *name ? try_to_write(name) : -ENOENT;

	if (err)
		bad_option(option, "expected a file to write to, found '%s': %s", name,
			   strerror(-err));
}

static int write_and_close(FILE *f, int (*write)(FILE *out, const struct results *r),
			   const struct results *r)
{
	int err;

	if (!f)
		return -errno;
	err = write(f, r);
	if (fclose(f) && !err)
		err = -errno;
	return err;
}

static int replace(const char *name, int (*write)(FILE *out, const struct results *r),
		   const struct results *r)
{
	char target[PATH_MAX], beside[MAX_NAME];
	int err;

	name_beside(name, target, beside);
	err = write_and_close(open_beside(beside), write, r);
	if (!err && rename(beside, target))
		err = -errno;
	if (err)
		unlink(beside);
	return err;
}

/* "results.partial.json" beside "results.json" */
static void partial_name(const char *name, char *partial)
{
	const char *file = strrchr(name, '/');
	const char *end = strrchr(file ? file : name, '.');

	if (!end)
		end = name + strlen(name);
	snprintf(partial, MAX_NAME, "%.*s.partial%s", (int)(end - name), name, end);
}

static bool is_regular(const char *name)
{
	struct stat s;

	return !stat(name, &s) && S_ISREG(s.st_mode);
}

int output_write(const char *name, int (*write)(FILE *out, const struct results *r),
		 const struct results *r)
{
	char partial[MAX_NAME];
	int err;

	if (r->partial && is_regular(name)) {
		partial_name(name, partial);
		name = partial;
	}
	if (r->partial)
		fprintf(stderr, "rdv-bench: what had been measured is in %s\n", name);
	err = is_special(name) ? write_and_close(fopen(name, "we"), write, r)
			       : replace(name, write, r);

	if (err)
		fprintf(stderr, "rdv-bench: %s: %s\n", name, strerror(-err));
	return err;
}
