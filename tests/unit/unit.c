/* SPDX-License-Identifier: MIT */
#include "unit.h"

#include <rdv/stats.h>
#include <sched.h>
#include <signal.h>
#include <sys/syscall.h>
#include <sys/wait.h>
#include <time.h>

enum {
	TIMEOUT_S = 600, /* without a step, on a machine that does much else besides */
	DOMAINS = 16,
	ABORTED = 42, /* exit status */
};

const struct timespec unit_far = {.tv_sec = 2000000000};
const struct timespec unit_past = {.tv_nsec = 1};
const struct timespec unit_negative = {.tv_sec = -1, .tv_nsec = 999999999};

static enum unit_variant variant;
static const char *running; /* case */
static rdv_domain *domains[DOMAINS];

enum unit_variant unit_variant(void)
{
	return variant;
}

bool unit_on_valgrind(void)
{
	const char *preload = getenv("LD_PRELOAD");

	return preload && strstr(preload, "vgpreload");
}

bool unit_slow(void)
{
	return UNIT_TSAN || UNIT_ASAN || unit_on_valgrind();
}

void unit_step(void)
{
	static unsigned seconds;
	const char *other;

	if (!seconds) {
		other = getenv("UNIT_TIMEOUT");
		seconds = other ? (unsigned)atoi(other) : TIMEOUT_S;
	}
	alarm(seconds);
}

/* ------------------------------------------------------------------------- dump */

void unit_dump(void)
{
	int i;

	for (i = 0; i < DOMAINS; i++)
		if (domains[i])
			rdv_domain_dump(domains[i], STDERR_FILENO);
	actors_dump();
}

static void watchdog(int signal)
{
	(void)signal;
	dprintf(STDERR_FILENO, "# %s: hangs\n", running ? running : "?");
	unit_dump();
	abort();
}

static void nothing(int signal)
{
	(void)signal;
}

static void handle(int number, void (*handler)(int))
{
	struct sigaction action = {.sa_handler = handler};

	sigaction(number, &action, NULL);
}

/* ------------------------------------------------------------------------ cases */

/* A case in a variant. */
struct instance {
	char name[96];
	enum unit_variant variant;
	void (*run)(void);
};

static const char *const suffixes[VARIANTS] = {
	[PLAIN] = "",          [BIASED] = "/biased",     [EINTRS] = "/eintr",
	[EAGAINS] = "/eagain", [SPURIOUS] = "/spurious", [SPIN] = "/spin",
};

static const int injected[VARIANTS] = {
	[PLAIN] = 1,         [BIASED] = 1,   [EINTRS] = -EINTR,
	[EAGAINS] = -EAGAIN, [SPURIOUS] = 0, [SPIN] = 1,
};

static int set_up(void **state)
{
	const struct instance *instance = *state;

	running = instance->name;
	variant = instance->variant;
	shim_reset();
	shim.every_other = injected[variant];
	unit_step();
	return 0;
}

/* What a case that failed has left behind is told, and forgotten. */
static int tear_down(void **state)
{
	(void)state;
	alarm(0);
	if (actors_left())
		unit_dump();
	actors_forget();
	memset(domains, 0, sizeof(domains));
	return 0;
}

void unit_clear(void)
{
	int i;

	actors_stop();
	for (i = 0; i < DOMAINS; i++)
		if (domains[i])
			unit_destroy(domains[i]);
}

static void run(void **state)
{
	const struct instance *instance = *state;

	instance->run();
	unit_clear();
}

static bool possible(unsigned variants, enum unit_variant v)
{
	if (!(variants & 1u << v))
		return false;
	/* the full fence's accesses are all that ThreadSanitizer understands */
	return v != BIASED || !UNIT_TSAN;
}

static void fill(struct CMUnitTest *test, struct instance *instance,
		 const struct unit_case *c, enum unit_variant v)
{
	snprintf(instance->name, sizeof(instance->name), "%s%s", c->name, suffixes[v]);
	instance->variant = v;
	instance->run = c->run;
	test->name = instance->name;
	test->test_func = run;
	test->setup_func = set_up;
	test->teardown_func = tear_down;
	test->initial_state = instance;
}

