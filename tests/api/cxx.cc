/* SPDX-License-Identifier: MIT */
/* What <rdv/rdv.hpp> promises; compiled as C++17 and later; headers.sh has C++14. */
#include <rdv/rdv.hpp>

#include <atomic>
#include <cerrno>
#include <condition_variable>
#include <cstdio>
#include <cstdlib>
#include <functional>
#include <future>
#include <memory>
#include <mutex>
#include <new>
#include <stdexcept>
#include <thread>
#include <type_traits>
#include <utility>

using namespace std::chrono_literals;

static int failed;

#define CHECK(condition)                                                        \
	do {                                                                    \
		if (!(condition)) {                                             \
			std::fprintf(stderr, "%s:%d: not true: %s\n", __FILE__, \
				     __LINE__, #condition);                     \
			failed = 1;                                             \
		}                                                               \
	} while (0)

/* ------------------------------------------------------------- what the types are */

template <class T> constexpr bool owner()
{
	return !std::is_copy_constructible_v<T> && !std::is_copy_assignable_v<T> &&
	       std::is_nothrow_move_constructible_v<T> &&
	       std::is_nothrow_move_assignable_v<T> && std::is_nothrow_destructible_v<T>;
}

static_assert(owner<rdv::domain>() && owner<rdv::thread>());
static_assert(owner<rdv::harmless>() && owner<rdv::isolation>() && owner<rdv::kept>());
static_assert(std::is_nothrow_constructible_v<rdv::kept, rdv::thread &, unsigned> &&
	      !std::is_constructible_v<rdv::kept, rdv::thread, unsigned>);
static_assert(std::is_nothrow_constructible_v<rdv::harmless, rdv::thread &>);
static_assert(std::is_nothrow_constructible_v<rdv::isolation, rdv::thread &>);
static_assert(!std::is_convertible_v<rdv::thread &, rdv::isolation>);
static_assert(!std::is_convertible_v<rdv::thread &, rdv::harmless>);
/* a temporary would be unregistered at once */
static_assert(!std::is_constructible_v<rdv::isolation, rdv::thread>);
static_assert(!std::is_constructible_v<rdv::thread, rdv::domain>);
/* a value; a thread makes one, and none is made of a thread unasked */
static_assert(std::is_trivially_copyable_v<rdv::grace> &&
	      std::is_nothrow_default_constructible_v<rdv::grace> &&
	      std::is_nothrow_constructible_v<rdv::grace, rdv::thread &> &&
	      !std::is_convertible_v<rdv::thread &, rdv::grace>);
/* no other clock */
static_assert(!std::is_constructible_v<rdv::isolation, rdv::thread &,
				       std::chrono::system_clock::time_point>);

/* ------------------------------------------------------------------- another thread */

/* A thread that is registered and runs; it does what it is told to. */
class mate
{
public:
	explicit mate(rdv::domain &domain) : worker([this, &domain] { work(domain); })
	{
		tell([](rdv::thread &) {}); /* it has registered */
	}
	~mate()
	{
		tell(nullptr);
		worker.join();
	}
	mate(const mate &) = delete;
	mate &operator=(const mate &) = delete;

	/* Returns when it is done. */
	void tell(std::function<void(rdv::thread &)> what)
	{
		std::unique_lock lock(mutex);

		order = std::move(what);
		pending = true;
		changed.notify_all();
		changed.wait(lock, [this] { return !pending; });
	}

private:
	void work(rdv::domain &domain)
	{
		rdv::thread self(domain, "mate");
		std::unique_lock lock(mutex);

		for (bool more = true; more;) {
			changed.wait(lock, [this] { return pending; });
			more = static_cast<bool>(order);
			if (more)
				order(self);
			pending = false;
			changed.notify_all();
		}
		lock.unlock();
	}

	std::mutex mutex;
	std::condition_variable changed;
	std::function<void(rdv::thread &)> order;
	bool pending = false;
	std::thread worker;
};

/* ------------------------------------------------------------------------- cases */

template <class Function> static int error_of(Function function)
{
	try {
		function();
	} catch (const std::system_error &error) {
		return error.code().category() == std::generic_category()
			       ? error.code().value()
			       : -1;
	}
	return 0;
}

static void domains()
{
	rdv_domain_attr attr = rdv::domain::defaults("attr");

	CHECK(attr.max_threads == 0);
	attr.max_threads = RDV_MAX_THREADS + 1;
	CHECK(error_of([&] { rdv::domain bad(attr); }) == EINVAL);
	attr.max_threads = 1;

	rdv::domain first("first"), second(attr);
	rdv_domain *const handle = first.get();

	CHECK(handle && second.get() && rdv::domain().get());
	second = std::move(first);
	CHECK(second.get() == handle);
	first = std::move(second);
	{
		rdv::thread self(first);

		CHECK(first.destroy() == -EBUSY && first.get() == handle);
	}
	CHECK(first.destroy() == 0 && !first.get());
	CHECK(first.destroy() == 0);
}

static void threads()
{
	rdv_domain_attr attr = rdv::domain::defaults();

	attr.max_threads = 1;
	rdv::domain domain(attr);
	{
		rdv::thread self(domain, "self");
		rdv_thread *const handle = self;

		CHECK(handle && rdv_thread_self(domain) == handle && self.id() == 0);
		CHECK(error_of([&] { rdv::thread again(domain); }) == EEXIST);
		std::thread([&] {
			CHECK(error_of([&] { rdv::thread full(domain); }) == ENOSPC);
		}).join();

		rdv::thread moved = std::move(self);
		CHECK(moved.get() == handle);
		CHECK(!moved.checkpoint() && !moved.isolated());
		self = std::move(moved);
		CHECK(self.get() == handle && rdv_thread_self(domain) == handle);
	}
	CHECK(!rdv_thread_self(domain));
}

static void isolations()
{
	rdv::domain domain;
	rdv::thread self(domain);
	{
		rdv::isolation outer(self);

		CHECK(outer && self.isolated());
		{
			rdv::isolation inner(self);

			CHECK(inner && self.isolated());
			inner.release();
			inner.release();
			CHECK(!inner && self.isolated());
			inner.isolate();
			inner.isolate();
		}
		CHECK(self.isolated());

		rdv::isolation moved = std::move(outer);
		CHECK(moved && self.isolated());
		outer = std::move(moved);
		CHECK(outer && self.isolated());
		outer = rdv::isolation(self, std::defer_lock);
		CHECK(!outer && !self.isolated());
		outer.isolate();
		CHECK(outer && self.isolated());
	}
	CHECK(!self.isolated());
	rdv_isolate(self);
	{
		rdv::isolation adopted(self, std::adopt_lock);

		CHECK(adopted);
	}
	CHECK(!self.isolated());
	try {
		rdv::isolation alone(self);

		CHECK(self.isolated());
		throw std::runtime_error("thrown while isolated");
	} catch (const std::runtime_error &) {
		CHECK(!self.isolated());
	}
}

static void tries()
{
	rdv::domain domain;
	rdv::thread self(domain);
	mate other(domain); /* runs */
	const auto begun = std::chrono::steady_clock::now();

	CHECK(!rdv::isolation(self, std::try_to_lock));
	CHECK(!rdv::isolation(self, 0ms));
	CHECK(!rdv::isolation(self, -1h));
	CHECK(!rdv::isolation(self, std::chrono::duration<double>(0.001)));
	CHECK(!rdv::isolation(self, begun));
	CHECK(!rdv::isolation(self, std::chrono::steady_clock::time_point::min()));
	CHECK(!rdv::isolation(self, std::chrono::steady_clock::now() + 20ms));
	CHECK(!rdv::isolation(self, 20ms));
	CHECK(std::chrono::steady_clock::now() - begun >= 40ms);

	rdv::isolation deferred(self, std::defer_lock);
	CHECK(!deferred.try_isolate() && !deferred);
	CHECK(!deferred.try_isolate_for(1us) && !deferred);
	CHECK(!deferred.try_isolate_until(begun) && !deferred);
	CHECK(!self.isolated());

	other.tell([](rdv::thread &mate) { rdv_harmless_now(mate); });
	CHECK(deferred.try_isolate() && deferred && deferred.try_isolate());
	deferred.release();
	CHECK(deferred.try_isolate_for(1h) && deferred.try_isolate_for(1h));
	deferred.release();
	CHECK(deferred.try_isolate_until(begun) && deferred.try_isolate_until(begun));
	deferred.release();
	CHECK(!self.isolated());
	CHECK(rdv::isolation(self, std::try_to_lock));
	CHECK(rdv::isolation(self, 0ms));
	CHECK(rdv::isolation(self, std::chrono::hours::max()));
	CHECK(rdv::isolation(self, std::chrono::steady_clock::time_point::max()));
	CHECK(!self.isolated());
	other.tell([](rdv::thread &mate) { rdv_harmless_end(mate); });
}

static void harmless()
{
	rdv::domain domain;
	rdv::thread self(domain);
	mate other(domain);
	auto isolate = [](rdv::thread &mate) { rdv_isolate(mate); };
	auto release = [](rdv::thread &mate) { rdv_release(mate); };
	auto may_isolate = [&] {
		bool ret = false;

		other.tell([&](rdv::thread &mate) {
			ret = static_cast<bool>(rdv::isolation(mate, std::try_to_lock));
		});
		return ret;
	};

	CHECK(!may_isolate());
	{
		rdv::harmless outer(self);

		CHECK(outer && may_isolate());
		{
			rdv::harmless inner(self); /* it is already: nothing to end */

			CHECK(!inner && inner.try_end() && may_isolate());
		}
		CHECK(may_isolate());
		RDV_HARMLESS(self)
			CHECK(may_isolate());
		CHECK(may_isolate());

		rdv::harmless moved = std::move(outer);
		CHECK(moved && may_isolate());
		outer = std::move(moved);
		CHECK(outer && may_isolate());

		other.tell(isolate);
		CHECK(!outer.try_end() && outer);
		CHECK(!outer.try_end_for(0s) && !outer.try_end_for(1ms) && outer);
		CHECK(!outer.try_end_until(std::chrono::steady_clock::now() + 1ms) &&
		      outer);
		other.tell(release);
		CHECK(outer.try_end_until(std::chrono::steady_clock::now()) && !outer);
		CHECK(!may_isolate());

		outer = rdv::harmless(self);
		CHECK(outer && may_isolate());
		outer.end();
		outer.end();
		CHECK(!outer && !may_isolate());
		outer = rdv::harmless(self);
	}
	CHECK(!may_isolate());
	try {
		RDV_HARMLESS(self)
			throw std::runtime_error("thrown while harmless");
	} catch (const std::runtime_error &) {
		CHECK(!may_isolate());
	}
}

static void deadlines()
{
	using time = std::chrono::steady_clock::time_point;
	auto is = [](timespec ts, std::time_t s, long ns) {
		return ts.tv_sec == s && ts.tv_nsec == ns;
	};
	auto at = [](auto since) {
		using point = std::chrono::time_point<std::chrono::steady_clock,
						      decltype(since)>;

		return rdv::detail::deadline(point(since));
	};

	CHECK(is(at(0s), 0, 0));
	CHECK(is(at(1500ms), 1, 500000000));
	CHECK(is(at(2h), 7200, 0));
	CHECK(is(at(-1ns), -1, 999999999));
	CHECK(is(at(-1500ms), -2, 500000000));
	CHECK(at(time::min().time_since_epoch()).tv_nsec >= 0);
	CHECK(at(time::max().time_since_epoch()).tv_nsec < 1000000000);
	CHECK(is(at(std::chrono::duration<double>(-0.25)), -1, 750000000));
	const auto before = std::chrono::steady_clock::now();
	CHECK(rdv::detail::after(20ms) - before >= 20ms);
	CHECK(rdv::detail::after(std::chrono::hours::max()) == time::max());
	CHECK(rdv::detail::after(std::chrono::steady_clock::duration::max()) ==
	      time::max());
	CHECK(std::chrono::steady_clock::now() - rdv::detail::after(-1h) < 1h);
	CHECK(rdv::detail::after(std::chrono::duration<double>(1e-10)) != time::max());
}

/* Threads change what they share while they run, with a lock that may be busy. */
static void together()
{
	rdv::domain domain;
	std::mutex mutex;
	std::thread crew[4];
	int locked = 0, isolated = 0;

	for (std::thread &one : crew)
		one = std::thread([&] {
			rdv::thread self(domain);

			for (int i = 0; i < 500; i++) {
				{
					const auto lock = rdv::lock(self, mutex);

					locked++;
				}
				if (i % 10)
					continue;
				rdv::isolation alone(self);
				std::lock_guard lock(mutex); /* nobody can have it */
				isolated++;
			}
		});
	for (std::thread &one : crew)
		one.join();
	CHECK(locked == 2000 && isolated == 200);
}

/* Has nothing but what a lock must have, and may refuse. */
class basic_lock
{
public:
	void lock()
	{
		if (refuse)
			throw std::runtime_error("refused");
		mutex.lock();
	}
	void unlock()
	{
		mutex.unlock();
	}

	bool refuse = false;

private:
	std::mutex mutex;
};

/* Whether another thread could isolate while this one waited in fn. */
template <class Wait> static bool waits_harmless(rdv::domain &domain, Wait fn)
{
	std::atomic<bool> isolated{false};
	std::thread other([&] {
		rdv::thread self(domain);
		rdv::isolation alone(self);

		isolated = true;
		fn.end();
	});

	fn.wait();
	other.join();
	return isolated;
}

static void locks()
{
	rdv::domain domain;
	rdv::thread self(domain);
	basic_lock basic;

	{
		const auto lock = rdv::lock(self, basic);

		CHECK(lock.owns_lock());
	}
	basic.refuse = true;
	try {
		const auto lock = rdv::lock(self, basic);

		CHECK(false);
	} catch (const std::runtime_error &) {
		CHECK(rdv::isolation(self, std::try_to_lock)); /* it is running */
	}
}

/* The one who makes the predicate true is isolated, and needs the mutex for that. */
static void conditions()
{
	struct condition {
		rdv::thread &self;
		std::mutex &mutex;
		std::condition_variable &changed;
		bool &full;
		bool timed;

		void end()
		{
			std::lock_guard<std::mutex> lock(mutex);

			full = true;
			changed.notify_one();
		}
		void wait()
		{
			auto lock = rdv::lock(self, mutex);
			const auto is_full = [this] { return full; };

			if (!timed)
				rdv::wait(self, changed, lock, is_full);
			else
				CHECK(rdv::wait_until(
					self, changed, lock,
					std::chrono::steady_clock::now() + 1h, is_full));
			CHECK(full && lock.owns_lock());
			full = false;
		}
	};
	rdv::domain domain;
	rdv::thread self(domain);
	std::mutex mutex;
	std::condition_variable changed;
	bool full = false;

	CHECK(waits_harmless(domain, condition{self, mutex, changed, full, false}));
	CHECK(waits_harmless(domain, condition{self, mutex, changed, full, true}));
	auto lock = rdv::lock(self, mutex);
	CHECK(!rdv::wait_until(self, changed, lock, std::chrono::steady_clock::now(),
			       [] { return false; }));
	CHECK(lock.owns_lock());
}

/* AddressSanitizer does not see that a cancellation leaves frames, and reports them. */
#if defined(__has_feature)
#if __has_feature(address_sanitizer)
#define NO_CANCELLATION
#endif
#endif
#ifdef __SANITIZE_ADDRESS__
#define NO_CANCELLATION
#endif

#if defined(__GLIBC__) && !defined(NO_CANCELLATION) /* it calls the destructors */
/* One that is cancelled in a wait has the mutex again.  It is not held with it: the one
 * who is isolated meanwhile may need the mutex. */
static void cancelled()
{
	struct last {
		std::promise<void> &left;

		~last()
		{
			left.set_value();
		}
	};
	rdv::domain domain;
	rdv::thread self(domain);
	std::mutex mutex;
	std::condition_variable changed;
	std::promise<void> locked, left;
	std::thread other([&] {
		rdv::thread waiter(domain);
		const last end{left};
		auto lock = rdv::lock(waiter, mutex);

		locked.set_value();
		rdv::wait(waiter, changed, lock, [] { return false; });
	});

	{
		rdv::harmless waiting(self);

		locked.get_future().wait();
		std::lock_guard<std::mutex> lock(mutex); /* it waits */
	}
	rdv::isolation alone(self);

	pthread_cancel(other.native_handle());
	left.get_future().wait();
	CHECK(mutex.try_lock());
	mutex.unlock();
	alone.release();
	other.join();
}
#else
static void cancelled()
{
}
#endif

/* ------------------------------------------------------------------ grace periods */

static void graces()
{
	rdv::domain domain;
	rdv::thread self(domain);
	mate other(domain); /* runs */
	const auto begun = std::chrono::steady_clock::now();
	rdv::grace never;

	CHECK(never.over(self) && never.get() == 0);
	CHECK(!rdv::synchronize_for(self, 0ms));
	CHECK(!rdv::synchronize_for(self, -1h));
	CHECK(!rdv::synchronize_until(self, begun));
	CHECK(!rdv::synchronize_for(self, 20ms));
	CHECK(std::chrono::steady_clock::now() - begun >= 20ms);
	other.tell([](rdv::thread &mate) { CHECK(!mate.checkpoint()); });

	const rdv::grace grace(self), copy = grace;
	CHECK(copy.get() == grace.get() && !grace.over(self) && !copy.over(self));
	never = grace;
	CHECK(!never.over(self));
	other.tell([&](rdv::thread &mate) {
		CHECK(!mate.checkpoint() && !grace.over(mate));
	});
	CHECK(!self.checkpoint() && grace.over(self) && copy.over(self));

	other.tell([](rdv::thread &mate) { rdv_harmless_now(mate); });
	CHECK(rdv::synchronize_for(self, 1h));
	CHECK(rdv::synchronize_until(self, std::chrono::steady_clock::now() + 1h));
	rdv::synchronize(self);
	other.tell([](rdv::thread &mate) { rdv_harmless_end(mate); });
}

/* --------------------------------------------------------------- one thread kept */

/* A mate that is harmless, and tries to run. */
static bool may_run(mate &other)
{
	bool runs = false;

	other.tell([&](rdv::thread &mate) {
		runs = !rdv_harmless_end_try(mate);
		if (runs)
			rdv_harmless_now(mate);
	});
	return runs;
}

static void keeps()
{
	rdv::domain domain;
	rdv::thread self(domain);
	mate other(domain); /* runs */
	const auto begun = std::chrono::steady_clock::now();
	unsigned id = 0;

	other.tell([&](rdv::thread &mate) { id = mate.id(); });
	CHECK(rdv::kept(self, id, std::try_to_lock).error() == -EBUSY);
	CHECK(rdv::kept(self, id, 0ms).error() == -ETIMEDOUT);
	CHECK(rdv::kept(self, id, begun).error() == -ETIMEDOUT);
	CHECK(!rdv::kept(self, id, 20ms));
	CHECK(std::chrono::steady_clock::now() - begun >= 20ms);
	CHECK(rdv::kept(self, id + 7).error() == -ESRCH);
	CHECK(rdv::kept(self, self.id()).error() == -EDEADLK);

	other.tell([](rdv::thread &mate) { rdv_harmless_now(mate); });
	{
		rdv::kept one(self, id);

		CHECK(one && one.error() == 0 && !may_run(other));
		rdv::kept moved = std::move(one);
		CHECK(moved && !may_run(other));
		one = std::move(moved);
		CHECK(one && !may_run(other));
		one.let_go();
		one.let_go();
		CHECK(!one && may_run(other));
		one = rdv::kept(self, id, 1h);
		CHECK(one && !may_run(other));
		one.let_go();
		one = rdv::kept(self, self.id());
		CHECK(!one && one.error() == -EDEADLK && may_run(other));
		one = rdv::kept(self, id, std::try_to_lock);
		CHECK(one && !may_run(other));
	}
	CHECK(may_run(other));
	try {
		rdv::kept one(self, id);

		CHECK(!may_run(other));
		throw 1;
	} catch (int) {
		CHECK(may_run(other));
	}
	other.tell([](rdv::thread &mate) { rdv_harmless_end(mate); });
}

static unsigned called_with;

static void note_id(unsigned id)
{
	called_with = id;
}

static void walks()
{
	rdv::domain domain;
	rdv::thread self(domain);
	mate first(domain), second(domain);
	unsigned ids[2] = {0, 0}, n = 0;
	const auto owned = std::make_unique<unsigned>(1);
	auto look = [&, p = std::make_unique<unsigned>(1)](unsigned id) mutable {
		n += *p;
		CHECK(id != self.id() && !may_run(id == ids[0] ? first : second));
	};
	const auto look_again = [&](unsigned) { n += *owned; };

	CHECK(noexcept(rdv::for_each(self, look)));
	first.tell([&](rdv::thread &mate) {
		ids[0] = mate.id();
		rdv_harmless_now(mate);
	});
	second.tell([&](rdv::thread &mate) {
		ids[1] = mate.id();
		rdv_harmless_now(mate);
	});
	CHECK(rdv::for_each(self, look) == 2 && n == 2);
	CHECK(may_run(first) && may_run(second));
	CHECK(rdv::for_each(self, look_again) == 2 && n == 4);
	CHECK(rdv::for_each(self, std::move(look)) == 2 && n == 6);
	CHECK(rdv::for_each(self, std::ref(look_again)) == 2 && n == 8);
	CHECK(rdv::for_each(self, note_id) == 2 && called_with != self.id());
	CHECK(rdv::for_each(self, &note_id) == 2);
	first.tell([](rdv::thread &mate) { rdv_harmless_end(mate); });
	second.tell([](rdv::thread &mate) { rdv_harmless_end(mate); });
}

/* How many objects there are.  A copy has an item of its own. */
static int alive;

struct plain {
	plain()
	{
		alive++;
	}
	virtual ~plain()
	{
		alive--;
	}
	plain(const plain &) = delete;
	plain &operator=(const plain &) = delete;
};
struct item : plain, rdv_retired {
};
struct further : item {
	int more = 1;
};
struct counting {
	int *deleted;

	void operator()(plain *object) const
	{
		++*deleted;
		delete object;
	}
};
struct empty_deleter {
	void operator()(item *object) const
	{
		delete object;
	}
};

template <class T>
static constexpr bool nothrow = noexcept(rdv::retire(nullptr, std::declval<T>()));
static_assert(nothrow<std::unique_ptr<item>> && nothrow<item *> && nothrow<further *>);
static_assert(nothrow<std::unique_ptr<item, empty_deleter>>);
static_assert(!nothrow<std::unique_ptr<plain>> && !nothrow<plain *>);
static_assert(!nothrow<std::unique_ptr<item, void (*)(item *)>>);
static_assert(!nothrow<const item *> && !nothrow<std::unique_ptr<int[]>>);

/* While it is set, new throws. */
static thread_local bool no_memory;

void *operator new(std::size_t size)
{
	void *const memory = no_memory ? nullptr : std::malloc(size);

	if (!memory)
		throw std::bad_alloc();
	return memory;
}

void operator delete(void *memory) noexcept
{
	std::free(memory);
}

void operator delete(void *memory, std::size_t) noexcept
{
	std::free(memory);
}

static void retires()
{
	rdv::domain domain;
	rdv::thread self(domain);
	mate other(domain);
	int deleted = 0;
	const auto all_answer = [&] {
		CHECK(!self.checkpoint());
		other.tell([](rdv::thread &mate) { CHECK(!mate.checkpoint()); });
	};

	no_memory = true;
	rdv::retire(self, std::unique_ptr<item>());
	rdv::retire(self, static_cast<plain *>(nullptr));
	no_memory = false;
	CHECK(rdv_retire_run(self) == 0);

	auto first = std::make_unique<item>();
	auto *const second = new further;
	auto third = std::unique_ptr<item, empty_deleter>(new item);
	no_memory = true;
	rdv::retire(self, std::move(first));
	rdv::retire(self, second);
	rdv::retire(self, std::move(third));
	no_memory = false;
	CHECK(!first && !third && alive == 3);
	rdv::retire(self, std::make_unique<plain>());
	rdv::retire(self, new plain);
	rdv::retire(self, std::unique_ptr<plain, counting>(new plain, {&deleted}));
	rdv::retire(self, std::unique_ptr<const plain[]>(new plain[2]));
	rdv::retire(self, std::unique_ptr<item, void (*)(item *)>(
				  new item, [](item *object) { delete object; }));
	CHECK(alive == 9 && rdv_retire_run(self) == 0 && alive == 9);
	CHECK(!self.checkpoint() && rdv_retire_run(self) == 0 && alive == 9);
	all_answer();
	CHECK(rdv_retire_run(self) == 8 && alive == 0 && deleted == 1);

	/* What does not get its memory stays as it was. */
	auto kept = std::make_unique<plain>();
	auto *const raw = new plain;
	no_memory = true;
	try {
		rdv::retire(self, std::move(kept));
		CHECK(false);
	} catch (const std::bad_alloc &) {
		CHECK(kept && alive == 2);
	}
	try {
		rdv::retire(self, raw);
		CHECK(false);
	} catch (const std::bad_alloc &) {
		CHECK(alive == 2);
	}
	no_memory = false;
	delete raw;
}

/* What is left is deleted when the last thread leaves. */
static void retires_at_the_end()
{
	rdv::domain domain;
	{
		rdv::thread self(domain);

		rdv::retire(self, std::make_unique<item>());
		rdv::retire(self, new plain);
		CHECK(alive == 2);
	}
	CHECK(alive == 0);
}

static void scopes()
{
	rdv::domain domain;
	rdv::thread self(domain);

	try {
		RDV_ISOLATED(self)
		{
			RDV_HARMLESS(self)
				CHECK(self.isolated());
			throw 1;
		}
	} catch (int) {
		CHECK(!self.isolated());
	}
}

int main()
{
	domains();
	threads();
	isolations();
	tries();
	harmless();
	deadlines();
	locks();
	conditions();
	cancelled();
	graces();
	keeps();
	walks();
	retires();
	retires_at_the_end();
	scopes();
	together();
	return failed;
}
