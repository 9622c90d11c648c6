/* SPDX-License-Identifier: MIT */
/*
 * <rdv/scope.h> - a statement that is executed harmless, or isolated.
 *
 *	RDV_HARMLESS(self)
 *		err = getaddrinfo(host, service, &hints, &list);
 *
 *	RDV_ISOLATED(self) {
 *		if (!find(server))
 *			return -ENOENT;         // releases
 *		list_del(server);
 *	}
 *
 * The thread is harmless, or isolated, until it leaves the statement, in whatever way: at
 * its end, by return, by goto, by break, by an exception of C++.
 *
 * RDV_HARMLESS() leaves the thread as it found it.  A thread that was running is running
 * again, so it may be held first.  A thread that was harmless stays harmless, so scopes
 * can be nested.  A thread that was isolated stays isolated.  RDV_ISOLATED() can be
 * nested as rdv_isolate() can.
 *
 * Both are loops that run once, so break and continue end the statement, and do not reach
 * a loop around it.  A return in the statement does not tell the compiler that the
 * function returns there.
 */
#ifndef RDV_SCOPE_H
#define RDV_SCOPE_H

#include <rdv/rdv.h>

#define RDV_HARMLESS(self) \
	RDV_PRIV_SCOPE(rdv_priv_harmless, rdv_priv_harmless_begin(self), __COUNTER__)
#define RDV_ISOLATED(self)                                                         \
	RDV_PRIV_SCOPE(rdv_priv_isolated, rdv_priv_isolated_begin(self, __func__), \
		       __COUNTER__)

#ifdef __cplusplus
extern "C" {
#endif

/* Makes the thread harmless; returns it, or NULL if it was harmless. */
RDV_API rdv_thread *rdv_priv_harmless_begin(rdv_thread *self);

static inline void rdv_priv_harmless_end(rdv_thread *begun)
{
	if (begun)
		rdv_harmless_end(begun);
}

static inline rdv_thread *rdv_priv_isolated_begin(rdv_thread *self, const char *where)
{
	rdv_isolate_at(self, where);
	return self;
}

static inline void rdv_priv_isolated_end(rdv_thread *begun)
{
	rdv_release(begun);
}

/*
 * Each scope has names of its own, also if two are in one line.  The outer loop has the
 * flag.  Nobody takes the address of the flag, so the compiler sees that the statement is
 * executed, and does not warn of variables that may be uninitialized.
 */
#define RDV_PRIV_SCOPE(kind, begin, n) \
	RDV_PRIV_LOOP(kind, begin, RDV_PRIV_NAME(scope, n), RDV_PRIV_NAME(once, n))
#define RDV_PRIV_NAME(a, n)          RDV_PRIV_PASTE(rdv_priv_, a, n)
#define RDV_PRIV_PASTE(prefix, a, n) prefix##a##n

#ifdef __cplusplus
}

template <void (*end)(rdv_thread *)> struct rdv_priv_scope {
	explicit rdv_priv_scope(rdv_thread *thread) : begun(thread)
	{
	}
	~rdv_priv_scope()
	{
		end(begun);
	}
	rdv_priv_scope(const rdv_priv_scope &) = delete;
	rdv_priv_scope &operator=(const rdv_priv_scope &) = delete;

	rdv_thread *begun;
};

#define RDV_PRIV_LOOP(kind, begin, scope, once)    \
	for (bool once = true; once; once = false) \
		for (rdv_priv_scope<kind##_end> scope(begin); once; once = false)

#else

static inline void rdv_priv_harmless_leave(rdv_thread **scope)
{
	rdv_priv_harmless_end(*scope);
}

static inline void rdv_priv_isolated_leave(rdv_thread **scope)
{
	rdv_priv_isolated_end(*scope);
}

#define RDV_PRIV_LOOP(kind, begin, scope, once)                     \
	for (bool once = true; once; once = false)                  \
		for (__attribute__((cleanup(kind##_leave), unused)) \
		     rdv_thread *scope = (begin);                   \
		     once; once = false)

#endif

#endif /* RDV_SCOPE_H */
