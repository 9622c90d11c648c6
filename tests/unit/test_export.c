/* SPDX-License-Identifier: MIT */
/*
 * The file for rdv-top: what is in it, when it may be read, whose it is.
 */
#include "unit.h"

#include <fcntl.h>
#include <rdv/export.h>
#include <signal.h>
#include <sys/mman.h>
#include <sys/resource.h>
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
	assert_int_equal(rdv_export_open(d, path, &again), -EBUSY);
	rdv_export_close(export);
	assert_int_equal(mkfifo(path, 0600), 0);
	assert_int_equal(rdv_export_open(d, path, &export), -EEXIST);
	unlink(path);
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

/* ------------------------------------------------------------- files and their names */

static char dir[] = "/tmp/rdv-test-export-XXXXXX", before[4096];

static void enter_dir(void)
{
	strcpy(dir + sizeof(dir) - 7, "XXXXXX");
	assert_non_null(mkdtemp(dir));
	assert_non_null(getcwd(before, sizeof(before)));
	assert_int_equal(chdir(dir), 0);
}

/* Nothing was left in it. */
static void leave_dir(void)
{
	assert_int_equal(chdir(before), 0);
	assert_int_equal(rmdir(dir), 0);
}

static void put(const char *name)
{
	FILE *file = fopen(name, "w");

	assert_non_null(file);
	fputs("precious", file);
	fclose(file);
}

/* Processes with our pid were killed while they opened an export. */
static void what_others_have_left_is_not_in_the_way(void)
{
	rdv_domain *d = unit_domain();
	rdv_export *export;
	char name[32];
	int i, ret;

	enter_dir();
	for (i = 0; i < 200; i++) {
		snprintf(name, sizeof(name), ".rdv-%d-%d", (int)getpid(), i);
		put(name);
	}
	ret = rdv_export_open(d, "x", &export);
	if (!ret)
		rdv_export_close(export);
	for (i = 0; i < 200; i++) {
		snprintf(name, sizeof(name), ".rdv-%d-%d", (int)getpid(), i);
		unlink(name);
	}
	leave_dir();
	assert_int_equal(ret, 0);
}

/* By another process, which is then dead. */
static void open_and_die(void *domain)
{
	rdv_export *export;

	CHECK(NULL, !rdv_export_open(domain, "x", &export));
	CHECK(NULL, rdv_export_open(domain, "x", &export) == -EBUSY);
	_exit(0);
}

static void a_dead_one_s_file_is_taken_over(void)
{
	rdv_domain *d = unit_domain();
	rdv_export *export;

	enter_dir();
	assert_int_equal(unit_child(open_and_die, d), 0);
	assert_int_equal(access("x", F_OK), 0);
	assert_int_equal(rdv_export_open(d, "x", &export), 0);
	rdv_export_close(export);
	leave_dir();
}

static void open_the_live(void *domain)
{
	rdv_export *export;

	CHECK(NULL, rdv_export_open(domain, "x", &export) == -EBUSY);
}

static void a_live_one_s_file_is_not(void)
{
	rdv_domain *d = unit_domain();
	rdv_export *export;

	enter_dir();
	assert_int_equal(rdv_export_open(d, "x", &export), 0);
	assert_int_equal(unit_child(open_the_live, d), 0);
	rdv_export_close(export);
	leave_dir();
}

static rdv_export *inherited;

/* In the child it is the parent's: nothing is written or removed, nor is it kept locked. */
static void use_in_child(void *parent)
{
	rdv_export *export;

	(void)parent;
	rdv_export_update(inherited);
	rdv_export_close(inherited);
	CHECK(NULL, !access("x", F_OK));
	CHECK(NULL, rdv_export_open(parent, "x", &export) == -EBUSY);
}

/* Of pipes: the child is there; the test is over when the other end is closed. */
static int born[2], ends[2];

/* The child of one that is dead is not in the way. */
static void outlive(void *domain)
{
	pid_t pid;
	char byte;

	CHECK(NULL, !rdv_export_open(domain, "x", &inherited));
	pid = fork();
	if (pid)
		_exit(pid < 0 || read(born[0], &byte, 1) != 1);
	if (write(born[1], "", 1) != 1)
		_exit(1);
	close(ends[1]);
	_exit(read(ends[0], &byte, 1) != 0);
}

static void in_the_child_it_is_the_parent_s(void)
{
	rdv_domain *d = unit_domain();
	rdv_export *export;

	enter_dir();
	assert_int_equal(rdv_export_open(d, "x", &inherited), 0);
	assert_int_equal(unit_child(use_in_child, d), 0);
	assert_int_equal(access("x", F_OK), 0);
	rdv_export_close(inherited);
	assert_int_equal(pipe(born), 0);
	assert_int_equal(pipe(ends), 0);
	assert_int_equal(unit_child(outlive, d), 0);
	assert_int_equal(rdv_export_open(d, "x", &export), 0);
	rdv_export_close(export);
	close(born[0]);
	close(born[1]);
	close(ends[0]);
	close(ends[1]);
	leave_dir();
}

static void closing_removes_its_own_file_alone(void)
{
	rdv_domain *d = unit_domain();
	rdv_export *export;

	enter_dir();
	assert_int_equal(mkdir("other", 0700), 0);
	assert_int_equal(rdv_export_open(d, "x", &export), 0);
	assert_int_equal(chdir("other"), 0);
	put("x");
	rdv_export_close(export);
	assert_int_equal(access("x", F_OK), 0);
	unlink("x");
	assert_int_equal(chdir(".."), 0);
	assert_int_equal(rmdir("other"), 0);
	assert_int_equal(access("x", F_OK), -1);
	/* another has taken the name */
	assert_int_equal(rdv_export_open(d, "x", &export), 0);
	unlink("x");
	put("x");
	rdv_export_close(export);
	assert_int_equal(access("x", F_OK), 0);
	unlink("x");
	leave_dir();
}

