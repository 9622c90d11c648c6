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

/* What is wrong, and what to do. */
static const struct {
	const char *what, *mend;
} texts[] = {
	[RDV_NOT_HARMLESS] = {"is not harmless", "call rdv_harmless_now() first"},
	[RDV_NOT_ISOLATED] = {"is not isolated", "release once for each rdv_isolate()"},
	[RDV_IS_ISOLATED] = {"is isolated", "call rdv_release() first"},
	[RDV_NOT_ENTERED] = {"has not entered", "call rdv_sync_enter() first"},
	[RDV_HOLDS_LOCK] = {"holds a lock", "drop the lock first"},
	[RDV_OTHER_THREAD] = {"is another thread than the caller",
			      "use the handle of the caller, rdv_thread_self()"},
	[RDV_GONE] = {"has unregistered", "a handle ends with its registration"},
	[RDV_IN_REPORT] = {"is in on_stall of this domain", "do not wait there"},
	[RDV_RETIRED_TWICE] = {"has retired the same item before",
			       "retire it again in its function or later"},
	[RDV_NOT_RUNNING] = {"is not running", "call rdv_harmless_end() first"},
	[RDV_KEEPS_ONE] = {"keeps a thread", "call rdv_let_go() first"},
	[RDV_KEEPS_NOBODY] = {"keeps no thread", "call rdv_keep() first"},
	[RDV_IN_FOR_EACH] = {"is in rdv_for_each()", "do it after that"},
	[RDV_LEFT_IN_REPORT] = {"returned, but has unregistered its thread",
				"stay registered there"},
	[RDV_DROPS_NOTHING] = {"without rdv_lock_taken", "pair the two calls"},
	[RDV_FORKS_IN_CALL] = {"in a signal handler that has interrupted a call",
			       "do not fork there"},
};

/* The page of a call, by how its name begins. */
static const char *page(const char *call)
{
	static const char *const pages[][2] = {
		{"rdv_isolate", "rdv_isolate(3)"},
		{"rdv_release", "rdv_isolate(3)"},
		{"rdv_harmless", "rdv_harmless(3)"},
		{"rdv_checkpoint", "rdv_harmless(3)"},
		{"rdv_thread", "rdv_thread(3)"},
		{"rdv_grace", "rdv_handshake(3)"},
		{"rdv_keep", "rdv_handshake(3)"},
		{"rdv_let_go", "rdv_handshake(3)"},
		{"rdv_for_each", "rdv_handshake(3)"},
		{"rdv_retire", "rdv_handshake(3)"},
		{"rdv_synchronize", "rdv_handshake(3)"}, /* before rdv_sync */
		{"rdv_sync", "rdv_sync(3)"},
		{"on_stall", "rdv_stats(3)"},
		{"fork", "rdv(7)"},
	};
	size_t i;

	for (i = 0; i < sizeof(pages) / sizeof(pages[0]); i++)
		if (!strncmp(call, pages[i][0], strlen(pages[i][0])))
			return pages[i][1];
	return "rdv_debug(3)";
}

static _Noreturn void end(struct rdv_text *t, const char *call, enum rdv_wrong wrong)
{
	rdv_put(t, ", called by tid ");
	rdv_put_int(t, caller());
	rdv_put(t, "; ");
	rdv_put(t, texts[wrong].mend);
	rdv_put(t, ", see ");
	rdv_put(t, page(call));
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

void rdv_misuse(const char *call, const struct rdv_member *m, enum rdv_wrong wrong)
{
	static const char *const states[] = {
		[RDV_STATE_RUNNING] = "running",
		[RDV_STATE_HARMLESS] = "harmless",
		[RDV_STATE_PUBLISHED] = "?",
		[RDV_STATE_PARKED] = "parked",
	};
	struct rdv_text t = {0};

	rdv_put(&t, "librdv: misuse: ");
	put_call(&t, call);
	if (!m) {
		rdv_put(&t, " ");
		rdv_put(&t, texts[wrong].what);
		end(&t, call, wrong);
	}
	rdv_put(&t, " by thread ");
	rdv_put_thread(&t, m->id, m->name, rdv_peek(&m->record.tid));
	rdv_put(&t, " of domain ");
	rdv_put_name(&t, m->domain->name);
	rdv_put(&t, ", which ");
	rdv_put(&t, texts[wrong].what);
	rdv_put(&t, ": state ");
	rdv_put(&t, states[rdv_peek(&m->self.state) & 3]);
	rdv_put(&t, ", isolated ");
	rdv_put_int(&t, rdv_glance(&m->depth));
	rdv_put(&t, ", locks ");
	rdv_put_int(&t, locks);
	end(&t, call, wrong);
}

/* ------------------------------------------------------------------- the checks */

#ifdef RDV_DEBUG

/* A slot exists as long as its domain, so it can be read after its thread has left. */
void rdv_check_owner(const char *call, const struct rdv_member *m)
{
	if (rdv_self_member(m->domain) == m)
		return;
	rdv_misuse(call, m, rdv_peek(&m->record.tid) ? RDV_OTHER_THREAD : RDV_GONE);
}

void rdv_check_locks(const char *call, const struct rdv_member *m)
{
	if (locks)
		rdv_misuse(call, m, RDV_HOLDS_LOCK);
}

void rdv_priv_lock_taken(void)
{
	locks++;
}

void rdv_priv_lock_dropped(void)
{
	if (!locks)
		rdv_misuse("rdv_lock_dropped", NULL, RDV_DROPS_NOTHING);
	locks--;
}

#else

void rdv_priv_lock_taken(void)
{
}

void rdv_priv_lock_dropped(void)
{
}

#endif
