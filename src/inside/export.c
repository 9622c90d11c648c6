/* SPDX-License-Identifier: MIT */
/*
 * The file that rdv-top reads.  The field changes is odd from before the first write
 * until after the last one, so a reader sees whether the file changed while it was
 * reading.
 *
 * While its program has the file open, the file is locked.  So another program does not
 * take it over, and a reader knows that the program is alive.  The file is made under
 * another name, and gets its own name when it is complete and locked.  It is written by
 * pwrite().  If it were mapped, and somebody truncated it, the program would die by
 * SIGBUS.
 */
#include "domain.h"
#include "clock.h"
#include "count.h"

#include <errno.h>
#include <fcntl.h>
#include <inttypes.h>
#include <pthread.h>
#include <rdv/export.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/resource.h>
#include <sys/stat.h>
#include <unistd.h>

enum { TRIES = 100 };

/* Most functions that are called here are cancellation points. */
static int cancel_off(void)
{
	int state;

	pthread_setcancelstate(PTHREAD_CANCEL_DISABLE, &state);
	return state;
}

struct rdv_export {
	rdv_domain *domain;           /* NULL in the child of a fork() */
	struct rdv_export_page *page; /* what the file holds, or should */
	rdv_export *next;             /* of the domain */
	int dir, fd;                  /* fd: -1 in the child of a fork() */
	dev_t dev;
	ino_t ino;
	const char *name; /* in dir */
	char path[];
};

/* ------------------------------------------------------------------------ the lock
 *
 * The lock belongs to the open file and not to the process: a file that this process
 * opens a second time conflicts with the first.
 */

/* Returns 0, -EBUSY, or another error. */
static int lock_file(int fd)
{
	struct flock lock = {.l_type = F_WRLCK, .l_whence = SEEK_SET};

	if (!fcntl(fd, F_OFD_SETLK, &lock))
		return 0;
	return errno == EAGAIN || errno == EACCES ? -EBUSY : -errno;
}

/* The child of a fork() shares the open file.  It would keep the lock when the parent has
 * died. */
void rdv_export_fork(rdv_domain *d)
{
	int saved_errno = errno, cancel = cancel_off();
	rdv_export *e;

	for (e = d->exports; e; e = e->next) {
		close(e->fd);
		close(e->dir);
		e->fd = e->dir = -1;
		e->domain = NULL;
	}
	d->exports = NULL;
	pthread_setcancelstate(cancel, NULL);
	errno = saved_errno;
}

static void watch(rdv_export *e)
{
	rdv_lock(&e->domain->registry);
	e->next = e->domain->exports;
	e->domain->exports = e;
	rdv_unlock(&e->domain->registry);
}

static void unwatch(rdv_export *e)
{
	rdv_export **link;

	if (!e->domain)
		return;
	link = &e->domain->exports;
	rdv_lock(&e->domain->registry);
	while (*link != e)
		link = &(*link)->next;
	*link = e->next;
	rdv_unlock(&e->domain->registry);
}

/* ------------------------------------------------------------------------- writing */

static int write_at(int fd, const void *from, size_t size, size_t at)
{
	ssize_t n;

	while (size) {
		n = pwrite(fd, from, size, (off_t)at);
		if (n < 0 && errno == EINTR)
			continue;
		if (n <= 0)
			return n ? -errno : -ENOSPC;
		from = (const char *)from + n;
		size -= (size_t)n;
		at += (size_t)n;
	}
	return 0;
}

/* A write beyond the limit would be answered by SIGXFSZ, which ends the process. */
static bool is_allowed(size_t size)
{
	struct rlimit limit;

	return getrlimit(RLIMIT_FSIZE, &limit) || size <= limit.rlim_cur;
}

static int write_changes(const rdv_export *e)
{
	return write_at(e->fd, &e->page->changes, sizeof(e->page->changes),
			offsetof(struct rdv_export_page, changes));
}

