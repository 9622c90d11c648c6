/* SPDX-License-Identifier: MIT */
/*
 * The mixed scenario under schedulers of all sorts.
 */
#include "crew.h"
#include "ops.h"
#include "perturb.h"
#include "scenarios.h"

#include <errno.h>
#include <sched.h>
#include <string.h>
#include <sys/resource.h>

/* ----------------------------------------------------------------------- one CPU */

void scenario_one_cpu(void)
{
	cpu_set_t set, one;
	int cpu = 0;

	if (sched_getaffinity(0, sizeof(set), &set))
		skip("sched_getaffinity: %s", strerror(errno));
	while (!CPU_ISSET(cpu, &set))
		cpu++;
	CPU_ZERO(&one);
	CPU_SET(cpu, &one);
	if (sched_setaffinity(0, sizeof(one), &one))
		skip("sched_setaffinity: %s", strerror(errno));
	crew_work(ops_mixed, 40, NULL);
}

/* ------------------------------------------------------------------------ classes */

static int set_class(int policy)
{
	const struct sched_param param = {.sched_priority = policy == SCHED_FIFO};

	return sched_setscheduler(0, policy, &param) ? errno : 0;
}

static void must_be_permitted(int policy, const char *name)
{
	int error = set_class(policy);

	if (error)
		skip("%s: %s", name, strerror(error));
	set_class(SCHED_OTHER);
}

static void idle_half(struct worker *w)
{
	if (w->index % 2)
		set_class(SCHED_IDLE);
}

void scenario_idle(void)
{
	must_be_permitted(SCHED_IDLE, "SCHED_IDLE");
	crew_work(ops_mixed, 20, idle_half);
}

static void mixture(struct worker *w)
{
	static const int policies[] = {SCHED_FIFO, SCHED_OTHER, SCHED_IDLE};

	set_class(policies[w->index % 3]);
}

/*
 * The machine is not ours alone: all that a thread does here is bounded, and if the
 * library made it burn its CPU the kernel would end it after this much time.
 */
void scenario_fifo(void)
{
	const rlim_t burning_us = 2000000;

	must_be_permitted(SCHED_IDLE, "SCHED_IDLE");
	must_be_permitted(SCHED_FIFO, "SCHED_FIFO");
	if (setrlimit(RLIMIT_RTTIME, &(struct rlimit){burning_us, burning_us}))
		skip("RLIMIT_RTTIME: %s", strerror(errno));
	crew_work(ops_mixed, 20, mixture);
}
