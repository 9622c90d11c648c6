/* SPDX-License-Identifier: MIT */
/*
 * <rdv/rdv.hpp> - librdv for C++14 and later.  What a constructor begins, the destructor
 * ends.
 *
 *	rdv::domain domain("server");
 *
 *	// every thread
 *	rdv::thread self(domain, "worker");
 *	while (!stopping) {
 *		n = rdv_epoll_wait(self, epfd, events, MAX, -1);
 *		serve(events, n);
 *	}
 *
 *	// any of them, once in a while
 *	{
 *		rdv::isolation alone(self);
 *		servers.erase(name);
 *	}
 *
 *	// or, if it must not take long
 *	rdv::isolation alone(self, 100ms);
 *	if (!alone)
 *		return "busy";
 *
 * The C functions accept an rdv::domain where they take a rdv_domain *, and an rdv::thread
 * where they take a rdv_thread *.  The constructors of these two classes throw
 * std::system_error with the error of rdv_domain_create() or rdv_thread_register().
 * Without exceptions (-fno-exceptions) they print the error and abort.  rdv::retire() may
 * throw std::bad_alloc.  Nothing else in this header throws by itself.  Deadlines are points
 * of std::chrono::steady_clock, which is CLOCK_MONOTONIC here.
 *
 * Each object except a domain and a grace period belongs to the thread that made it.  It may
 * be moved, but not to another thread.
 *
 * rdv::lock() locks a std::mutex, or anything with lock() and unlock().  A thread that has
 * to wait for the lock is harmless meanwhile (see <rdv/blocking.h>):
 *
 *	auto lock = rdv::lock(self, mutex);
 *	rdv::wait(self, condition, lock, [&] { return !queue.empty(); });
 *
 * rdv::retire() deletes an object once no thread can look at it any more, without waiting for
 * that (see <rdv/handshake.h>):
 *
 *	std::unique_ptr<table> old(current.exchange(table));
 *	rdv::retire(self, std::move(old));
 *
 * rdv::kept keeps one other thread harmless, to look at what only that thread touches while it
 * runs, and rdv::for_each() one after the other:
 *
 *	rdv::for_each(self, [&](unsigned id) { sum += counter[id]; });
 */
#ifndef RDV_RDV_HPP
#define RDV_RDV_HPP

#include <cerrno>
#include <chrono>
#include <condition_variable>
#include <cstdio>
#include <cstdlib>
#include <cstring>
#include <ctime>
#include <limits>
#include <memory>
#include <mutex>
#include <rdv/blocking.h>
#include <rdv/handshake.h>
#include <system_error>
#include <type_traits>
#include <utility>

/* Before C++17 a class cannot be [[nodiscard]]: compilers warn about the attribute. */
#if __cplusplus >= 201703L
#define RDV_PRIV_NODISCARD [[nodiscard]]
#else
#define RDV_PRIV_NODISCARD
#endif