/* Writes everything each time, so a file that somebody has truncated is complete again. */
static int write_page(const rdv_export *e)
{
	struct rdv_export_page *p = e->page;
	int ret;

	if (!is_allowed(p->size))
		return -EFBIG;
	p->changes++;
	ret = write_changes(e);
	if (!ret)
		ret = write_at(e->fd, p, p->size, 0);
	p->changes++;
	if (!ret)
		ret = write_changes(e);
	return ret;
}

static void fill_page(const rdv_export *e)
{
	struct rdv_export_page *p = e->page;
	struct rdv_thread_stats *threads =
		(struct rdv_thread_stats *)(void *)((char *)p + p->threads_at);

	rdv_domain_stats(e->domain, &p->stats, sizeof(p->stats));
	p->n_threads = (uint32_t)rdv_domain_thread_stats(
		e->domain, threads, p->threads_room, sizeof(*threads));
	p->updated = rdv_clock_ns();
}

static int make_page(rdv_export *e)
{
	size_t size = sizeof(*e->page) +
		      e->domain->max_threads * sizeof(struct rdv_thread_stats);

	e->page = calloc(1, size);
	if (!e->page)
		return -ENOMEM;
	e->page->magic = RDV_EXPORT_MAGIC;
	e->page->version = RDV_EXPORT_VERSION;
	e->page->size = (uint32_t)size;
	e->page->pid = getpid();
	e->page->threads_at = sizeof(*e->page);
	e->page->threads_room = e->domain->max_threads;
	fill_page(e);
	return 0;
}

/* --------------------------------------------------------------------- the directory */

/* The directory of the file stays open.  So close finds the file, even if the working
 * directory has changed. */
static int open_dir(rdv_export *e)
{
	char *slash = strrchr(e->path, '/');

	e->name = slash ? slash + 1 : e->path;
	if (!slash)
		e->dir = open(".", O_PATH | O_DIRECTORY | O_CLOEXEC);
	else if (slash == e->path)
		e->dir = open("/", O_PATH | O_DIRECTORY | O_CLOEXEC);
	else {
		*slash = '\0';
		e->dir = open(e->path, O_PATH | O_DIRECTORY | O_CLOEXEC);
	}
	return e->dir < 0 ? -errno : 0;
}

/*
 * Makes the file, complete and locked, under a name that no other file has.  Processes that
 * were killed in here may have left files, and may have had the same pid.
 */
static int make_file(rdv_export *e, char *name, size_t size)
{
	uint64_t number = rdv_clock_ns();
	struct stat st = {0};
	int i, ret;

	for (i = 0; i < TRIES && e->fd < 0; i++) {
		snprintf(name, size, ".rdv-%d-%" PRIx64, (int)getpid(),
			 number + (unsigned)i);
		e->fd = openat(e->dir, name,
			       O_RDWR | O_CREAT | O_EXCL | O_CLOEXEC | O_NOFOLLOW, 0600);
		if (e->fd < 0 && errno != EEXIST)
			break;
	}
	if (e->fd < 0)
		return -errno;
	ret = lock_file(e->fd);
	if (!ret)
		ret = write_page(e);
	if (!ret && fstat(e->fd, &st))
		ret = -errno;
	if (ret)
		unlinkat(e->dir, name, 0);
	e->dev = st.st_dev;
	e->ino = st.st_ino;
	return ret;
}

static bool is_at(int dir, const char *name, const struct stat *file)
{
	struct stat st;

	return !fstatat(dir, name, &st, AT_SYMLINK_NOFOLLOW) &&
	       st.st_dev == file->st_dev && st.st_ino == file->st_ino;
}

/*
 * Opens and locks the file of that name, if it is the export of a program that has ended.
 * -ENOENT: no file has that name.  -EAGAIN: the file has just been replaced.
 */
static int lock_stale(int dir, const char *name, int *fd)
{
	struct stat st;
	uint32_t magic;
	int ret;

	if (fstatat(dir, name, &st, AT_SYMLINK_NOFOLLOW))
		return -errno;
	if (!S_ISREG(st.st_mode))
		return -EEXIST;
	*fd = openat(dir, name, O_RDWR | O_CLOEXEC | O_NOFOLLOW | O_NONBLOCK);
	if (*fd < 0)
		return -errno;
	if (pread(*fd, &magic, sizeof(magic), 0) != sizeof(magic) ||
	    magic != RDV_EXPORT_MAGIC)
		ret = -EEXIST;
	else
		ret = lock_file(*fd);
	if (!ret && (fstat(*fd, &st) || !is_at(dir, name, &st)))
		ret = -EAGAIN;
	if (ret)
		close(*fd);
	return ret;
}

