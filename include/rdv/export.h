/* SPDX-License-Identifier: MIT */
/*
 * <rdv/export.h> - the statistics of a domain, for other processes.
 *
 * The program writes them to a file, which rdv-top(1) and other programs read.  The file
 * is locked as long as the program lives.  The library has no thread for that, so call
 * rdv_export_update() about once a second, from a loop or a timer.  It holds nobody up.
 *
 *	rdv_export_open(domain, "/run/myserver.rdv", &export);
 *	...
 *	rdv_export_update(export);      // in a loop
 *	...
 *	rdv_export_close(export);       // removes the file
 *
 * Only one thread may use an export at a time.  The thread need not be a member.  While an
 * export is open rdv_domain_destroy() returns -EBUSY.  After a fork() it belongs to the parent.  In
 * the child rdv_export_update() does nothing, and rdv_export_close() only frees memory.
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
 * What the file holds, in the byte order of the machine. changes is odd while the file is
 * being written.  A reader reads it, copies the rest, and reads it again.  The copy is
 * good if both values are even and the same.  At the offset threads_at there are
 * n_threads structs rdv_thread_stats, or threads_room of them if that is less.
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
 * Creates the file, mode 0600, fills it in and locks it.  If a file of that name is the
 * export of a program that is dead, the new file takes its place.  Returns 0; -EBUSY: the
 * program is alive; -EEXIST: the file exists, and is not an export; -ENOMEM; or an error of
 * open(2), fcntl(2), pwrite(2), link(2) or rename(2).  A failure leaves no file behind.
 */
RDV_API int rdv_export_open(const rdv_domain *domain, const char *path,
			    rdv_export **opened);

/* Never fails and allocates nothing.  Afterwards a truncated file is complete again. */
RDV_API void rdv_export_update(rdv_export *opened);

/* Marks the export as closed, and removes the file, unless another file has its name. */
RDV_API void rdv_export_close(rdv_export *opened);

#ifdef __cplusplus
}
#endif

#endif /* RDV_EXPORT_H */