namespace rdv
{

namespace detail
{

using clock = std::chrono::steady_clock;

inline void check(int ret, const char *call)
{
	if (!ret)
		return;
#ifdef __cpp_exceptions
	throw std::system_error(-ret, std::generic_category(), call);
#else
	std::fprintf(stderr, "librdv: %s: %s\n", call, std::strerror(-ret));
	std::abort();
#endif
}

/* A time beyond the range of time_t becomes the first or the last time of that range. */
template <class Duration>
timespec deadline(const std::chrono::time_point<clock, Duration> &when) noexcept
{
	using limits = std::numeric_limits<std::time_t>;
	const auto since = when.time_since_epoch();
	const auto whole = std::chrono::duration_cast<std::chrono::seconds>(since);
	const auto rest =
		std::chrono::duration_cast<std::chrono::nanoseconds>(since - whole);
	auto s = whole.count();
	auto ns = rest.count();
	timespec ts{};

	if (ns < 0) {
		ns += 1000000000;
		s--;
	}
	if (s > limits::max()) {
		ts.tv_sec = limits::max();
	} else if (s < limits::min()) {
		ts.tv_sec = limits::min();
	} else {
		ts.tv_sec = static_cast<std::time_t>(s);
		ts.tv_nsec = static_cast<long>(ns);
	}
	return ts;
}

/* Now plus the time, rounded up; or the last point of the clock, if that comes first. */
template <class Rep, class Period>
clock::time_point after(const std::chrono::duration<Rep, Period> &time) noexcept
{
	using seconds = std::chrono::duration<double>;
	const auto now = clock::now();

	if (time <= time.zero())
		return now;
	if (seconds(time) >= seconds(clock::time_point::max() - now))
		return clock::time_point::max();
	const auto whole = std::chrono::duration_cast<clock::duration>(time);

	return now + whole + clock::duration(whole < time); /* rounded up */
}

struct destroy {
	void operator()(rdv_domain *domain) const noexcept
	{
		const int ret = rdv_domain_destroy(domain);

#ifdef RDV_DEBUG
		if (ret) {
			std::fputs("librdv: misuse: a rdv::domain ends with members\n",
				   stderr);
			std::abort();
		}
#else
		(void)ret;
#endif
	}
};

struct unregister {
	void operator()(rdv_thread *self) const noexcept
	{
		rdv_thread_unregister(self);
	}
};

} /* namespace detail */

/*
 * A domain.  If threads are still registered, the destructor does not destroy the domain:
 * its memory stays with these threads.  With RDV_DEBUG the destructor aborts.  destroy()
 * returns an error instead.
 */
class RDV_PRIV_NODISCARD domain
{
public:
	domain() : domain(defaults())
	{
	}
	explicit domain(const char *name) : domain(defaults(name))
	{
	}
	explicit domain(const rdv_domain_attr &attr)
	{
		rdv_domain *made;

		detail::check(rdv_domain_create(&made, &attr), "rdv_domain_create");
		handle.reset(made);
	}

	/* Attributes to start from. */
	static rdv_domain_attr defaults(const char *name = nullptr) noexcept
	{
		rdv_domain_attr attr = RDV_DOMAIN_ATTR_INIT;

		attr.name = name;
		return attr;
	}

	/* Returns 0, and the object is then empty; or -EBUSY if a thread is registered, or an
	 * export is open. */
	int destroy() noexcept
	{
		const int ret = handle ? rdv_domain_destroy(handle.get()) : 0;

		if (!ret)
			handle.release();
		return ret;
	}

	rdv_domain *get() const noexcept
	{
		return handle.get();
	}
	operator rdv_domain *() const &noexcept
	{
		return get();
	}
	operator rdv_domain *() const && = delete;

private:
	std::unique_ptr<rdv_domain, detail::destroy> handle;
};

/* The membership of the calling thread in a domain. */
class RDV_PRIV_NODISCARD thread
{
public:
	explicit thread(rdv_domain *domain, const char *name = nullptr)
	{
		rdv_thread *made;

		detail::check(rdv_thread_register(domain, name, &made),
			      "rdv_thread_register");
		handle.reset(made);
	}

	unsigned id() const noexcept
	{
		return rdv_thread_id(get());
	}
	bool isolated() const noexcept
	{
		return rdv_isolated(get());
	}
	bool checkpoint() noexcept
	{
		return rdv_checkpoint(get());
	}

	rdv_thread *get() const noexcept
	{
		return handle.get();
	}
	operator rdv_thread *() const &noexcept
	{
		return get();
	}
	operator rdv_thread *() const && = delete;

private:
	std::unique_ptr<rdv_thread, detail::unregister> handle;
};

/*
 * The thread is harmless from the constructor until end() or the destructor.  Both put it
 * back into the state that it had before, as RDV_HARMLESS() does.  If it was running, they
 * wait while a round is on.  In a condition the object is true until it has ended, and
 * false from the start if the thread was harmless before.
 */
class RDV_PRIV_NODISCARD harmless
{
public:
	explicit harmless(rdv_thread *self) noexcept
	    : begun(rdv_priv_harmless_begin(self))
	{
	}
	harmless(harmless &&other) noexcept : begun(std::exchange(other.begun, nullptr))
	{
	}
	harmless &operator=(harmless &&other) noexcept
	{
		if (this != &other) {
			end();
			begun = std::exchange(other.begun, nullptr);
		}
		return *this;
	}
	~harmless()
	{
		end();
	}

	void end() noexcept
	{
		rdv_priv_harmless_end(std::exchange(begun, nullptr));
	}