/* No room for all of it.  There is room again for what gcov writes in the end. */
static void open_without_room(void *domain)
{
	struct rlimit all, little;
	rdv_export *export;

	CHECK(NULL, !rdv_export_open(domain, "y", &export));
	CHECK(NULL, !getrlimit(RLIMIT_FSIZE, &all));
	little = all;
	little.rlim_cur = 100;
	CHECK(NULL, !setrlimit(RLIMIT_FSIZE, &little));
	rdv_export_update(export);
	rdv_export_close(export);
	CHECK(NULL, rdv_export_open(domain, "x", &export) == -EFBIG);
	CHECK(NULL, !setrlimit(RLIMIT_FSIZE, &all));
}

static void a_failure_leaves_no_trace(void)
{
	rdv_domain *d = unit_domain();
	rdv_export *export;

	enter_dir();
	assert_int_equal(unit_child(open_without_room, d), 0);
	assert_int_equal(access("x", F_OK), -1);
	assert_int_equal(rdv_export_open(d, "x", &export), 0);
	rdv_export_close(export);
	leave_dir();
}

static void each_of_two_is_closed(void)
{
	rdv_domain *d = unit_domain();
	rdv_export *x, *y;

	enter_dir();
	assert_int_equal(rdv_export_open(d, "x", &x), 0);
	assert_int_equal(rdv_export_open(d, "y", &y), 0);
	rdv_export_close(x);
	assert_int_equal(access("x", F_OK), -1);
	assert_int_equal(access("y", F_OK), 0);
	rdv_export_close(y);
	leave_dir();
}

static void the_domain_is_in_use(void)
{
	rdv_domain *d;
	rdv_export *export;

	enter_dir();
	assert_int_equal(rdv_domain_create(&d, NULL), 0);
	assert_int_equal(rdv_export_open(d, "x", &export), 0);
	assert_int_equal(rdv_domain_destroy(d), -EBUSY);
	rdv_export_close(export);
	assert_int_equal(rdv_domain_destroy(d), 0);
	leave_dir();
}

static void a_truncated_file_is_whole_again(void)
{
	rdv_domain *d = unit_domain();
	struct rdv_export_page page;
	rdv_export *export;
	int fd;

	enter_dir();
	assert_int_equal(rdv_export_open(d, "./x", &export), 0);
	assert_int_equal(truncate("x", 0), 0);
	CALL(NULL, rdv_export_update(export));
	fd = open("x", O_RDONLY);
	assert_int_equal(read(fd, &page, sizeof(page)), sizeof(page));
	close(fd);
	assert_int_equal(page.magic, RDV_EXPORT_MAGIC);
	assert_int_equal(page.changes % 2, 0);
	rdv_export_close(export);
	leave_dir();
}

static int free_descriptor(void)
{
	int fd = open("/dev/null", O_RDONLY);

	close(fd);
	return fd;
}

/* As closefrom() does.  The file "x" stays, for nobody knows its descriptor any more. */
static void close_all_descriptors(void *domain)
{
	int fd, first = free_descriptor(), last;
	rdv_export *export;
	struct stat st;

	put("mine");
	CHECK(NULL, !rdv_export_open(domain, "x", &export));
	last = free_descriptor();
	CHECK(NULL, last > first);
	for (fd = first; fd < last; fd++)
		close(fd);
	for (fd = first; fd < last; fd++)
		CHECK(NULL, open("mine", O_RDWR) == fd);
	rdv_export_update(export);
	rdv_export_close(export);
	for (fd = first; fd < last; fd++)
		CHECK(NULL, fcntl(fd, F_GETFD) == 0);
	CHECK(NULL, !stat("mine", &st) && st.st_size == 8);
}

static void another_file_with_its_descriptor_is_left_alone(void)
{
	rdv_domain *d = unit_domain();
	rdv_export *export;

	enter_dir();
	assert_int_equal(unit_child(close_all_descriptors, d), 0);
	unlink("mine");
	assert_int_equal(rdv_export_open(d, "x", &export), 0);
	rdv_export_close(export);
	leave_dir();
}

static const struct unit_case cases[] = {
	UNIT(what_others_have_left_is_not_in_the_way, ONLY_PLAIN),
	UNIT(the_page_follows_the_domain, BOTH),
	UNIT(other_files_are_left_alone, ONLY_PLAIN),
	UNIT(a_dead_one_s_file_is_taken_over, ONLY_PLAIN),
	UNIT(a_live_one_s_file_is_not, ONLY_PLAIN),
	UNIT(in_the_child_it_is_the_parent_s, ONLY_PLAIN),
	UNIT(closing_removes_its_own_file_alone, ONLY_PLAIN),
	UNIT(a_failure_leaves_no_trace, ONLY_PLAIN),
	UNIT(each_of_two_is_closed, ONLY_PLAIN),
	UNIT(the_domain_is_in_use, ONLY_PLAIN),
	UNIT(a_truncated_file_is_whole_again, ONLY_PLAIN),
	UNIT(another_file_with_its_descriptor_is_left_alone, ONLY_PLAIN),
};

UNIT_MAIN("export", cases)
