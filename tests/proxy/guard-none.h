/* SPDX-License-Identifier: MIT */
/*
 * The control of the test of rdv-proxy: guard.h of the proxy, but nobody is isolated, and a
 * server that is deleted is freed at once.
 */
#define guard_isolate guard_isolate_unused
#define guard_release guard_release_unused
#define guard_retire  guard_retire_unused
#include "guard.h"
#undef guard_isolate
#undef guard_release
#undef guard_retire

#define guard_isolate(self) ((void)(self), (void)guard_isolate_unused)
#define guard_release(self) ((void)(self), (void)guard_release_unused)
#define guard_retire(self, taken, fn)                         \
	((void)(self), (void)(fn), (void)guard_retire_unused, \
	 free((char *)(taken)-offsetof(struct server, item)))