/*
 * Gives the file its name.  If no file has that name, by link(2), which fails if another
 * program has been faster.  If a stale file has it, by rename(2).  The stale file is
 * locked then, so one program at a time does that.
 */
static int name_file(const rdv_export *e, const char *made)
{
	int i, fd = -1, ret = -EAGAIN;

	for (i = 0; i < TRIES && ret == -EAGAIN; i++) {
		ret = lock_stale(e->dir, e->name, &fd);
		if (!ret) {
			ret = renameat(e->dir, made, e->dir, e->name) ? -errno : 0;
			close(fd);
			return ret;
		}
		if (ret != -ENOENT)
			continue;
		if (!linkat(e->dir, made, e->dir, e->name, 0))
			return unlinkat(e->dir, made, 0) ? -errno : 0;
		ret = errno == EEXIST ? -EAGAIN : -errno;
		/* there are file systems without links */
		if (ret == -EPERM || ret == -EOPNOTSUPP || ret == -ENOSYS)
			return renameat(e->dir, made, e->dir, e->name) ? -errno : 0;
	}
	return ret == -EAGAIN ? -EBUSY : ret;
}

static int make_and_name_file(rdv_export *e)
{
	char made[48];
	int ret = make_file(e, made, sizeof(made));

	if (ret)
		return ret;
	ret = name_file(e, made);
	if (ret)
		unlinkat(e->dir, made, 0);
	return ret;
}

/* -------------------------------------------------------------------------- calls */

/* A program that closes all descriptors it does not know gets their numbers for other
 * files.  Those must not be written to. */
static bool has_file(const rdv_export *e)
{
	struct stat st;

	return !fstat(e->fd, &st) && st.st_dev == e->dev && st.st_ino == e->ino;
}

static void discard(rdv_export *e)
{
	if (e->fd >= 0)
		close(e->fd);
	if (e->dir >= 0)
		close(e->dir);
	free(e->page);
	free(e);
}

int rdv_export_open(const rdv_domain *domain, const char *path, rdv_export **opened)
{
	size_t length = strlen(path) + 1;
	int ret, saved_errno = errno, cancel = cancel_off();
	rdv_export *e = calloc(1, sizeof(*e) + length);

	ret = e ? 0 : -ENOMEM;
	if (!ret) {
		memcpy(e->path, path, length);
		e->domain = (rdv_domain *)(uintptr_t)domain;
		e->dir = e->fd = -1;
		ret = make_page(e);
	}
	if (!ret)
		ret = open_dir(e);
	if (!ret)
		ret = make_and_name_file(e);
	if (!ret) {
		watch(e);
		*opened = e;
	} else if (e) {
		discard(e);
	}
	pthread_setcancelstate(cancel, NULL);
	errno = saved_errno;
	return ret;
}

void rdv_export_update(rdv_export *opened)
{
	int saved_errno = errno, cancel = cancel_off();

	if (has_file(opened)) {
		fill_page(opened);
		write_page(opened);
	}
	pthread_setcancelstate(cancel, NULL);
	errno = saved_errno;
}

/* Removes the name, unless it belongs to another file by now. */
void rdv_export_close(rdv_export *opened)
{
	int saved_errno = errno, cancel = cancel_off();
	struct stat st = {.st_dev = opened->dev, .st_ino = opened->ino};

	unwatch(opened);
	if (has_file(opened)) {
		opened->page->pid = 0;
		write_page(opened);
		if (is_at(opened->dir, opened->name, &st))
			unlinkat(opened->dir, opened->name, 0);
	} else {
		opened->dir = opened->fd = -1; /* not ours to close */
	}
	discard(opened);
	pthread_setcancelstate(cancel, NULL);
	errno = saved_errno;
}
