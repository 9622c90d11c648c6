/* SPDX-License-Identifier: MIT */
/*
 * The file that rdv-top reads.  The field changes is odd from before the first write
 * until after the last one, so a reader sees whether the file changed while it was
 * reading.
 */
#include "domain.h"
#include "clock.h"
#include "count.h"

#include <errno.h>
#include <fcntl.h>
#include <rdv/export.h>
#include <stdlib.h>
#include <string.h>
#include <sys/mman.h>
#include <unistd.h>

struct rdv_export {
	const rdv_domain *domain;
	struct rdv_export_page *page;
	size_t size;
	char path[];
};

/* Takes over an export that an earlier process left.  Does not touch any other file. */
static int open_file(const char *path, size_t size)
{
	uint32_t magic;
	int fd, ret = 0;

	fd = open(path, O_RDWR | O_CREAT | O_EXCL | O_CLOEXEC | O_NOFOLLOW, 0600);
	if (fd < 0 && errno == EEXIST) {
		fd = open(path, O_RDWR | O_CLOEXEC | O_NOFOLLOW);
		if (fd >= 0 && (pread(fd, &magic, sizeof(magic), 0) != sizeof(magic) ||
				magic != RDV_EXPORT_MAGIC))
			ret = -EEXIST;
		else if (fd >= 0 && ftruncate(fd, 0))
			ret = -errno;
	}
	if (fd < 0)
		return -errno;
	/* allocates the blocks: a full file system is noticed here, and not by SIGBUS later */
	if (!ret)
		ret = -posix_fallocate(fd, 0, (off_t)size);
	if (!ret)
		return fd;
	close(fd);
	return ret;
}

static int map_file(rdv_export *e)
{
	int fd = open_file(e->path, e->size);
	int ret = 0;

	if (fd < 0)
		return fd;
	e->page = mmap(NULL, e->size, PROT_READ | PROT_WRITE, MAP_SHARED, fd, 0);
	if (e->page == MAP_FAILED) {
		ret = -errno;
		unlink(e->path);
	}
	close(fd);
	return ret;
}

static void init_page(rdv_export *e)
{
	struct rdv_export_page *p = e->page;

	p->version = RDV_EXPORT_VERSION;
	p->size = (uint32_t)e->size;
	p->pid = getpid();
	p->threads_at = sizeof(*p);
	p->threads_room = e->domain->max_threads;
	rdv_export_update(e);
	rdv_publish(&p->magic, RDV_EXPORT_MAGIC);
}

int rdv_export_open(const rdv_domain *domain, const char *path, rdv_export **opened)
{
	size_t length = strlen(path) + 1;
	int ret, saved_errno = errno;
	rdv_export *e = malloc(sizeof(*e) + length);

	if (!e) {
		errno = saved_errno;
		return -ENOMEM;
	}
	memcpy(e->path, path, length);
	e->domain = domain;
	e->size = sizeof(struct rdv_export_page) +
		  domain->max_threads * sizeof(struct rdv_thread_stats);
	ret = map_file(e);
	if (!ret) {
		init_page(e);
		*opened = e;
	} else {
		free(e);
	}
	errno = saved_errno;
	return ret;
}

void rdv_export_update(rdv_export *opened)
{
	struct rdv_export_page *p = opened->page;
	struct rdv_thread_stats *threads =
		(struct rdv_thread_stats *)(void *)((char *)p + p->threads_at);
	uint32_t changes = p->changes;

	rdv_count_begin(&p->changes, changes + 1);
	rdv_domain_stats(opened->domain, &p->stats, sizeof(p->stats));
	p->n_threads = (uint32_t)rdv_domain_thread_stats(
		opened->domain, threads, p->threads_room, sizeof(*threads));
	p->updated = rdv_clock_ns();
	rdv_publish(&p->changes, changes + 2);
}

void rdv_export_close(rdv_export *opened)
{
	int saved_errno = errno;

	rdv_poke(&opened->page->pid, 0);
	unlink(opened->path);
	munmap(opened->page, opened->size);
	free(opened);
	errno = saved_errno;
}