int unit_main(const char *group, const struct unit_case *cases, size_t n)
{
	struct CMUnitTest *tests = calloc(n * VARIANTS, sizeof(*tests));
	struct instance *instances = calloc(n * VARIANTS, sizeof(*instances));
	size_t i, count = 0;
	int v, failed;

	if (!tests || !instances)
		return 99;
	if (getenv("UNIT_ONLY")) /* a pattern */
		cmocka_set_test_filter(getenv("UNIT_ONLY"));
	handle(SIGALRM, watchdog);
	handle(SIGUSR2, nothing);
	for (i = 0; i < n; i++) {
		for (v = 0; v < VARIANTS; v++) {
			if (!possible(cases[i].variants, v))
				continue;
			fill(&tests[count], &instances[count], &cases[i], v);
			count++;
		}
	}
	failed = _cmocka_run_group_tests(group, tests, count, NULL, NULL);
	free(tests);
	free(instances);
	return failed != 0;
}

/* ---------------------------------------------------------------------- domains */

rdv_domain_attr unit_attr(void)
{
	rdv_domain_attr attr = RDV_DOMAIN_ATTR_INIT;

	attr.name = running;
	attr.max_threads = 64;
	attr.fence = variant == BIASED ? RDV_FENCE_BIASED : RDV_FENCE_FULL;
	attr.spin_ns = variant == SPIN ? 0 : RDV_SPIN_NEVER;
	attr.patience_ns = RDV_PATIENCE_NONE;
	return attr;
}

rdv_domain *unit_domain_attr(const rdv_domain_attr *attr)
{
	rdv_domain *d = NULL;
	int i;

	assert_int_equal(rdv_domain_create(&d, attr), 0);
	for (i = 0; i < DOMAINS && domains[i]; i++)
		;
	assert_true(i < DOMAINS);
	domains[i] = d;
	return d;
}

rdv_domain *unit_domain(void)
{
	rdv_domain_attr attr = unit_attr();

	return unit_domain_attr(&attr);
}

void unit_destroy(rdv_domain *d)
{
	uint32_t word;
	int i;

	unit_quiet(d);
	assert_int_equal(d->members, 0);
	for (word = 0; word < RDV_MASK_WORDS(d->max_threads); word++) {
		assert_int_equal(d->harmless[word], ~0u);
		assert_int_equal(d->registered[word], 0);
	}
	assert_int_equal(d->sync.pending, 0);
	assert_int_equal(d->sync.turn, RDV_SYNC_IDLE);
	assert_int_equal(d->sync.to_wake, 0);
	assert_int_equal(d->sync.wanting, 0);
	assert_int_equal(d->sync.entered, 0);
	assert_int_equal(d->sync.exited, 0);
	assert_false(d->sync.readable);
	for (i = 0; i < DOMAINS; i++)
		if (domains[i] == d)
			domains[i] = NULL;
	assert_int_equal(rdv_domain_destroy(d), 0);
}

void unit_quiet(const rdv_domain *d)
{
	uint32_t word;

	assert_int_equal(rdv_load_sc(&d->ctl) % RDV_CTL_ROUND, 0);
#define IS_ZERO(word) assert_int_equal(rdv_load_sc(&d->word), 0);
	RDV_WORDS_AT_REST(IS_ZERO)
	assert_int_equal(rdv_load_sc(&d->competing) & RDV_COMPETING, 0);
	assert_int_equal(rdv_load_sc(&d->grace) % 2, 0);
	assert_int_equal(d->claims, 0);
	for (word = 0; word < d->max_threads; word++) {
		assert_int_equal(rdv_load_sc(&d->kept[word]), 0);
		assert_int_equal(rdv_load_sc(&d->told[word]), 0);
	}
	for (word = 0; word < RDV_MASK_WORDS(d->max_threads); word++) {
		assert_int_equal(rdv_load_sc(&d->want_rdv[word]), 0);
		assert_int_equal(rdv_load_sc(&d->owing[word]), 0);
		assert_int_equal(d->refused[word], 0);
	}
}

