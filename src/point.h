/* SPDX-License-Identifier: MIT */
/*
 * A point between two atomic accesses.  Nothing, but in the build of tests/stress
 * that yields and sleeps there at random; a label is the function and its line.
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
