/* SPDX-License-Identifier: MIT */
#include "scenarios.h"

const struct scenario scenarios[] = {
	{"mixed", "all calls at random", 30, scenario_mixed},
	{"deadlines", "try and until, with deadlines from the past to NULL", 12,
	 scenario_deadlines},
	{"duel", "few threads, few calls, many delays", 15, scenario_duel},
	{"sprint", "fast paths without anything between them", 6, scenario_sprint},
	{"signals",
	 "a storm of signals without SA_RESTART, at points, timers and by others", 15,
	 scenario_signals},
	{"stop", "SIGSTOP and SIGCONT for the process", 5, scenario_stop},
	{"freeze", "threads are stopped one by one, by ptrace", 8, scenario_freeze},
	{"birth", "threads come, and die in every state", 12, scenario_birth},
	{"fork", "fork() in every state, and a child that works", 12, scenario_fork},
	{"crowd", "1000 threads", 10, scenario_crowd},
	{"onecpu", "all threads on one CPU", 6, scenario_one_cpu},
	{"quota", "a CPU quota, in a cgroup", 5, scenario_quota},
	{"idle", "half of the threads SCHED_IDLE", 5, scenario_idle},
	{"fifo", "SCHED_FIFO, SCHED_OTHER and SCHED_IDLE threads", 5, scenario_fifo},
	{"enosys", "membarrier denied: ENOSYS", 2, scenario_enosys},
	{"eperm", "membarrier denied: EPERM", 2, scenario_eperm},
	{"sigsys", "membarrier kills, unless RDV_NO_MEMBARRIER is set", 2,
	 scenario_sigsys},
	{"revoked", "membarrier denied once the domain relies on it", 1,
	 scenario_revoked},
	{0},
};
