/* SPDX-License-Identifier: MIT */
#include "slots.h"

void slots_reset(struct slots *s)
{
	s->begun = 0;
	s->n_free = 0;
}

unsigned slots_take(struct slots *s, unsigned limit)
{
	unsigned slot = NO_SLOT;

	pthread_mutex_lock(&s->lock);
	if (s->n_free)
		slot = s->free[--s->n_free];
	else if (s->begun < limit)
		slot = s->begun++;
	pthread_mutex_unlock(&s->lock);
	return slot;
}

void slots_give(struct slots *s, unsigned slot)
{
	pthread_mutex_lock(&s->lock);
	s->free[s->n_free++] = slot;
	pthread_mutex_unlock(&s->lock);
}
