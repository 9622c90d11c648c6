/* SPDX-License-Identifier: MIT */
/*
 * How a thread finds its handles: the list of its memberships.
 */
#include "domain.h"

/*
 * The calling thread's memberships.  Initial-exec, because a signal handler that
 * asks for its handle must not make the dynamic linker allocate.
 */
static __thread struct rdv_member *memberships __attribute__((tls_model("initial-exec")));

/* One of them, or NULL. */
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

/* The one in this domain, or NULL. */
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
