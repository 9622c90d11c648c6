/* SPDX-License-Identifier: MIT */
/*
 * Misuse: a line on stderr, and abort().  Most checks are made with --enable-debug only.
 */
#include "misuse.h"
#include "count.h"
#include "text.h"

#include <rdv/debug.h>
#include <stdlib.h>
#include <string.h>
#include <sys/syscall.h>
#include <unistd.h>

static __thread unsigned locks;

static int32_t caller(void)
{
	return (int32_t)syscall(SYS_gettid);
}

static _Noreturn void end(struct rdv_text *t)
{
	rdv_put(t, ", called by tid ");
	rdv_put_int(t, caller());
	rdv_put(t, "\n");
	rdv_text_flush(t, STDERR_FILENO);
	abort();
}

/* The name that the program wrote: rdv_isolate() is a macro for rdv_isolate_at(). */
static void put_call(struct rdv_text *t, const char *call)
{
	char name[32];
	size_t length;

	rdv_name_copy(name, call, sizeof(name));
	length = strlen(name);
	if (length > 3 && !strcmp(name + length - 3, "_at"))
		name[length - 3] = '\0';
	rdv_put(t, name);
}

/* m is the thread, or NULL if the message says nothing about it. */
void rdv_misuse(const char *call, const struct rdv_member *m, const char *what)
{
	static const char *const states[] = {"running", "harmless", "?", "parked"};
	struct rdv_text t = {0};

	rdv_put(&t, "librdv: misuse: ");
	put_call(&t, call);
	if (!m) {
		rdv_put(&t, " ");
		rdv_put(&t, what);
		end(&t);
	}
	rdv_put(&t, " by thread ");
	rdv_put_thread(&t, m->id, m->name, rdv_peek(&m->tid));
	rdv_put(&t, " of domain ");
	rdv_put_name(&t, m->domain->name);
	rdv_put(&t, ", which ");
	rdv_put(&t, what);
	rdv_put(&t, ": state ");
	rdv_put(&t, states[rdv_peek(&m->self.state) & 3]);
	rdv_put(&t, ", isolated ");
	rdv_put_int(&t, rdv_glance(&m->depth));
	rdv_put(&t, ", locks ");
	rdv_put_int(&t, locks);
	end(&t);
}

/* ------------------------------------------------------------------- the checks */

#ifdef RDV_DEBUG

/* A slot exists as long as its domain, so it can be read after its thread has left. */
void rdv_check_owner(const char *call, const struct rdv_member *m)
{
	if (rdv_self_member(m->domain) == m)
		return;
	rdv_misuse(call, m,
		   rdv_peek(&m->tid) ? "is another thread than the caller"
				     : "has unregistered");
}

void rdv_check_locks(const char *call, const struct rdv_member *m)
{
	if (locks)
		rdv_misuse(call, m, "holds a lock");
}

void rdv_priv_lock_taken(void)
{
	locks++;
}

void rdv_priv_lock_dropped(void)
{
	struct rdv_text t = {0};

	if (locks) {
		locks--;
		return;
	}
	rdv_put(&t, "librdv: misuse: rdv_lock_dropped without rdv_lock_taken");
	end(&t);
}

#else

void rdv_priv_lock_taken(void)
{
}

void rdv_priv_lock_dropped(void)
{
}

#endif