	/* These return false if a round is on; the thread is then still harmless. */
	bool try_end() noexcept
	{
		return ended(begun ? rdv_harmless_end_try(begun) : 0);
	}
	template <class Duration>
	bool try_end_until(
		const std::chrono::time_point<detail::clock, Duration> &when) noexcept
	{
		const timespec ts = detail::deadline(when);

		return ended(begun ? rdv_harmless_end_until(begun, &ts) : 0);
	}
	template <class Rep, class Period>
	bool try_end_for(const std::chrono::duration<Rep, Period> &time) noexcept
	{
		return try_end_until(detail::after(time));
	}

	explicit operator bool() const noexcept
	{
		return begun != nullptr;
	}

private:
	bool ended(int ret) noexcept
	{
		if (!ret)
			begun = nullptr;
		return !ret;
	}

	rdv_thread *begun;
};

/*
 * Isolation, used like a std::unique_lock.  The constructor isolates, unless its arguments
 * say otherwise, and the destructor releases.  In a condition the object is true while it
 * isolates the thread.
 */
class RDV_PRIV_NODISCARD isolation
{
public:
	explicit isolation(rdv_thread *thread,
			   const char *where = __builtin_FUNCTION()) noexcept
	    : self(thread)
	{
		isolate(where);
	}
	isolation(rdv_thread *thread, std::defer_lock_t) noexcept : self(thread)
	{
	}
	isolation(rdv_thread *thread, std::try_to_lock_t,
		  const char *where = __builtin_FUNCTION()) noexcept
	    : self(thread)
	{
		try_isolate(where);
	}
	isolation(rdv_thread *thread, std::adopt_lock_t) noexcept
	    : self(thread), mine(true)
	{
	}
	template <class Duration>
	isolation(rdv_thread *thread,
		  const std::chrono::time_point<detail::clock, Duration> &when,
		  const char *where = __builtin_FUNCTION()) noexcept
	    : self(thread)
	{
		try_isolate_until(when, where);
	}
	template <class Rep, class Period>
	isolation(rdv_thread *thread, const std::chrono::duration<Rep, Period> &time,
		  const char *where = __builtin_FUNCTION()) noexcept
	    : self(thread)
	{
		try_isolate_for(time, where);
	}

	isolation(isolation &&other) noexcept
	    : self(other.self), mine(std::exchange(other.mine, false))
	{
	}
	isolation &operator=(isolation &&other) noexcept
	{
		if (this != &other) {
			release();
			self = other.self;
			mine = std::exchange(other.mine, false);
		}
		return *this;
	}
	~isolation()
	{
		release();
	}

	/* Does nothing if this object isolates already.  A second object nests. */
	void isolate(const char *where = __builtin_FUNCTION()) noexcept
	{
		if (!mine)
			rdv_isolate_at(self, where);
		mine = true;
	}

	/* These return whether the thread is isolated; see rdv_isolate_try(). */
	bool try_isolate(const char *where = __builtin_FUNCTION()) noexcept
	{
		mine = mine || !rdv_isolate_try_at(self, where);
		return mine;
	}
	template <class Duration>
	bool
	try_isolate_until(const std::chrono::time_point<detail::clock, Duration> &when,
			  const char *where = __builtin_FUNCTION()) noexcept
	{
		const timespec ts = detail::deadline(when);

		mine = mine || !rdv_isolate_until_at(self, &ts, where);
		return mine;
	}
	template <class Rep, class Period>
	bool try_isolate_for(const std::chrono::duration<Rep, Period> &time,
			     const char *where = __builtin_FUNCTION()) noexcept
	{
		return try_isolate_until(detail::after(time), where);
	}

	void release() noexcept
	{
		if (std::exchange(mine, false))
			rdv_release(self);
	}

