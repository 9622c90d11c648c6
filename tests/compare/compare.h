/* SPDX-License-Identifier: MIT */
/*
 * What has to hold for whoever is compared with librdv in bench/: that they do the same
 * job, and the same of grace periods.  A property is shown by a crew of the benchmark; it
 * returns NULL or what it has seen that must not be.  One that waits for ever is ended from
 * outside.
 */
#ifndef COMPARE_H
#define COMPARE_H

#include "../../bench/crew.h"
#include "../../bench/measure.h"

typedef const char *property_fn(const struct contender *c);

struct property {
	const char *name;
	property_fn *holds;
	bool returns; /* says that isolate returns, else that it excludes */
};

extern const struct property properties[], grace_properties[];
extern const unsigned n_properties, n_grace_properties;

#endif
