/* SPDX-License-Identifier: MIT */
/*
 * The model's machine, on top of Relacy: words, plain data, a kernel with futexes,
 * membarrier and an eventfd, a clock, and the schedulers.
 *
 * Relacy runs the threads of a scenario as coroutines, switches before each access,
 * and lets a load return one of the last values of the word that the memory model
 * of C++11 permits.  It does not delay a store past a later one, nor a load past a
 * later store.
 */
#include <errno.h>

enum { INTERRUPTED = -EINTR, CHANGED = -EAGAIN, TOO_LATE = -ETIMEDOUT };

/* It redefines these, and more. */
#include <relacy/relacy.hpp>
#undef new
#undef delete
#undef malloc
#undef calloc
#undef realloc
#undef free
#undef assert
#undef errno
#undef $

#include "engine.h"

#include <time.h>

/* ---------------------------------------------------- the state of one execution */

enum { WORDS_MAX = 256, DATA_MAX = 32, SLOTS_MAX = 8, MUTEXES_MAX = 2 };

typedef rl::atomic<unsigned> word_t;
typedef rl::var<unsigned> data_t;

template <typename T, unsigned n> struct pool {
	alignas(T) char memory[n][sizeof(T)];
	unsigned used;

	void *take()
	{
		if (used == n)
			abort();
		return memory[used++];
	}
	T *at(unsigned number)
	{
		return reinterpret_cast<T *>(memory[number - 1]);
	}
	void clear()
	{
		while (used)
			reinterpret_cast<T *>(memory[--used])->~T();
	}
};

static pool<word_t, WORDS_MAX> words;
static const rdv_word *word_at[WORDS_MAX];
static pool<data_t, DATA_MAX> data;
static pool<rl::mutex, MUTEXES_MAX> mutexes;

static struct {
	alignas(RDV_CACHE_LINE) char memory[SLOTS_MAX][1024];
	unsigned used;
} blocks;

struct sleeper {
	const void *key;
	uint32_t bitset;
	unsigned thread;
};

static struct execution {
	int acting_for;
	unsigned sleepers, surprises;
	struct sleeper sleeper[MODEL_THREADS_MAX];
	struct model_calls calls[MODEL_THREADS_MAX];
	bool over[MODEL_THREADS_MAX]; /* its deadline has passed */
	void (*handler[MODEL_THREADS_MAX])(void);
	bool in_handler[MODEL_THREADS_MAX];
	uint64_t clock_us;
	uint64_t eventfd;
	unsigned eventfd_writes;
	bool poll_over;
	bool only_time_helps; /* all threads slept when the scheduler was last asked */
} now;

struct model_weather model_weather;
struct timespec model_deadlines[MODEL_THREADS_MAX];

static const struct scenario *scenario;
static struct model_run *run;

static void begin_execution()
{
	words.used = data.used = mutexes.used = blocks.used = 0;
	now = execution();
	now.acting_for = -1;
	/* rounds, and a 32-bit clock in us, wrap soon */
	now.clock_us = (1ull << 32) - 2;
	model_forget_memberships();
}

static void end_execution()
{
	words.clear();
	data.clear();
	mutexes.clear();
}

static rl::debug_info at(rdv_place place)
{
	return rl::debug_info(place.function, place.file, place.line);
}

unsigned model_self(void)
{
	return now.acting_for >= 0 ? (unsigned)now.acting_for : rl::thread_index();
}

unsigned model_threads(void)
{
	return scenario->threads;
}

void model_act_for(int thread)
{
	now.acting_for = thread;
}

void model_fail(const char *what, rdv_place place)
{
	rl::ctx().fail_test(what, rl::test_result_user_assert_failed, at(place));
}

void model_note(const char *what, rdv_place place)
{
	if (rl::ctx().collecting_history())
		rl::ctx().exec_log_msg(at(place), what);
}

/* In a search of the tree each surprise doubles what is to be searched. */
enum { SURPRISES = 2 };

bool model_surprise(unsigned n)
{
	if (!n)
		return false;
	if (run->search == MODEL_RANDOM)
		return !rl::rand(n);
	if (now.surprises == SURPRISES || !rl::rand(2))
		return false;
	now.surprises++;
	return true;
}

