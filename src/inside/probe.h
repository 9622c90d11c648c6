/* SPDX-License-Identifier: MIT */
/*
 * Static probes (USDT), see rdv_probes(7): each is a nop, and a note in the file that
 * says where it is and where its arguments are.
 */
#ifndef RDV_PROBE_H
#define RDV_PROBE_H

#ifdef RDV_PROBES
#include <sys/sdt.h>
#define rdv_probe3(name, a, b, c)       DTRACE_PROBE3(librdv, name, a, b, c)
#define rdv_probe4(name, a, b, c, d)    DTRACE_PROBE4(librdv, name, a, b, c, d)
#define rdv_probe5(name, a, b, c, d, e) DTRACE_PROBE5(librdv, name, a, b, c, d, e)
#else
#define rdv_probe3(name, a, b, c)       ((void)(a), (void)(b), (void)(c))
#define rdv_probe4(name, a, b, c, d)    ((void)(a), (void)(b), (void)(c), (void)(d))
#define rdv_probe5(name, a, b, c, d, e) (rdv_probe4(name, a, b, c, d), (void)(e))
#endif

/* All have in common whose they are: the domain, its name, the id of the thread. */
#define rdv_probe(probe, m) rdv_probe3(probe, (m)->domain, (m)->domain->name, (m)->id)
#define rdv_probe_1(probe, m, a) \
	rdv_probe4(probe, (m)->domain, (m)->domain->name, (m)->id, a)
#define rdv_probe_2(probe, m, a, b) \
	rdv_probe5(probe, (m)->domain, (m)->domain->name, (m)->id, a, b)

#endif
