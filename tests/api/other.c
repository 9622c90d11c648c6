/* SPDX-License-Identifier: MIT */
/* The other half of consumer.c. */
#include <rdv/rdv.h>
#include <rdv/sync.h>
#include <rdv/hathreads.h>

#ifdef __cplusplus
extern "C" {
#endif

int other(rdv_thread *self);
void (*other_end(void))(rdv_thread *);

int other(rdv_thread *self)
{
	rdv_harmless_now(self);
	rdv_harmless_end(self);
	return rdv_checkpoint(self);
}

void (*other_end(void))(rdv_thread *)
{
	return rdv_harmless_end;
}

#ifdef __cplusplus
}
#endif
