/* SPDX-License-Identifier: MIT */
/* How much of our CPUs went elsewhere while we measured. */
#ifndef BENCH_DISTURBANCE_H
#define BENCH_DISTURBANCE_H

/* In % of all the time of the CPUs that we may use; NAN if the system does not say. */
struct disturbance {
	double others; /* other processes and the kernel's own work */
	double load;   /* the processes of --load */
	double steal;  /* the hypervisor */
};

void disturbance_begin(void);
struct disturbance disturbance_end(void);

#endif
