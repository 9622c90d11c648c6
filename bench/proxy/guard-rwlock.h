/* SPDX-License-Identifier: MIT */
/* examples/proxy/guard.h, with a pthread_rwlock_t: a walk on the list takes it. */
#ifndef GUARD_H
#define GUARD_H

extern pthread_rwlock_t guard_lock;

#define guard_load(p)     (p)
#define guard_store(p, v) ((p) = (v))

static inline void guard_thread_begin(void)
{
}

static inline void guard_thread_end(void)
{
}

static inline void guard_harmless_now(rdv_thread *self)
{
	(void)self;
}

static inline void guard_harmless_end(rdv_thread *self)
{
	(void)self;
}

static inline void guard_read_lock(void)
{
	pthread_rwlock_rdlock(&guard_lock);
}

static inline void guard_read_unlock(void)
{
	pthread_rwlock_unlock(&guard_lock);
}

static inline void guard_write_lock(void)
{
	pthread_rwlock_wrlock(&guard_lock);
}

static inline void guard_write_unlock(void)
{
	pthread_rwlock_unlock(&guard_lock);
}

static inline void guard_isolate(rdv_thread *self)
{
	(void)self;
	guard_write_lock();
}

static inline void guard_release(rdv_thread *self)
{
	(void)self;
	guard_write_unlock();
}

/* The lock guards the list alone: it does not stop what a worker does elsewhere. */
static inline bool guard_for_each(rdv_thread *self, void (*fn)(unsigned id, void *arg),
				  void *arg)
{
	(void)self, (void)fn, (void)arg;
	return false;
}

typedef struct {
	char unused;
} guard_item;

static inline void guard_retire(rdv_thread *self, guard_item *item,
				void (*fn)(guard_item *item))
{
	(void)self;
	fn(item); /* with the lock for writing: no walk is on */
}

static inline void guard_turn(rdv_thread *self)
{
	(void)self;
}

#endif /* GUARD_H */
