/* SPDX-License-Identifier: MIT */
#include "contender.h"

const struct contender_entry contender_entries[] = {
	{"rdv", &contender_rdv, NULL},
	{"rdv-biased", &contender_rdv_biased, NULL},
	{"rdv-strict", &contender_rdv_strict, NULL},
	{"rdv-sleep", &contender_rdv_sleep, NULL},
	{"seed", &contender_seed, NULL},
	{"seed-yield", &contender_seed_yield, NULL},
	{"haproxy", &contender_haproxy, NULL},
#ifdef HAVE_URCU_QSBR
	{"urcu-qsbr", &contender_urcu_qsbr, NULL},
#else
	{"urcu-qsbr", NULL, "liburcu-qsbr (liburcu-dev)"},
#endif
#ifdef HAVE_URCU_MEMB
	{"urcu-memb", &contender_urcu_memb, NULL},
	{"urcu-defer", &contender_urcu_defer, NULL},
#else
	{"urcu-memb", NULL, "liburcu-memb (liburcu-dev)"},
	{"urcu-defer", NULL, "liburcu-memb (liburcu-dev)"},
#endif
#ifdef HAVE_URCU_MB
	{"urcu-mb", &contender_urcu_mb, NULL},
#else
	{"urcu-mb", NULL, "liburcu-mb (liburcu-dev)"},
#endif
#ifdef HAVE_URCU_BP
	{"urcu-bp", &contender_urcu_bp, NULL},
#else
	{"urcu-bp", NULL, "liburcu-bp (liburcu-dev)"},
#endif
	{"rwlock", &contender_rwlock, NULL},
	{"bravo", &contender_bravo, NULL},
	{"perthread", &contender_perthread, NULL},
#ifdef HAVE_CK
	{"ck", &contender_ck, NULL},
#else
	{"ck", NULL, "Concurrency Kit (libck-dev)"},
#endif
#ifdef HAVE_NSYNC
	{"nsync", &contender_nsync, NULL},
#else
	{"nsync", NULL, "nsync (libnsync-dev)"},
#endif
};

const unsigned n_contender_entries =
	sizeof(contender_entries) / sizeof(contender_entries[0]);

_Static_assert(sizeof(contender_entries) / sizeof(contender_entries[0]) <= MAX_CONTENDERS,
	       "raise MAX_CONTENDERS");

const char *contender_missing(const struct contender *c)
{
	return c->missing ? c->missing() : NULL;
}

const struct contender *contender_for(const struct contender *c, unsigned threads)
{
	while (c && threads > c->max_threads)
		c = c->wider;
	return c;
}