/* ---------------------------------------------------------------------- signals */

void model_on_signal(void (*handler)(void))
{
	now.handler[model_self()] = handler;
}

static bool signal_comes(unsigned n)
{
	unsigned self = model_self();

	if (!now.handler[self] || now.in_handler[self] || !model_surprise(n))
		return false;
	now.in_handler[self] = true;
	model_note("a signal", RDV_HERE);
	now.handler[self]();
	now.in_handler[self] = false;
	return true;
}

/* ----------------------------------------------------------------------- words */

/*
 * A word that is zero from the start was written before all threads: its record gets
 * the first time stamp there is, which all of them are past.
 */
static word_t *make_word(const rdv_word *w, unsigned value, bool from_the_start)
{
	rl::context &c = rl::ctx();
	rl::timestamp_t &clock = c.threadx_->own_acq_rel_order_, saved = clock;
	word_t *word;

	c.disable_preemption();
	if (from_the_start)
		clock = 0;
	word = new (words.take()) word_t(value);
	if (from_the_start)
		clock = saved;
	c.enable_preemption();
	const_cast<rdv_word *>(w)->number = words.used;
	word_at[words.used - 1] = w;
	return word;
}

static word_t &word_of(const rdv_word *w)
{
	return w->number ? *words.at(w->number) : *make_word(w, 0, true);
}

/* An access of the running thread is about to happen. */
static word_t &access(const rdv_word *w)
{
	signal_comes(16);
	return word_of(w);
}

void rdv_word::operator=(unsigned value)
{
	if (!number)
		make_word(this, value, false);
	else
		word_of(this).store(value, rl::mo_relaxed, at(RDV_HERE));
}

unsigned rdv_word::newest() const
{
	return number ? words.at(number)->debug_value() : 0;
}

/* Relacy has the orders of __ATOMIC_... under the same numbers. */
static rl::memory_order order_of(int order, const char *operation, rdv_place place)
{
	const struct model_weakening &w = run->weakening;
	const char *slash;

	static_assert(__ATOMIC_RELAXED == rl::mo_relaxed &&
			      __ATOMIC_ACQUIRE == rl::mo_acquire &&
			      __ATOMIC_RELEASE == rl::mo_release &&
			      __ATOMIC_ACQ_REL == rl::mo_acq_rel &&
			      __ATOMIC_SEQ_CST == rl::mo_seq_cst,
		      "other numbers");
	if (w.line != place.line || strcmp(w.operation, operation))
		return (rl::memory_order)order;
	slash = strrchr(place.file, '/');
	if (strcmp(w.file, slash ? slash + 1 : place.file))
		return (rl::memory_order)order;
	run->weakened = true;
	return (rl::memory_order)w.order;
}

unsigned rdv_word::load(int order, rdv_place place) const
{
	return access(this).load(order_of(order, "load", place), at(place));
}

void rdv_word::store(unsigned value, int order, rdv_place place)
{
	access(this).store(value, order_of(order, "store", place), at(place));
}

unsigned rdv_word::exchange(unsigned value, int order, rdv_place place)
{
	return access(this).exchange(value, order_of(order, "xchg", place), at(place));
}

unsigned rdv_word::fetch_add(unsigned value, int order, rdv_place place)
{
	return access(this).fetch_add(value, order_of(order, "add", place), at(place));
}

unsigned rdv_word::fetch_sub(unsigned value, int order, rdv_place place)
{
	return access(this).fetch_sub(value, order_of(order, "sub", place), at(place));
}

unsigned rdv_word::fetch_and(unsigned value, int order, rdv_place place)
{
	return access(this).fetch_and(value, order_of(order, "and", place), at(place));
}

unsigned rdv_word::fetch_or(unsigned value, int order, rdv_place place)
{
	return access(this).fetch_or(value, order_of(order, "or", place), at(place));
}

/* A compare-and-swap that fails is but a load, so it may fail for an old value, where
 * Relacy's compares with the newest. */
