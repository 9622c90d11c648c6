/* SPDX-License-Identifier: MIT */
/*
 * The control of the test of rdv-proxy: guard.h of the proxy, but nobody is isolated or kept,
 * and a server that is deleted is freed at once.
 */
#define guard_isolate  guard_isolate_unused
#define guard_release  guard_release_unused
#define guard_retire   guard_retire_unused
#define guard_for_each guard_for_each_unused
#include "guard.h"
#undef guard_isolate
#undef guard_release
#undef guard_retire
#undef guard_for_each

#define guard_isolate(self) ((void)(self), (void)guard_isolate_unused)
#define guard_release(self) ((void)(self), (void)guard_release_unused)
#define guard_retire(self, taken, fn)                         \
	((void)(self), (void)(fn), (void)guard_retire_unused, \
	 free((char *)(taken)-offsetof(struct server, item)))

static inline bool guard_for_each(rdv_thread *self, void (*fn)(unsigned id, void *arg),
				  void *arg)
{
	(void)guard_for_each_unused;
	for (unsigned id = 0; id <= MAX_WORKERS; id++)
		if (id != rdv_thread_id(self))
			fn(id, arg);
	return true;
}
