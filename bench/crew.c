/* SPDX-License-Identifier: MIT */
#include "crew.h"
#include "alloc-count.h"
#include "measure.h"

#include <errno.h>
#include <limits.h>
#include <poll.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/eventfd.h>
#include <time.h>
#include <unistd.h>

#define STACK_SIZE   (256 * 1024)
#define HUNG_SECONDS 120

static void wait_readable(int fd)
{
	struct pollfd p = {.fd = fd, .events = POLLIN};

	while (poll(&p, 1, -1) < 0)
		;
}

static void make_readable(int fd)
{
	uint64_t one = 1;

	while (write(fd, &one, sizeof(one)) < 0 && errno == EINTR)
		;
}

static void *member_main(void *arg)
{
	struct member *m = arg;
	struct crew *crew = m->crew;

	m->tid = gettid();
	m->syscalls = syscall_counts_self();
	if (m->cpu >= 0)
		pin_to_cpu((unsigned)m->cpu);
	m->join_bytes = alloc_bytes();
	m->self = m->contender->join();
	m->join_bytes = alloc_bytes() - m->join_bytes;
	if (!m->self) {
		__atomic_store_n(&crew->failed, true, __ATOMIC_RELAXED);
		sem_post(&crew->ready);
		return NULL;
	}
	m->contender->harmless_now(m->self);
	sem_post(&crew->ready);
	if (m->role != role_idle)
		wait_readable(crew->start_fd);
	if (!crew_stopping(crew))
		m->role(m);
	__atomic_store_n(&m->done, true, __ATOMIC_RELEASE);
	sem_post(&crew->over);
	/* the counts of a thread live as long as the thread */
	wait_readable(crew->stop_fd);
	m->contender->leave(m->self);
	return NULL;
}

static int crew_open(struct crew *crew, const struct contender *contender,
		     unsigned capacity)
{
	int err;

	memset(crew, 0, sizeof(*crew));
	crew->contender = contender_for(contender, capacity);
	if (!crew->contender)
		return -ENOSPC;
	crew->members = aligned_alloc(128, capacity * sizeof(*crew->members));
	if (!crew->members)
		return -ENOMEM;
	crew->capacity = capacity;
	crew->start_fd = eventfd(0, EFD_CLOEXEC);
	crew->stop_fd = eventfd(0, EFD_CLOEXEC);
	err = crew->start_fd < 0 || crew->stop_fd < 0 ? -errno : 0;
	if (!err)
		err = crew->contender->open(capacity);
	if (err) {
		close(crew->start_fd);
		close(crew->stop_fd);
		free(crew->members);
		return err;
	}
	sem_init(&crew->ready, 0, 0);
	sem_init(&crew->over, 0, 0);
	return 0;
}

static int crew_add(struct crew *crew, const struct team *t)
{
	pthread_attr_t attr;
	int err = 0;

	pthread_attr_init(&attr);
	pthread_attr_setstacksize(&attr, STACK_SIZE);
	for (unsigned i = 0; i < t->n && !err; i++) {
		struct member *m = &crew->members[crew->size];

		*m = (struct member){
			.crew = crew,
			.contender = crew->contender,
			.role = t->role,
			.arg = t->arg,
			.index = i,
			.cpu = t->cpu == CREW_EACH_CPU ? (int)i : t->cpu,
		};
		err = -pthread_create(&m->thread, &attr, member_main, m);
		if (!err)
			crew->size++;
	}
	pthread_attr_destroy(&attr);
	return err;
}

/* Reads one file of a thread's in /proc; an empty string if it cannot. */
static void read_proc(pid_t tid, const char *file, char *text, size_t size)
{
	char path[64];
	size_t n = 0;
	FILE *f;

	snprintf(path, sizeof(path), "/proc/self/task/%d/%s", (int)tid, file);
	f = fopen(path, "re");
	if (f) {
		n = fread(text, 1, size - 1, f);
		fclose(f);
	}
	text[n] = '\0';
}

static bool is_asleep(const struct member *m)
{
	char text[512], *state;

	read_proc(m->tid, "stat", text, sizeof(text));
	state = strrchr(text, ')');
	return !state || state[1] != ' ' || state[2] == 'S';
}

/* If a thread never comes, its contender has lost it. */
static _Noreturn void die_hung(const struct crew *crew)
{
	fprintf(stderr, "\nrdv-bench: %s hangs: no thread has come back for %d s\n",
		crew->contender->name, HUNG_SECONDS);
	exit(EXIT_FAILURE);
}

static struct timespec hung_deadline(void)
{
	struct timespec deadline;

	clock_gettime(CLOCK_REALTIME, &deadline);
	deadline.tv_sec += HUNG_SECONDS;
	return deadline;
}

