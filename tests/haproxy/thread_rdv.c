/* SPDX-License-Identifier: MIT */
/* The rendez-vous that is not inline: see thread_rdv.h.  HAProxy's thread.c includes it. */

rdv_domain *ha_outer_domain, *ha_inner_domain;
THREAD_LOCAL rdv_thread *ha_outer, *ha_inner;
THREAD_LOCAL bool ha_idle;
struct thread_rdv thread_rdv[MAX_THREADS];

/* A stall is a line on stderr that names the threads that are waited for. */
#define HA_STALL_NS 5000000000u

static void thread_rdv_create(void)
{
	/* The outer domain is isolated for the deletion of a server and for nothing else,
	 * while its threads come and go with each poll: let the isolator pay.
	 */
	static const rdv_domain_attr outer = {.size = sizeof(outer),
					      .name = "idle",
					      .fence = RDV_FENCE_BIASED,
					      .stall_ns = HA_STALL_NS};
	static const rdv_domain_attr inner = {
		.size = sizeof(inner), .name = "harmless", .stall_ns = HA_STALL_NS};

	if (rdv_domain_create(&ha_outer_domain, &outer) ||
	    rdv_domain_create(&ha_inner_domain, &inner)) {
		ha_alert("cannot create the domains of librdv.\n");
		exit(1);
	}
}

void thread_rdv_join(void)
{
	static pthread_once_t once = PTHREAD_ONCE_INIT;
	char name[16];

	pthread_once(&once, thread_rdv_create);
	snprintf(name, sizeof(name), "thread %u", tid + 1);
	if (rdv_thread_register(ha_outer_domain, name, &ha_outer) ||
	    rdv_thread_register(ha_inner_domain, name, &ha_inner)) {
		ha_alert("cannot register thread %u with librdv.\n", tid + 1);
		exit(1);
	}
	HA_ATOMIC_STORE(&thread_rdv[tid].id, (int)rdv_thread_id(ha_inner) + 1);
}

void thread_rdv_leave(void)
{
	HA_ATOMIC_STORE(&thread_rdv[tid].id, 0);
	rdv_thread_unregister(ha_inner);
	rdv_thread_unregister(ha_outer);
	ha_inner = ha_outer = NULL;
}

void thread_harmless_till_end(void)
{
	if (ha_inner)
		rdv_harmless_till_end(ha_inner);
}

void thread_isolate(void)
{
	if (!ha_inner) /* before the threads have started, or after they have gone */
		return;
	HA_ATOMIC_STORE(&thread_rdv[tid].wanted, true);
	rdv_isolate(ha_inner);
}

/* While it waits it must be harmless in both.  Once it is alone in the outer domain nobody
 * can be, or ask to be, alone in the inner one: rdv_harmless_end() does not wait.
 */
void thread_isolate_full(void)
{
	if (!ha_inner)
		return;
	HA_ATOMIC_STORE(&thread_rdv[tid].wanted, true);
	rdv_harmless_now(ha_inner);
	rdv_isolate(ha_outer);
	rdv_harmless_end(ha_inner);
}

/* Here rdv_release() waits for the isolators that have asked meanwhile, so HAProxy must
 * hold no lock across it, as across thread_isolate().
 */
void thread_release(void)
{
	if (!ha_inner)
		return;
	if (rdv_isolated(ha_inner)) {
		rdv_release(ha_inner);
	} else {
		rdv_harmless_now(ha_inner);
		rdv_release(ha_outer);
		rdv_harmless_end(ha_inner);
	}
	HA_ATOMIC_STORE(&thread_rdv[tid].wanted, false);
}

/* rdv_release() returns when the last one has released: that is what this one adds. */
void thread_sync_release(void)
{
	thread_release();
}

unsigned long thread_isolated(void)
{
	return ha_inner && (rdv_isolated(ha_inner) || rdv_isolated(ha_outer)) ? tid_bit
									      : 0;
}
