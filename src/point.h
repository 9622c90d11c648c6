/* SPDX-License-Identifier: MIT */
/*
 * A point between two atomic accesses.  It is empty in the library.  In the build for
 * tests/stress a thread yields or sleeps there at random.
 */
#ifndef RDV_POINT_H
#define RDV_POINT_H

#ifdef RDV_PERTURB
void rdv_point(const char *function, int line);
#define RDV_POINT() rdv_point(__func__, __LINE__)
#else
#define RDV_POINT() ((void)0)
#endif

#endif