static void wait_for_post(const struct crew *crew, sem_t *sem)
{
	struct timespec deadline = hung_deadline();

	while (sem_timedwait(sem, &deadline))
		if (errno == ETIMEDOUT)
			die_hung(crew);
}

static int crew_start(struct crew *crew)
{
	for (unsigned i = 0; i < crew->size; i++)
		wait_for_post(crew, &crew->ready);
	if (__atomic_load_n(&crew->failed, __ATOMIC_RELAXED))
		return -EAGAIN;
	for (const struct member *m = crew->members; m < crew->members + crew->size; m++)
		while (m->role == role_idle && !is_asleep(m))
			sleep_ns(NS_PER_MS);
	make_readable(crew->start_fd);
	return 0;
}

void crew_wait(struct crew *crew, unsigned first, unsigned n)
{
	for (unsigned i = first; i < first + n; i++)
		while (!__atomic_load_n(&crew->members[i].done, __ATOMIC_ACQUIRE))
			wait_for_post(crew, &crew->over);
}

void crew_wait_all(struct crew *crew, void *unused)
{
	(void)unused;
	crew_wait(crew, 0, crew->size);
}

void crew_stop(struct crew *crew)
{
	__atomic_store_n(&crew->stop, true, __ATOMIC_RELAXED);
	make_readable(crew->stop_fd);
}

bool crew_stopping(const struct crew *crew)
{
	return __atomic_load_n(&crew->stop, __ATOMIC_RELAXED);
}

static void join(const struct crew *crew, pthread_t thread)
{
	struct timespec deadline = hung_deadline();

	if (pthread_timedjoin_np(thread, NULL, &deadline))
		die_hung(crew);
}

/*
 * Also called after a failure half-way: members that wait for the start go straight home.
 */
static void crew_close(struct crew *crew)
{
	crew_stop(crew);
	make_readable(crew->start_fd);
	for (unsigned i = 0; i < crew->size; i++)
		join(crew, crew->members[i].thread);
	crew->contender->close();
	sem_destroy(&crew->ready);
	sem_destroy(&crew->over);
	close(crew->start_fd);
	close(crew->stop_fd);
	free(crew->members);
}

int crew_play(const struct contender *contender, const struct team *teams, unsigned n,
	      void (*direct)(struct crew *crew, void *arg), void *arg)
{
	unsigned size = 0, last = teams[n - 1].n;
	struct crew crew;
	int err;

	for (unsigned i = 0; i < n; i++)
		size += teams[i].n;
	err = crew_open(&crew, contender, size);
	if (err)
		return err;
	for (unsigned i = 0; i < n && !err; i++)
		err = crew_add(&crew, &teams[i]);
	if (!err)
		err = crew_start(&crew);
	if (!err && direct)
		direct(&crew, arg);
	else if (!err)
		crew_wait(&crew, size - last, last);
	crew_close(&crew);
	return err;
}

void role_idle(struct member *m)
{
	wait_readable(m->crew->stop_fd);
}

void role_compute(struct member *m)
{
	const unsigned long turns = work_turns(1000);

	m->contender->harmless_end(m->self);
	while (!crew_stopping(m->crew)) {
		work(turns);
		m->contender->checkpoint(m->self);
		member_progress(m);
	}
	m->contender->harmless_now(m->self);
}

static uint64_t status_field(const struct member *m, const char *field)
{
	char text[4096];
	const char *at;

	read_proc(m->tid, "status", text, sizeof(text));
	at = strstr(text, field);
	return at ? strtoull(at + strlen(field), NULL, 10) : 0;
}

uint64_t crew_voluntary_switches(const struct crew *crew, unsigned first, unsigned n)
{
	uint64_t sum = 0;

	for (unsigned i = first; i < first + n; i++)
		sum += status_field(&crew->members[i], "\nvoluntary_ctxt_switches:");
	return sum;
}

uint64_t crew_switches(const struct crew *crew, unsigned first, unsigned n)
{
	uint64_t sum = crew_voluntary_switches(crew, first, n);

	for (unsigned i = first; i < first + n; i++)
		sum += status_field(&crew->members[i], "\nnonvoluntary_ctxt_switches:");
	return sum;
}

struct syscall_counts crew_syscalls(const struct crew *crew, unsigned first, unsigned n)
{
	struct syscall_counts sum = {0, 0, 0};

	for (unsigned i = first; i < first + n; i++) {
		struct syscall_counts c = syscall_counts_read(crew->members[i].syscalls);

		sum.waits += c.waits;
		sum.wakes += c.wakes;
		sum.membarriers += c.membarriers;
	}
	return sum;
}

uint64_t crew_progress(const struct crew *crew, unsigned first, unsigned n)
{
	uint64_t sum = 0;

	for (unsigned i = first; i < first + n; i++)
		sum += __atomic_load_n(&crew->members[i].progress, __ATOMIC_RELAXED);
	return sum;
}
