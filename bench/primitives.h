/* SPDX-License-Identifier: MIT */
/* How long the parts of an operation take on this machine, in ns. */
#ifndef BENCH_PRIMITIVES_H
#define BENCH_PRIMITIVES_H

struct primitives {
	double locked;     /* a locked instruction on the thread's own line */
	double word;       /* a look at one more word of a mask */
	double transfer;   /* a line that another CPU has written; NAN with one CPU */
	double syscall;    /* a futex wake that finds nobody */
	double wake;       /* waking a thread and switching to it, CPU time of both */
	double membarrier; /* a call of it; NAN where there is none */
};

/* The wake alone, measured at the first call. */
double wake_ns(void);

struct primitives primitives_measure(void);

#endif