bool rdv_word::compare_exchange(unsigned *expected, unsigned value, int success,
				int failure, rdv_place place)
{
	word_t &word = access(this);
	rl::memory_order swaps = order_of(success, "cas", place);
	rl::memory_order loads = order_of(failure, "cas", place);

	if (loads == rl::mo_acq_rel)
		loads = rl::mo_acquire;
	if (model_surprise(8)) {
		unsigned seen = word.load(loads, at(place));

		if (seen != *expected) {
			*expected = seen;
			return false;
		}
	}
	return word.compare_exchange_strong(*expected, value, swaps, at(place), loads,
					    at(place));
}

/* ------------------------------------------------------------------------ data */

static data_t &data_of(model_data *d)
{
	if (!d->number) {
		new (data.take()) data_t(0);
		d->number = data.used;
	}
	return *data.at(d->number);
}

void model_data::read(rdv_place place)
{
	(void)(unsigned)data_of(this)(at(place));
}

void model_data::write(rdv_place place)
{
	data_of(this)(at(place)) = 1;
}

int model_alloc(void **block, size_t, size_t size)
{
	if (size > sizeof(blocks.memory[0]) || blocks.used == SLOTS_MAX)
		abort();
	*block = blocks.memory[blocks.used++];
	return 0;
}

/* --------------------------------------------------------------- sleep and wake-up
 *
 * The kernel compares and goes to sleep in one step, and with the newest value.  It
 * gives no ordering: the protocol relies on none but that of its words.
 */

struct model_calls *model_calls(unsigned thread)
{
	return &now.calls[thread];
}

bool model_sleeps_on(unsigned thread, const rdv_word *word)
{
	for (unsigned i = 0; i < now.sleepers; i++)
		if (now.sleeper[i].thread == thread && now.sleeper[i].key == word)
			return true;
	return false;
}

static void remove_sleeper(unsigned i)
{
	now.sleepers--;
	for (; i < now.sleepers; i++)
		now.sleeper[i] = now.sleeper[i + 1];
}

static rl::unpark_reason sleep_on(const void *key, uint32_t bitset, bool timed,
				  bool spurious)
{
	unsigned self = model_self(), i;
	rl::unpark_reason reason;

	now.sleeper[now.sleepers++] = {key, bitset, self};
	reason = rl::ctx().park_current_thread(timed, spurious, false, at(RDV_HERE));
	if (reason == rl::unpark_reason_normal)
		return reason;
	for (i = 0; now.sleeper[i].thread != self; i++)
		;
	remove_sleeper(i);
	return reason;
}

/* Whom, is the scheduler's choice: threads have priorities. */
static int wake_on(const void *key, int n, uint32_t bitset)
{
	unsigned match[MODEL_THREADS_MAX], matches, i, thread;
	int woken = 0;

	for (; n > 0; n--) {
		for (matches = i = 0; i < now.sleepers; i++)
			if (now.sleeper[i].key == key && (now.sleeper[i].bitset & bitset))
				match[matches++] = i;
		if (!matches)
			break;
		i = match[matches > 1 ? rl::rand(matches) : 0];
		thread = now.sleeper[i].thread;
		remove_sleeper(i);
		rl::ctx().unpark_thread((rl::thread_id_t)thread, false, at(RDV_HERE));
		woken++;
	}
	return woken;
}

/*
 * A deadline is the thread's own one of model_deadlines[], which is zero and passes at any
 * moment, or a time by our clock that the library has made.
 */
static uint64_t time_of(const struct timespec *deadline)
{
	return (uint64_t)deadline->tv_sec * 1000000000 + (uint64_t)deadline->tv_nsec;
}

