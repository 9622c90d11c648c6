/* SPDX-License-Identifier: MIT */
/*
 * The file for rdv-top: what is in it, when it may be read, whose it is.
 */
#include "unit.h"

#include <fcntl.h>
#include <rdv/export.h>
#include <sys/mman.h>
#include <sys/stat.h>

static char path[64];

static void choose_path(void)
{
	snprintf(path, sizeof(path), "/tmp/rdv-test-export-%d", (int)getpid());
	unlink(path);
}

static const struct rdv_export_page *map(void)
{
	int fd = open(path, O_RDONLY);
	struct stat st;
	void *page;

	assert_true(fd >= 0);
	assert_int_equal(fstat(fd, &st), 0);
	assert_int_equal(st.st_mode & 0777, 0600);
	page = mmap(NULL, (size_t)st.st_size, PROT_READ, MAP_SHARED, fd, 0);
	assert_true(page != MAP_FAILED);
	close(fd);
	assert_int_equal(((struct rdv_export_page *)page)->size, st.st_size);
	return page;
}

static void the_page_follows_the_domain(void)
{
	rdv_domain *d = unit_domain();
	struct actor *a = actor_member(d, "a");
	const struct rdv_export_page *p;
	const struct rdv_thread_stats *threads;
	rdv_export *export;
	uint32_t changes;

	choose_path();
	assert_int_equal(rdv_export_open(d, path, &export), 0);
	p = map();
	threads = (const void *)((const char *)p + p->threads_at);
	assert_int_equal(p->magic, RDV_EXPORT_MAGIC);
	assert_int_equal(p->version, RDV_EXPORT_VERSION);
	assert_int_equal(p->pid, getpid());
	assert_int_equal(p->threads_room, 64);
	assert_int_equal(p->n_threads, 1);
	assert_string_equal(threads[0].name, "a");
	assert_int_equal(threads[0].kernel_tid, a->tid);
	assert_int_equal(p->stats.isolations, 0);
	actor_do(a, do_isolate);
	actor_do(a, do_release);
	assert_int_equal(p->stats.isolations, 0);
	changes = p->changes;
	assert_int_equal(changes % 2, 0);
	CALL(NULL, rdv_export_update(export));
	assert_int_equal(p->changes, changes + 2);
	assert_int_equal(p->stats.isolations, 1);
	assert_int_equal(threads[0].isolations, 1);
	assert_true(p->updated > 0);
	rdv_export_close(export);
	assert_int_equal(p->pid, 0);
	assert_int_equal(access(path, F_OK), -1);
	munmap((void *)(uintptr_t)p, p->size);
}

static void other_files_are_left_alone(void)
{
	rdv_domain *d = unit_domain();
	rdv_export *export, *again;
	int fd, ret;
	char byte;

	choose_path();
	assert_int_equal(rdv_export_open(d, path, &export), 0);
	assert_int_equal(rdv_export_open(d, path, &again), 0); /* as after a crash */
	rdv_export_close(again);
	rdv_export_close(export);
	fd = open(path, O_RDWR | O_CREAT, 0600);
	assert_int_equal(write(fd, "mine", 4), 4);
	errno = 77;
	ret = rdv_export_open(d, path, &export);
	assert_int_equal(ret, -EEXIST);
	assert_int_equal(errno, 77);
	assert_int_equal(pread(fd, &byte, 1, 0), 1);
	assert_int_equal(byte, 'm');
	close(fd);
	unlink(path);
	assert_int_equal(rdv_export_open(d, "/nonexistent/x", &export), -ENOENT);
}

static const struct unit_case cases[] = {
	UNIT(the_page_follows_the_domain, BOTH),
	UNIT(other_files_are_left_alone, ONLY_PLAIN),
};

UNIT_MAIN("export", cases)
