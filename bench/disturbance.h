/* SPDX-License-Identifier: MIT */
/* How much of the CPUs' time others took while the benchmark ran. */
#ifndef BENCH_DISTURBANCE_H
#define BENCH_DISTURBANCE_H

/*
 * In % of the time of all CPUs that this process may use; NAN if the system does not
 * tell.
 */
struct disturbance {
	double others; /* other processes and the kernel's own work */
	double load;   /* the processes of --load */
	double steal;  /* the hypervisor */
};

void disturbance_begin(void);
struct disturbance disturbance_end(void);

#endif
