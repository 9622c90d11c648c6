/* SPDX-License-Identifier: MIT */
/*
 * <rdv/export.h> - the statistics of a domain, for other processes.
 *
 * For rdv-top(1) and others outside of the process: a file that it maps and that the
 * program writes to when it likes.  The library has no thread for that: call
 * rdv_export_update() from a loop or a timer, once a second or so.  It costs some
 * microseconds, more with the number of threads, and holds nobody up.
 *
 *	rdv_export_open(domain, "/run/myserver.rdv", &export);
 *	...
 *	rdv_export_update(export);      // in a loop
 *	...
 *	rdv_export_close(export);       // removes the file
 *
 * One thread at a time may use an export, which need not be a member; close it before
 * the domain is destroyed.  After a fork() it is the parent's: close it in the child, if
 * at all, by _exit().
 */
#ifndef RDV_EXPORT_H
#define RDV_EXPORT_H

#include <rdv/stats.h>

#ifdef __cplusplus
extern "C" {
#endif

#define RDV_EXPORT_MAGIC   0x70766472u /* "rdvp" */
#define RDV_EXPORT_VERSION 1u

/*
 * What the file holds, in the byte order of the machine.  changes is odd while it is
 * being written: read it, copy the rest, read it again; if it is even and the same the
 * copy is good.  n_threads of rdv_thread_stats follow at the offset threads_at, but no
 * more than threads_room.
 */
struct rdv_export_page {
	uint32_t magic, version;
	uint32_t size; /* of the file */
	uint32_t changes;
	int32_t pid; /* 0: closed */
	uint32_t n_threads;
	uint32_t threads_at, threads_room;
	uint64_t updated; /* when, in ns of CLOCK_MONOTONIC */
	struct rdv_stats stats;
};

typedef struct rdv_export rdv_export;

/*
 * Creates the file, mode 0600, over one of that name if that is an export, and fills it
 * in.  Returns 0; -EEXIST: there is a file that is something else; -ENOMEM; or what
 * open(2), ftruncate(2) and mmap(2) had to say.
 */
RDV_API int rdv_export_open(const rdv_domain *domain, const char *path,
			    rdv_export **opened);

/* Never fails, makes no system call and allocates nothing. */
RDV_API void rdv_export_update(rdv_export *opened);

/* Says that it is over, and removes the file. */
RDV_API void rdv_export_close(rdv_export *opened);

#ifdef __cplusplus
}
#endif

#endif /* RDV_EXPORT_H */
