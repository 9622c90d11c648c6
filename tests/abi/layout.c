/* SPDX-License-Identifier: MIT */
/* Prints what the public headers fix besides names: sizes, offsets and values. */
#include <rdv/hathreads.h>
#include <rdv/poll.h>
#include <rdv/sync.h>

#include <stdio.h>

#define SIZE(type)  printf("size %s %zu\n", #type, sizeof(type))
#define VALUE(name) printf("value %s %lu\n", #name, (unsigned long)(name))
#define FIELD(type, field)                                                    \
	printf("field %s.%s %zu+%zu\n", #type, #field, offsetof(type, field), \
	       sizeof(((type *)0)->field))

static void attributes(void)
{
	SIZE(rdv_domain_attr);
	FIELD(rdv_domain_attr, size);
	FIELD(rdv_domain_attr, name);
	FIELD(rdv_domain_attr, max_threads);
	FIELD(rdv_domain_attr, fence);
	FIELD(rdv_domain_attr, spin_ns);
	FIELD(rdv_domain_attr, patience_ns);
	FIELD(rdv_domain_attr, stall_ns);
	FIELD(rdv_domain_attr, on_stall);
	FIELD(rdv_domain_attr, stall_arg);
	VALUE(RDV_FENCE_FULL);
	VALUE(RDV_FENCE_BIASED);
	VALUE(RDV_SPIN_AUTO);
	VALUE(RDV_MAX_THREADS);
}

/* What the inline functions use. */
static void handle(void)
{
	SIZE(struct rdv_thread);
	FIELD(struct rdv_thread, state);
	FIELD(struct rdv_thread, parked);
	FIELD(struct rdv_thread, gate);
	FIELD(struct rdv_thread, biased);
	VALUE(RDV_STATE_RUNNING);
	VALUE(RDV_STATE_HARMLESS);
	VALUE(RDV_STATE_PARKED);
	VALUE(RDV_STATE_PUBLISHED);
	VALUE(RDV_GATE_OWNER);
}

int main(void)
{
	attributes();
	handle();
	return 0;
}
