/* SPDX-License-Identifier: MIT */
#ifndef RDV_UNIT_DUMP_H
#define RDV_UNIT_DUMP_H

#include "internal.h"

/* Prints the words of a domain and its members to stderr, each line a TAP comment.
 * Takes no lock: for when it hangs. */
void dump_domain(const rdv_domain *d);

#endif