int rdv_futex_wait(const rdv_word *word, uint32_t expected, uint32_t bitset,
		   const struct timespec *deadline)
{
	unsigned self = model_self();
	rl::unpark_reason reason;

	if (rdv_deadline_passed(deadline))
		return TOO_LATE;
	if (!now.in_handler[self])
		now.calls[self].waits++;
	if (signal_comes(8) && model_surprise(2)) /* else SA_RESTART */
		return INTERRUPTED;
	word_of(word);
	rl::ctx().sched();
	if (word->newest() != expected) {
		model_note("futex_wait: EAGAIN", RDV_HERE);
		return CHANGED;
	}
	if (model_surprise(model_weather.interrupt)) {
		model_note("futex_wait: EINTR", RDV_HERE);
		return INTERRUPTED;
	}
	now.calls[self].sleeps++;
	model_note("futex_wait: sleeps", RDV_HERE);
	reason =
		sleep_on(word, bitset, deadline, model_surprise(model_weather.interrupt));
	if (reason == rl::unpark_reason_normal) {
		model_note("futex_wait: woken", RDV_HERE);
		return 0;
	}
	if (reason == rl::unpark_reason_timeout) {
		model_note("futex_wait: ETIMEDOUT", RDV_HERE);
		if (!time_of(deadline))
			now.over[self] = true;
		else if (now.only_time_helps)
			model_only_time_helped();
		if (now.clock_us * 1000 < time_of(deadline))
			now.clock_us = time_of(deadline) / 1000;
		return TOO_LATE;
	}
	model_note("futex_wait: woken by nobody", RDV_HERE);
	signal_comes(2);
	return model_surprise(2) ? (int)INTERRUPTED : 0;
}

int rdv_futex_wake(const rdv_word *word, int n, uint32_t bitset)
{
	unsigned self = model_self();
	char note[32];
	int woken;

	signal_comes(16);
	rl::ctx().sched();
	woken = wake_on(word, n, bitset);
	snprintf(note, sizeof(note), "futex_wake: %d", woken);
	model_note(note, RDV_HERE);
	now.calls[self].wakes++;
	now.calls[self].woken += (unsigned)woken;
	return woken;
}

/* -------------------------------------------------------------- fences and clocks */

static void (*fence_of)(unsigned thread); /* a full fence, executed by that thread */

/* membarrier: each thread has a fence at some moment of the call, the caller two. */
void rdv_fence_all(void)
{
	unsigned self = model_self(), first = rl::rand(scenario->threads), i, thread;

	now.calls[self].fences++;
	model_note("membarrier", RDV_HERE);
	rl::ctx().sched();
	fence_of(self);
	for (i = 0; i < scenario->threads; i++) {
		thread = (first + i) % scenario->threads;
		if (thread == self)
			continue;
		rl::ctx().sched();
		fence_of(thread);
	}
	rl::ctx().sched();
	fence_of(self);
	model_note("membarrier: done", RDV_HERE);
}

uint64_t rdv_clock_ns(void)
{
	return now.clock_us * 1000;
}

static uint64_t later_us(void)
{
	if (model_surprise(model_weather.jump))
		now.clock_us += 1000000;
	return now.clock_us;
}

uint32_t rdv_now_us(void)
{
	return (uint32_t)later_us();
}

/* A releaser reads it, and rdv_now_us() only if it has changed. */
uint64_t rdv_clock_coarse_ns(void)
{
	return later_us() * 1000;
}

uint64_t model_clock_us(void)
{
	return now.clock_us;
}

void model_pass(uint64_t us)
{
	now.clock_us += us;
}

struct timespec rdv_deadline_at(uint64_t ns)
{
	struct timespec ts;

	ts.tv_sec = (time_t)(ns / 1000000000);
	ts.tv_nsec = (long)(ns % 1000000000);
	return ts;
}

bool rdv_deadline_earlier(const struct timespec *, const struct timespec *)
{
	return model_surprise(2);
}

bool rdv_deadline_passed(const struct timespec *deadline)
{
	unsigned self = model_self();

	if (!deadline)
		return false;
	if (time_of(deadline))
		return now.clock_us * 1000 >= time_of(deadline);
	if (!now.over[self] && model_surprise(4))
		now.over[self] = true;
	return now.over[self];
}

bool model_deadline_is_over(void)
{
	return now.over[model_self()];
}

/* -------------------------------------------------------------------- spinning */

bool rdv_spin_begin(struct rdv_spin *spin, rdv_domain *, enum rdv_spin_kind,
		    const struct timespec *)
{
	spin->once = model_surprise(4);
	return spin->once;
}