struct unit_words unit_words(const rdv_domain *d)
{
	struct unit_words w = {
		.ctl = rdv_load_sc(&d->ctl) % RDV_CTL_ROUND,
		.competing = rdv_load_sc(&d->competing) & RDV_COMPETING,
	};
	uint32_t word;

#define READ(word) w.word = rdv_load_sc(&d->word);
	RDV_WORDS_AT_REST(READ)
	for (word = 0; word < RDV_MASK_WORDS(d->max_threads); word++) {
		w.harmless[word] = rdv_load_sc(&d->harmless[word]);
		w.want_rdv[word] = rdv_load_sc(&d->want_rdv[word]);
	}
	return w;
}

void unit_same_words(const struct unit_words *before, const rdv_domain *d)
{
	struct unit_words now = unit_words(d);

	assert_int_equal(now.ctl, before->ctl);
#define IS_SAME(word) assert_int_equal(now.word, before->word);
	RDV_WORDS_AT_REST(IS_SAME)
	assert_int_equal(now.competing, before->competing);
	assert_memory_equal(now.harmless, before->harmless, sizeof(now.harmless));
	assert_memory_equal(now.want_rdv, before->want_rdv, sizeof(now.want_rdv));
}

/* --------------------------------------------------------------------- children */

void unit_check_failed(struct actor *a, const char *file, int line, const char *what)
{
	if (!a) {
		dprintf(STDERR_FILENO, "# child: %s:%d: %s\n", file, line, what);
		unit_dump();
		_exit(1);
	}
	if (!a->failed[0])
		snprintf(a->failed, sizeof(a->failed), "%s:%d: %s", file, line, what);
}

#ifdef UNIT_COVERAGE
void __gcov_dump(void);
#else
#define __gcov_dump() ((void)0)
#endif

/*
 * Under valgrind a child ends as another program: the blocks that only the stacks of
 * threads know which are not there any more would look lost to it.
 */
static _Noreturn void end_child(int status)
{
	char command[16];

	__gcov_dump();
	snprintf(command, sizeof(command), "exit %d", status);
	if (unit_on_valgrind())
		execl("/bin/sh", "sh", "-c", command, (char *)NULL);
	_exit(status);
}

static void aborted(int number)
{
	(void)number;
	end_child(ABORTED);
}

struct unit_call {
	void (*fn)(void *arg);
	void *arg;
};

static void expect_abort(void *arg)
{
	const struct unit_call *call = arg;

	handle(SIGABRT, aborted);
	close(STDERR_FILENO);
	call->fn(call->arg);
}

void unit_in_child(void)
{
	if (UNIT_TSAN && actors_left())
		_exit(0);
	unit_step();
}

static int in_child(void (*begin)(void), void (*fn)(void *arg), void *arg)
{
	pid_t pid;
	int status;

	pid = fork();
	if (pid < 0)
		return -1;
	if (!pid) {
		begin();
		fn(arg);
		end_child(0);
	}
	while (waitpid(pid, &status, 0) < 0)
		if (errno != EINTR)
			return -1;
	return status;
}

int unit_child(void (*fn)(void *arg), void *arg)
{
	return in_child(unit_in_child, fn, arg);
}

bool unit_child_aborts(void (*fn)(void *arg), void *arg)
{
	struct unit_call call = {fn, arg};
	int status = in_child(unit_step, expect_abort, &call);

	return WIFEXITED(status) && WEXITSTATUS(status) == ABORTED;
}

/* -------------------------------------------------------------------- /proc/self */

unsigned long unit_switches(pid_t tid)
{
	unsigned long total = 0, n;
	char path[64], line[128];
	FILE *file;

	snprintf(path, sizeof(path), "/proc/self/task/%d/status", (int)tid);
	file = fopen(path, "r");
	if (!file)
		return 0;
	while (fgets(line, sizeof(line), file))
		if (sscanf(line, "voluntary_ctxt_switches: %lu", &n) == 1 ||
		    sscanf(line, "nonvoluntary_ctxt_switches: %lu", &n) == 1)
			total += n;
	fclose(file);
	return total;
}

unsigned unit_threads(void)
{
	unsigned n = 0;
	char line[128];
	FILE *file = fopen("/proc/self/status", "r");

	if (!file)
		return 0;
	while (fgets(line, sizeof(line), file))
		if (sscanf(line, "Threads: %u", &n) == 1)
			break;
	fclose(file);
	return n;
}
