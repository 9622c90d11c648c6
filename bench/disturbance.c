/* SPDX-License-Identifier: MIT */
#include "disturbance.h"
#include "load.h"
#include "measure.h"
#include "neighbour.h"

#include <math.h>
#include <stdio.h>
#include <unistd.h>

/* In seconds, since boot or the start of the process. */
struct cpu_time {
	double all, busy, stolen, ours, load;
};

static struct cpu_time at_begin;

/*
 * Adds up the times of the CPUs that this process may use. /proc/stat counts them in
 * ticks.
 */
static struct cpu_time cpu_time(void)
{
	const double tick = 1.0 / (double)sysconf(_SC_CLK_TCK);
	unsigned long long user, nice, system, idle, iowait, irq, softirq, steal;
	struct cpu_time t = {0, 0, 0, 0, 0};
	FILE *f = fopen("/proc/stat", "re");
	char line[512];
	unsigned cpu;

	while (f && fgets(line, sizeof(line), f)) {
		if (sscanf(line, "cpu%u %llu %llu %llu %llu %llu %llu %llu %llu", &cpu,
			   &user, &nice, &system, &idle, &iowait, &irq, &softirq,
			   &steal) != 9)
			continue;
		if (!cpu_usable(cpu))
			continue;
		t.busy += tick * (double)(user + nice + system + irq + softirq);
		t.stolen += tick * (double)steal;
		t.all += tick * (double)(idle + iowait);
	}
	if (f)
		fclose(f);
	t.all += t.busy + t.stolen;
	t.ours = (double)(process_cpu_ns() + neighbour_cpu_ns()) / NS_PER_S;
	t.load = (double)load_cpu_ns() / NS_PER_S;
	return t;
}

void disturbance_begin(void)
{
	at_begin = cpu_time();
}

struct disturbance disturbance_end(void)
{
	struct cpu_time now = cpu_time();
	double all = now.all - at_begin.all;
	double load = now.load - at_begin.load;
	double others = now.busy - at_begin.busy - (now.ours - at_begin.ours) - load;

	if (!(all > 0))
		return (struct disturbance){NAN, NAN, NAN};
	return (struct disturbance){
		.others = 100 * fmax(others, 0) / all,
		.load = 100 * load / all,
		.steal = 100 * (now.stolen - at_begin.stolen) / all,
	};
}