bool rdv_spin_once(struct rdv_spin *spin)
{
	bool again = spin->once;

	spin->once = false;
	return again;
}

void rdv_spin_prolong(struct rdv_spin *)
{
}

void rdv_spin_end(struct rdv_spin *)
{
}

/* ------------------------------------------------------------- locks, the eventfd */

void rdv_lock_at(rdv_mutex *mutex, rdv_place place)
{
	signal_comes(16);
	if (!mutex->number) {
		new (mutexes.take()) rl::mutex;
		mutex->number = mutexes.used;
	}
	mutexes.at(mutex->number)->lock(at(place));
}

void rdv_unlock_at(rdv_mutex *mutex, rdv_place place)
{
	signal_comes(16);
	mutexes.at(mutex->number)->unlock(at(place));
}

int model_eventfd(void)
{
	return 3;
}

long model_eventfd_access(long number, int, const void *)
{
	rl::ctx().sched();
	if (number == SYS_write) {
		model_note("writes the eventfd", RDV_HERE);
		now.eventfd++;
		now.eventfd_writes++;
		wake_on(&now.eventfd, MODEL_THREADS_MAX, 1);
	} else {
		model_note("drains the eventfd", RDV_HERE);
		MODEL_CHECK(now.eventfd);
		now.eventfd = 0;
	}
	return 8;
}

unsigned model_eventfd_writes(void)
{
	return now.eventfd_writes;
}

bool model_eventfd_readable(void)
{
	return now.eventfd;
}

void model_poll(void)
{
	rl::ctx().sched();
	while (!now.eventfd && !now.poll_over)
		sleep_on(&now.eventfd, 1, false, false);
}

void model_poll_over(void)
{
	now.poll_over = true;
	wake_on(&now.eventfd, MODEL_THREADS_MAX, 1);
}

/* ---------------------------------------------------------------------- chance
 *
 * splitmix64.  Relacy's own generator repeats the low bits of its numbers after a few
 * calls, and it takes choices between two from those.
 */
class generator
{
public:
	void seed(uint64_t seed, uint64_t execution)
	{
		state = seed * 0xd1342543de82ef95ull + execution * 0x2545f4914f6cdd1dull;
		next();
	}
	uint64_t next()
	{
		uint64_t z = state += 0x9e3779b97f4a7c15ull;

		z = (z ^ z >> 30) * 0xbf58476d1ce4e5b9ull;
		z = (z ^ z >> 27) * 0x94d049bb133111ebull;
		return z ^ z >> 31;
	}
	unsigned below(unsigned limit)
	{
		return (unsigned)(((next() >> 32) * limit) >> 32);
	}

private:
	uint64_t state;
};

static uint64_t ns_now()
{
	struct timespec ts;

	clock_gettime(CLOCK_MONOTONIC, &ts);
	return (uint64_t)ts.tv_sec * 1000000000 + (uint64_t)ts.tv_nsec;
}

static uint64_t started;

static bool out_of_time(uint64_t execution)
{
	run->done = execution;
	if (execution >= run->executions)
		return true;
	return run->seconds > 0 && execution % 256 == 0 &&
	       (double)(ns_now() - started) > run->seconds * 1e9;
}

/*
 * Random executions, of three kinds, because each is blind where another sees:
 * switching anywhere; switching rarely; and switching only where a thread of a higher
 * priority can run, priorities being random and changed at a few random points
 * (Burckhardt et al., A Randomized Scheduler with Probabilistic Guarantees of Finding
 * Bugs, 2010).  How old the values are that loads return varies likewise.
 */
