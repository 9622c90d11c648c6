/* SPDX-License-Identifier: MIT */
/*
 * For guards under which connections keep their pointers to a server that was taken out
 * of the list.  No new ones come, so it can be freed once none is left; as nobody is told
 * when that is, the main thread looks whenever it takes out another one.
 */
#ifndef GUARD_RETIRE_H
#define GUARD_RETIRE_H

#include <stdlib.h>

static inline void guard_retire(struct server *s)
{
	static struct server *retired;
	struct server **link = &retired;

	s->next = retired;
	retired = s;
	while ((s = *link) != NULL) {
		if (atomic_load_explicit(&s->active, memory_order_acquire)) {
			link = &s->next;
			continue;
		}
		*link = s->next;
		free(s);
	}
}

#endif /* GUARD_RETIRE_H */