	explicit operator bool() const noexcept
	{
		return mine;
	}

private:
	rdv_thread *self;
	bool mine = false;
};

namespace detail
{

/* Takes the lock if it is free.  False if it is not, or if the type has no try_lock(). */
template <class Lock> auto try_lock(Lock &lock, int) -> decltype(bool(lock.try_lock()))
{
	return lock.try_lock();
}
template <class Lock> bool try_lock(Lock &, long)
{
	return false;
}

} /* namespace detail */

/*
 * Locks anything that has lock() and unlock(), as rdv_mutex_lock() locks a mutex.  The
 * thread is harmless while it waits for the lock.  It is never held while it has the lock.
 * Throws what lock() throws.
 */
template <class Lock>
RDV_PRIV_NODISCARD std::unique_lock<Lock> lock(rdv_thread *self, Lock &lockable)
{
	while (!detail::try_lock(lockable, 0)) {
		harmless waiting(self);

		lockable.lock();
		if (waiting.try_end())
			break;
		lockable.unlock();
	}
	return std::unique_lock<Lock>(lockable, std::adopt_lock);
}

/* Waits once, as rdv_cond_wait() does.  With a predicate: until that is true. */
inline void wait(rdv_thread *self, std::condition_variable &condition,
		 std::unique_lock<std::mutex> &held)
{
	rdv_cond_wait(self, condition.native_handle(), held.mutex()->native_handle());
}
template <class Predicate>
void wait(rdv_thread *self, std::condition_variable &condition,
	  std::unique_lock<std::mutex> &held, Predicate is_true)
{
	while (!is_true())
		wait(self, condition, held);
}

/* Returns whether the predicate is true.  After the deadline it is asked once more. */
template <class Duration, class Predicate>
bool wait_until(rdv_thread *self, std::condition_variable &condition,
		std::unique_lock<std::mutex> &held,
		const std::chrono::time_point<detail::clock, Duration> &when,
		Predicate is_true)
{
	const timespec ts = detail::deadline(when);

	while (!is_true())
		if (rdv_cond_wait_until(self, condition.native_handle(),
					held.mutex()->native_handle(), &ts) == ETIMEDOUT)
			return is_true();
	return true;
}

/* ------------------------------------------------------------------ grace periods */

/* Returns when each other member has been harmless since, as rdv_synchronize() does.  The
 * others return whether that is so; if not, the time is over. */
inline void synchronize(rdv_thread *self) noexcept
{
	rdv_synchronize(self);
}
template <class Duration>
RDV_PRIV_NODISCARD bool
synchronize_until(rdv_thread *self,
		  const std::chrono::time_point<detail::clock, Duration> &when) noexcept
{
	const timespec ts = detail::deadline(when);

	return !rdv_synchronize_until(self, &ts);
}
template <class Rep, class Period>
RDV_PRIV_NODISCARD bool
synchronize_for(rdv_thread *self, const std::chrono::duration<Rep, Period> &time) noexcept
{
	return synchronize_until(self, detail::after(time));
}

/*
 * A grace period that begins at the constructor.  A value: it may be copied, and is for every
 * thread of the domain.  One that is made without a thread is over.
 */
class RDV_PRIV_NODISCARD grace
{
public:
	grace() noexcept = default;
	explicit grace(rdv_thread *self) noexcept : value(rdv_grace_begin(self))
	{
	}

	/* Asks the threads if it is too early, see rdv_grace_over(). */
	RDV_PRIV_NODISCARD bool over(rdv_thread *self) const noexcept
	{
		return rdv_grace_over(self, value);
	}
	rdv_grace get() const noexcept
	{
		return value;
	}

private:
	rdv_grace value = 0;
};

/* -------------------------------------------------------------------- one thread kept */

/*
 * Keeps another thread harmless, from the constructor until let_go() or the destructor; see
 * rdv_keep().  In a condition the object is true while it keeps a thread.  If it is false,
 * error() says why: it is 0, or the negative errno value of the last call that failed.
 */
class RDV_PRIV_NODISCARD kept
{
public:
	kept(rdv_thread *thread, unsigned id) noexcept : self(thread)
	{
		is(rdv_keep(self, id));
	}
	kept(rdv_thread *thread, unsigned id, std::try_to_lock_t) noexcept : self(thread)
	{
		is(rdv_keep_try(self, id));
	}
	template <class Duration>
	kept(rdv_thread *thread, unsigned id,
	     const std::chrono::time_point<detail::clock, Duration> &when) noexcept
	    : self(thread)
	{
		const timespec ts = detail::deadline(when);

		is(rdv_keep_until(self, id, &ts));
	}
	template <class Rep, class Period>
	kept(rdv_thread *thread, unsigned id,
	     const std::chrono::duration<Rep, Period> &time) noexcept
	    : kept(thread, id, detail::after(time))
	{
	}