template <int n>
class random_scheduler
    : public rl::scheduler<random_scheduler<n>, rl::scheduler_thread_info, n>
{
public:
	typedef rl::scheduler<random_scheduler<n>, rl::scheduler_thread_info, n> base_t;
	typedef typename base_t::thread_info_t thread_info_t;
	typedef typename base_t::shared_context_t shared_context_t;
	struct task_t {
	};

	random_scheduler(rl::test_params &params, shared_context_t &ctx, int dynamic)
	    : base_t(params, ctx, dynamic)
	{
	}

	rl::thread_id_t iteration_begin_impl()
	{
		rl::unpark_reason reason;
		int i, j;

		chance.seed(run->seed, this->iter_);
		steps = running = 0;
		kind = chance.below(4);
		stale = 1u << chance.below(4);
		stay = chance.below(6);
		for (i = 0; i < n; i++) {
			j = (int)chance.below((unsigned)i + 1);
			priority[i] = priority[j];
			priority[j] = CHANGES + i;
		}
		for (i = 0; i < CHANGES; i++)
			change[i] = chance.below(64u << chance.below(4));
		return schedule_impl(reason, 0);
	}

	bool iteration_end_impl()
	{
		return out_of_time(this->iter_);
	}

	rl::thread_id_t schedule_impl(rl::unpark_reason &reason, unsigned)
	{
		int running_count = this->running_threads_count;
		int timed = this->timed_thread_count_,
		    spurious = this->spurious_thread_count_;

		now.only_time_helps = !running_count;
		if (timed && (!running_count || !chance.below(16)))
			return wake(this->timed_threads_, timed,
				    rl::unpark_reason_timeout, reason);
		if (spurious && running_count && !chance.below(16))
			return wake(this->spurious_threads_, spurious,
				    rl::unpark_reason_spurious, reason);
		reason = rl::unpark_reason_normal;
		return running_count == 1 ? this->running_threads[0]
					  : pick(running_count);
	}

	unsigned rand_impl(unsigned limit, rl::sched_type type)
	{
		if (type == rl::sched_type_atomic_load) /* 0: no older one */
			return stale != 8 && !chance.below(stale + 1);
		return chance.below(limit);
	}

	rl::iteration_t iteration_count_impl()
	{
		return run->executions;
	}

	void get_state_impl(std::ostream &)
	{
	}

	void set_state_impl(std::istream &)
	{
	}

	void on_thread_block(rl::thread_id_t, bool)
	{
	}

private:
	enum { CHANGES = 4, FAIR = 200 };

	generator chance;
	unsigned kind, stay, stale;
	unsigned steps, running; /* all; those of the same thread in a row */
	unsigned change[CHANGES];
	int priority[n];

	rl::thread_id_t wake(thread_info_t **threads, int count, rl::unpark_reason why,
			     rl::unpark_reason &reason)
	{
		rl::thread_id_t thread = threads[chance.below((unsigned)count)]->index_;

		this->unpark_thread(thread);
		reason = why;
		return thread;
	}

	rl::thread_id_t pick(int count)
	{
		rl::thread_id_t last = this->thread_ ? this->thread_->index_ : 0;
		rl::thread_id_t thread;

		steps++;
		if (kind == 0)
			return this->running_threads[chance.below((unsigned)count)];
		if (kind == 1) {
			if (this->thread_ &&
			    this->thread_->state_ == rl::thread_state_running &&
			    chance.below(2u << stay))
				return last;
			return this->running_threads[chance.below((unsigned)count)];
		}
		for (int i = 0; i < CHANGES; i++)
			if (steps == change[i])
				priority[last] = i;
		if (running > FAIR) /* it may be waiting for another one */
			priority[last] = -(int)steps;
		thread = this->running_threads[0];
		for (int i = 1; i < count; i++)
			if (priority[this->running_threads[i]] > priority[thread])
				thread = this->running_threads[i];
		running = thread == last ? running + 1 : 0;
		return thread;
	}
};

/* Relacy's searches of the tree of choices, which end when time is up. */
template <typename search> class limited : public search
{
public:
	using search::search;

	bool iteration_end()
	{
		run->exhausted = search::iteration_end();
		return out_of_time(this->iter_) || run->exhausted;
	}
};

/* ---------------------------------------------------------------------- running */

