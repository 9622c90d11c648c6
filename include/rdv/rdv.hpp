/* SPDX-License-Identifier: MIT */
/*
 * <rdv/rdv.hpp> - the same for C++17: what is begun by a constructor is ended by the
 * destructor.
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
 * A domain and a thread are what the C functions take where they take a rdv_domain *
 * and a rdv_thread *.  The constructors of these two throw std::system_error with the
 * error of rdv_domain_create() and rdv_thread_register(); nothing else throws.
 * Deadlines are points of std::chrono::steady_clock, which is CLOCK_MONOTONIC here.
 *
 * All but a domain belong to the thread that has made them: they may be moved, but not
 * to another thread.  To lock a std::mutex without blocking while running:
 *
 *	rdv_mutex_lock(self, mutex.native_handle());
 *	std::lock_guard lock(mutex, std::adopt_lock);
 */
#ifndef RDV_RDV_HPP
#define RDV_RDV_HPP

#include <chrono>
#include <ctime>
#include <limits>
#include <memory>
#include <mutex>
#include <rdv/blocking.h>
#include <system_error>
#include <utility>

namespace rdv
{

using clock = std::chrono::steady_clock;

namespace detail
{

inline void check(int ret, const char *call)
{
	if (ret)
		throw std::system_error(-ret, std::generic_category(), call);
}

/* A time that time_t has no room for becomes the first or the last one it has. */
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

/* Not before the time has passed, and at the end of all times at the latest. */
template <class Rep, class Period>
clock::time_point after(const std::chrono::duration<Rep, Period> &time) noexcept
{
	using seconds = std::chrono::duration<double>;
	const auto now = clock::now();

	if (time <= time.zero())
		return now;
	if (seconds(time) >= seconds(clock::time_point::max() - now))
		return clock::time_point::max();
	return now + std::chrono::ceil<clock::duration>(time);
}

struct destroy {
	void operator()(rdv_domain *domain) const noexcept
	{
		rdv_domain_destroy(domain);
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
 * A domain.  While threads are registered the destructor leaves it as it is, and its
 * memory to them; destroy() tells.
 */
class [[nodiscard]] domain
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

	/* Returns 0, and the object is empty; or -EBUSY: threads are registered. */
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
class [[nodiscard]] thread
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
 * The thread is harmless from the constructor until end() or the destructor, which
 * wait while a round is on; and then as it was before, as with RDV_HARMLESS().
 * True in a condition as long as there is something to end.
 */
class [[nodiscard]] harmless
{
public:
	explicit harmless(rdv_thread *self) noexcept : begun(rdv_priv_scope_begin(self))
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
		rdv_priv_scope_end(std::exchange(begun, nullptr));
	}

	/* These return false if a round is on, and the thread is harmless still. */
	bool try_end() noexcept
	{
		return ended(begun ? rdv_harmless_end_try(begun) : 0);
	}
	template <class Duration>
	bool try_end_until(const std::chrono::time_point<clock, Duration> &when) noexcept
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
		return begun;
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
 * Isolation, used like a std::unique_lock: the constructor isolates, unless told
 * otherwise, the destructor releases.  True in a condition while isolated by it.
 */
class [[nodiscard]] isolation
{
public:
	explicit isolation(rdv_thread *thread) noexcept : self(thread)
	{
		isolate();
	}
	isolation(rdv_thread *thread, std::defer_lock_t) noexcept : self(thread)
	{
	}
	isolation(rdv_thread *thread, std::try_to_lock_t) noexcept : self(thread)
	{
		try_isolate();
	}
	isolation(rdv_thread *thread, std::adopt_lock_t) noexcept
	    : self(thread), mine(true)
	{
	}
	template <class Duration>
	isolation(rdv_thread *thread,
		  const std::chrono::time_point<clock, Duration> &when) noexcept
	    : self(thread)
	{
		try_isolate_until(when);
	}
	template <class Rep, class Period>
	isolation(rdv_thread *thread,
		  const std::chrono::duration<Rep, Period> &time) noexcept
	    : self(thread)
	{
		try_isolate_for(time);
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

	/* No effect on an object that has isolated; another one nests. */
	void isolate() noexcept
	{
		if (!mine)
			rdv_isolate(self);
		mine = true;
	}

	/* These return whether the thread is isolated; see rdv_isolate_try(). */
	bool try_isolate() noexcept
	{
		mine = mine || !rdv_isolate_try(self);
		return mine;
	}
	template <class Duration>
	bool
	try_isolate_until(const std::chrono::time_point<clock, Duration> &when) noexcept
	{
		const timespec ts = detail::deadline(when);

		mine = mine || !rdv_isolate_until(self, &ts);
		return mine;
	}
	template <class Rep, class Period>
	bool try_isolate_for(const std::chrono::duration<Rep, Period> &time) noexcept
	{
		return try_isolate_until(detail::after(time));
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

} /* namespace rdv */

#endif /* RDV_RDV_HPP */
