/* SPDX-License-Identifier: MIT */
/*
 * Text without stdio: for places that a signal handler may come to.  What does not fit
 * is cut; a flushed text is empty again.
 */
#ifndef RDV_TEXT_H
#define RDV_TEXT_H

#include <stddef.h>
#include <stdint.h>

struct rdv_text {
	size_t len;
	char buf[1280]; /* a stall report with all that it lists */
};

void rdv_put(struct rdv_text *t, const char *string);
void rdv_put_name(struct rdv_text *t, const char *name); /* only what can be printed */
void rdv_put_int(struct rdv_text *t, int64_t n);
void rdv_put_hex(struct rdv_text *t, uint32_t n);      /* 8 digits */
void rdv_put_seconds(struct rdv_text *t, uint64_t ns); /* 1.234567 s */

/* "id (name, tid n)" */
void rdv_put_thread(struct rdv_text *t, uint32_t id, const char *name, int32_t tid);

/* Writes it with one write(), if the descriptor takes all of it; 0 or -errno. */
int rdv_text_flush(struct rdv_text *t, int fd);

#endif