template <int n> struct suite : rl::test_suite<suite<n>, n> {
	void before()
	{
		fence_of = fence;
		begin_execution();
		scenario->before();
		model_act_for(-1);
	}
	void thread(unsigned self)
	{
		try {
			scenario->thread(self);
		} catch (const model_ended &) {
			return;
		}
		model_thread_returns();
	}
	void after()
	{
		scenario->after();
		end_execution();
	}

	/* The threads are an array of which we know one. */
	static void fence(unsigned thread)
	{
		typedef rl::aligned<rl::thread_info<n>> info_t;
		rl::context &c = rl::ctx();
		info_t *self = static_cast<info_t *>(c.threadx_);

		(self - self->index_ + thread)
			->atomic_thread_fence_seq_cst(c.seq_cst_fence_order_);
	}
};

template <int n>
static void execute(rl::test_params &params, std::ostream &state, bool again)
{
	typedef rl::context_bound_scheduler<n> bound_t;
	typedef rl::full_search_scheduler<n> full_t;

	if (run->search == MODEL_RANDOM)
		rl::run_test<suite<n>, random_scheduler<n>>(params, state, again);
	else if (run->search == MODEL_BOUND)
		rl::run_test<suite<n>, limited<bound_t>>(params, state, again);
	else
		rl::run_test<suite<n>, limited<full_t>>(params, state, again);
}

static void dispatch(rl::test_params &params, std::ostream &state, bool again)
{
	switch (scenario->threads) {
	case 2:
		return execute<2>(params, state, again);
	case 3:
		return execute<3>(params, state, again);
	case 4:
		return execute<4>(params, state, again);
	case 5:
		return execute<5>(params, state, again);
	}
	abort();
}

/*
 * Relacy writes histories to a stream; this one puts the names of the words in place of
 * their addresses.  It allocates nothing, as Relacy takes note of what is allocated.
 */
class named_words : public std::streambuf
{
	char line[1024];
	size_t used = 0;

	int overflow(int c) override
	{
		if (used < sizeof(line) - 1)
			line[used++] = (char)c;
		if (c == '\n')
			flush();
		return c;
	}

	void flush()
	{
		char name[64], *rest = line, *open, *close;
		void *address;

		line[used] = '\0';
		while ((open = strchr(rest, '<')) && (close = strchr(open, '>')) &&
		       sscanf(open, "<%p>", &address) == 1) {
			fwrite(rest, 1, (size_t)(open - rest), stdout);
			fputs(name_of(address, name, sizeof(name)), stdout);
			rest = close + 1;
		}
		fputs(rest, stdout);
		used = 0;
	}

	const char *name_of(void *address, char *name, size_t size)
	{
		for (unsigned i = 0; i < words.used; i++)
			if (address == words.memory[i])
				return model_name_of(word_at[i], name, size);
		return "?";
	}
};

/* The failed execution once more, written down. */
static void print_history(rl::test_params params, const rl::string &state)
{
	std::ostream ignored(nullptr);
	named_words buffer;
	std::ostream out(&buffer);

	params.output_stream = &out;
	params.initial_state = state;
	params.collect_history = true;
	dispatch(params, ignored, true);
}

void model_execute(const struct scenario *which, struct model_run *how)
{
	rl::ostringstream state;
	std::ostream ignored(nullptr);
	rl::test_params params;
	char first[24];

	scenario = which;
	run = how;
	run->done = 0;
	run->failed = run->exhausted = run->weakened = false;
	started = ns_now();
	params.iteration_count = run->executions;
	params.output_stream = params.progress_stream = &ignored;
	params.search_type = run->search == MODEL_RANDOM  ? rl::sched_random
			     : run->search == MODEL_BOUND ? rl::sched_bound
							  : rl::sched_full;
	params.context_bound = run->bound;
	params.execution_depth_limit = 5000;
	if (run->first > 1) {
		snprintf(first, sizeof(first), "%llu", (unsigned long long)run->first);
		params.initial_state = first;
	}
	dispatch(params, state, false);
	if (params.test_result == rl::test_result_success)
		return;
	run->failed = true;
	run->done = params.stop_iteration;
	snprintf(run->why, sizeof(run->why), "%s",
		 rl::test_result_str(params.test_result));
	if (run->history)
		print_history(params, state.str());
}
