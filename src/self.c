/* SPDX-License-Identifier: MIT */
/*
 * The list of a thread's memberships, in which it finds its handles.
 */
#include "domain.h"

/*
 * The memberships of the calling thread.  The model is initial-exec: with any other one
 * the dynamic linker might allocate memory when a signal handler asks for its handle.
 */
static __thread struct rdv_member *memberships __attribute__((tls_model("initial-exec")));

const char rdv_copy = 0;

/* Any membership of the calling thread, or NULL. */
struct rdv_member *rdv_self_any(void)
{
	return memberships;
}

void rdv_self_add(struct rdv_member *m)
{
	m->next = memberships;
	rdv_signal_fence();
	memberships = m;
}

void rdv_self_remove(const struct rdv_member *m)
{
	struct rdv_member **link = &memberships;

	while (*link != m)
		link = &(*link)->next;
	*link = m->next;
}

/* Its membership in this domain, or NULL. */
struct rdv_member *rdv_self_member(const rdv_domain *d)
{
	struct rdv_member *m = memberships;

	while (m && m->domain != d)
		m = m->next;
	return m;
}

rdv_thread *rdv_thread_self(rdv_domain *domain)
{
	struct rdv_member *m = rdv_self_member(domain);

	return m ? &m->self : NULL;
}