	kept(kept &&other) noexcept
	    : self(other.self), failed(other.failed),
	      mine(std::exchange(other.mine, false))
	{
	}
	kept &operator=(kept &&other) noexcept
	{
		if (this != &other) {
			let_go();
			self = other.self;
			failed = other.failed;
			mine = std::exchange(other.mine, false);
		}
		return *this;
	}
	~kept()
	{
		let_go();
	}

	void let_go() noexcept
	{
		if (std::exchange(mine, false))
			rdv_let_go(self);
	}

	int error() const noexcept
	{
		return failed;
	}
	explicit operator bool() const noexcept
	{
		return mine;
	}

private:
	void is(int ret) noexcept
	{
		failed = ret;
		mine = !ret;
	}

	rdv_thread *self;
	int failed;
	bool mine;
};

namespace detail
{

/* By a pointer to its address, as a function's own address is not one of an object. */
template <class Function> void call(unsigned id, void *address) noexcept
{
	(**static_cast<Function **>(address))(id);
}

} /* namespace detail */

/*
 * Calls function(id) for each other member, while that one is kept, and returns how many times;
 * see rdv_for_each().  The function must not throw: std::terminate() is called then.
 */
template <class Function>
unsigned for_each(rdv_thread *self, Function &&function) noexcept
{
	auto *address = std::addressof(function);

	return rdv_for_each(self,
			    detail::call<typename std::remove_reference<Function>::type>,
			    &address);
}

/* --------------------------------------------------------------------- free later */

namespace detail
{

/* For an object that has no room for a rdv_retired: holds its owner meanwhile. */
template <class Owner> struct holder : rdv_retired {
	Owner owner;

	explicit holder(Owner &&from) noexcept : rdv_retired(), owner(std::move(from))
	{
	}
	static void let_go(rdv_retired *item) noexcept
	{
		delete static_cast<holder *>(item);
	}
};

/* Is the object itself the item, and is its deleter one that need not be kept? */
template <class Owner>
using is_item = std::integral_constant<
	bool, std::is_convertible<typename Owner::pointer, rdv_retired *>::value &&
		      std::is_empty<typename Owner::deleter_type>::value &&
		      std::is_default_constructible<typename Owner::deleter_type>::value>;

template <class Owner> void let_go(rdv_retired *item) noexcept
{
	Owner(static_cast<typename Owner::pointer>(item));
}

template <class Owner>
void retire(rdv_thread *self, Owner &owner, std::true_type) noexcept
{
	rdv_retire(self, owner.release(), let_go<Owner>);
}
template <class Owner> void retire(rdv_thread *self, Owner &owner, std::false_type)
{
	rdv_retire(self, new holder<Owner>(std::move(owner)), holder<Owner>::let_go);
}

/* If an exception comes before the object has another owner, nobody deletes it. */
template <class Owner> struct no_delete {
	Owner &owner;

	~no_delete()
	{
		owner.release();
	}
};

} /* namespace detail */

/*
 * Deletes the object, by the deleter of its pointer, once every member, the caller included,
 * has been harmless since; see rdv_retire().  Does nothing for a null pointer.
 *
 * A class that is derived from rdv_retired is retired without an allocation, and that throws
 * nothing:
 *
 *	struct server : rdv_retired { ... };
 *
 * For any other object, or a deleter with a state, memory is allocated.  If that throws, the
 * pointer is as it was before.  The deleter must not throw: std::terminate() is called then.
 */
template <class T, class Deleter>
void retire(rdv_thread *self, std::unique_ptr<T, Deleter> &&object) noexcept(
	detail::is_item<std::unique_ptr<T, Deleter>>::value)
{
	if (object)
		detail::retire(self, object,
			       detail::is_item<std::unique_ptr<T, Deleter>>());
}

/* The same for what new has made.  If the allocation throws, the object is still there. */
template <class T>
void retire(rdv_thread *self,
	    T *object) noexcept(detail::is_item<std::unique_ptr<T>>::value)
{
	using owner = std::unique_ptr<T>;
	owner held(object);
	const detail::no_delete<owner> thrown{held};

	rdv::retire(self, std::move(held));
}

} /* namespace rdv */

#endif /* RDV_RDV_HPP */
