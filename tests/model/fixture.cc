/* SPDX-License-Identifier: MIT */
#include "fixture.h"
#include "inside/history.h"

#include <stdio.h>

struct fixture f;

static struct rdv_history history; /* nobody looks at it */

/* ------------------------------------------------------------------- the domain */

void create(const struct kind &kind)
{
	rdv_domain *d = &f.d;
	unsigned i;

	f = fixture();
	model_weather = {0, 0};
	f.created_us = model_clock_us();
	d->words = 1;
	d->max_threads = IDS;
	d->copy = &rdv_copy;
	d->biased = kind.biased;
	d->patience_us = kind.patient ? 1000 : 0;
	d->window_max_us = 64000;
	d->held_unit = 1;
	d->cpus = 1;
	d->ticket = f.ticket;
	d->kept = f.kept;
	d->told = f.told;
	d->harmless = f.harmless;
	d->want_rdv = f.want_rdv;
	d->awaited = f.awaited;
	d->owing = f.owing;
	d->registered = f.registered;
	d->refused = f.refused;
	d->member = f.member;
	d->history = &history;
	d->sync.fd = -1;
	for (i = 0; i < WORDS; i++)
		d->harmless[i] = ~0u;
	if (kind.far)
		d->registered[0] = ~1u;
	f.shared.write(RDV_HERE);
	f.request.write(RDV_HERE);
	for (i = 0; i < OBJECTS; i++)
		f.object[i].write(RDV_HERE);
	for (i = 0; i < MODEL_THREADS_MAX; i++) {
		f.own[i].write(RDV_HERE);
		f.round[i] = ~0u;
	}
	for (i = 0; i < kind.members; i++) {
		model_act_for((int)i);
		join();
	}
	model_weather = {8, 4};
}

void let_one_end()
{
	f.d.stall_ns = 1;
	f.may_end[0] = true;
}

bool model_ends_in_report()
{
	return f.may_end[model_self()] && model_surprise(2);
}

const char *model_name_of(const rdv_word *word, char *buffer, size_t size)
{
	const rdv_domain &d = f.d;
	const struct {
		const char *name;
		const rdv_word *word, *end;
	} names[] = {
		{"ctl", &d.ctl, nullptr},
		{"held", &d.held, nullptr},
		{"held_since", &d.held_since, nullptr},
		{"held_unit", &d.held_unit, nullptr},
		{"asleep", &d.asleep, nullptr},
		{"wake_seq", &d.wake_seq, nullptr},
		{"waking", &d.waking, nullptr},
		{"queued", &d.queued, nullptr},
		{"competing", &d.competing, nullptr},
		{"tickets", &d.tickets, nullptr},
		{"barred_until", &d.barred_until, nullptr},
		{"round_us", &d.round_us, nullptr},
		{"cpus", &d.cpus, nullptr},
		{"gathering", &d.gathering, nullptr},
		{"grace", &d.grace, nullptr},
		{"owed", &d.owed, nullptr},
		{"graces", &d.graces, nullptr},
		{"graces_asleep", &d.graces_asleep, nullptr},
		{"words", &d.words, nullptr},
		{"sync.pending", &d.sync.pending, nullptr},
		{"sync.turn", &d.sync.turn, nullptr},
		{"harmless", f.harmless, f.harmless + WORDS},
		{"want_rdv", f.want_rdv, f.want_rdv + WORDS},
		{"awaited", f.awaited, f.awaited + WORDS},
		{"owing", f.owing, f.owing + WORDS},
		{"newest", &f.newest, nullptr},
		{"ticket", f.ticket, f.ticket + IDS},
		{"kept", f.kept, f.kept + IDS},
		{"told", f.told, f.told + IDS},
	};

	for (const auto &n : names) {
		if (word == n.word && !n.end)
			return n.name;
		if (word >= n.word && word < n.end) {
			snprintf(buffer, size, "%s[%d]", n.name, (int)(word - n.word));
			return buffer;
		}
	}
	for (unsigned id = 0; id < IDS; id++) {
		const struct rdv_member *m = f.member[id];

		if (!m || word < &m->self.state || word > &m->asleep)
			continue;
		snprintf(buffer, size, "%u.%s", id,
			 word == &m->self.state    ? "state"
			 : word == &m->self.parked ? "parked"
			 : word == &m->shielded    ? "shielded"
						   : "asleep");
		return buffer;
	}
	return "?";
}

rdv_thread *me()
{
	return rdv_thread_self(&f.d);
}

bool running()
{
	return me()->state.newest() == RDV_STATE_RUNNING;
}

const struct timespec *deadline()
{
	return &model_deadlines[model_self()];
}

/* ------------------------------------------------------------------ what they do */

void run()
{
	MODEL_CHECK(running());
	f.bypassed[model_self()] = 0;
	f.shared.read(RDV_HERE);
	f.own[model_self()].write(RDV_HERE);
}

/* Its member, if the thread sleeps in the queue. */
static const struct rdv_member *sleeps_queued(unsigned i)
{
	for (const struct rdv_member *m : f.member)
		if (m && model_sleeps_on(i, &m->asleep))
			return m;
	return nullptr;
}

/* The owner is about to release: who has been waiting?  Is its turn over? */
static void note_queue()
{
	uint32_t turn = (uint32_t)model_clock_us() - f.d.turn_began;

	f.must_pass = false;
	f.releaser = model_self();
	for (unsigned i = 0; i < MODEL_THREADS_MAX; i++) {
		const struct rdv_member *m = sleeps_queued(i);

		f.slept_before[i] = m != nullptr;
		if (m && !f.may_withdraw[i] && !f.may_end[i] && turn >= f.d.patience_us)
			f.must_pass = true;
		f.ticket_before[i] = m ? f.ticket[m->id].newest() : 0;
	}
}

/* G6: the token is passed to the one that has waited longest. */
static void check_order()
{
	uint32_t mine = f.ticket[rdv_thread_id(me())].newest();

	for (unsigned i = 0; i < MODEL_THREADS_MAX; i++) {
		const struct rdv_member *m = sleeps_queued(i);

		/* one that was kept has queued again */
		if (f.slept_before[i] && i != model_self() && m &&
		    f.ticket[m->id].newest() == f.ticket_before[i])
			MODEL_CHECK((int32_t)(f.ticket_before[i] - mine) > 0);
	}
}

/*
 * G5, and G6 for the isolators: in strict order one that sleeps in the queue is passed by at
 * most once by each of the others.
 */
static void count_isolation(uint32_t round)
{
	unsigned self = model_self();

	f.isolations++;
	MODEL_CHECK(round != f.round[self]);
	f.round[self] = round;
	f.bypassed[self] = 0;
	if (round == f.released_in)
		check_order();
	else
		MODEL_CHECK(!f.must_pass);
	f.released_in = 0;
	f.must_pass = false;
	for (unsigned i = 0; i < MODEL_THREADS_MAX; i++)
		if (sleeps_queued(i))
			MODEL_CHECK(++f.bypassed[i] < model_threads() || f.d.patience_us);
}

/*
 * G6 for the held, each by itself: while one sleeps, the gate is not closed again before it
 * has been open for as long as it was closed, but for patience.  That is exact where one
 * thread is held, and no time passes but in the rounds.
 *
 * And G6 for the isolators: the account does not make them wait for more than was closed.
 */
static void round_ends()
{
	uint64_t us = model_clock_us();
	unsigned noted = 0, asleep = 0;

	for (const struct rdv_member *m : f.member)
		noted += m && m->wait_kind == RDV_WAIT_HELD;
	for (unsigned i = 0; i < MODEL_THREADS_MAX; i++)
		asleep += model_sleeps_on(i, &f.d.wake_seq);
	MODEL_CHECK(asleep <= noted); /* it is reported as held, and may end there */
	if (model_self() != f.releaser)
		f.must_pass = false; /* it was passed, to one that is kept */

	for (unsigned i = 0; i < MODEL_THREADS_MAX; i++) {
		bool sleeps = model_sleeps_on(i, &f.d.wake_seq);

		f.owed[i] = sleeps && f.held_before[i]
				    ? f.owed[i] + (int64_t)(us - f.changed_us)
				    : 0;
		f.held_before[i] = sleeps;
	}
	f.changed_us = us;
	MODEL_CHECK(!f.d.window.counting || f.d.window.closed <= us - f.created_us);
}

static void round_begins()
{
	uint64_t us = model_clock_us();

	for (unsigned i = 0; i < MODEL_THREADS_MAX; i++) {
		if (!f.held_before[i] || !model_sleeps_on(i, &f.d.wake_seq)) {
			f.held_before[i] = false;
			continue;
		}
		f.owed[i] -= (int64_t)(us - f.changed_us);
		if (f.d.patience_us && !model_weather.jump)
			MODEL_CHECK(f.owed[i] < f.d.patience_us);
	}
	f.changed_us = us;
	f.rounds++;
}

void model_probe(const char *probe)
{
	if (!strcmp(probe, "round_begin"))
		round_begins();
	else if (!strcmp(probe, "round_end"))
		round_ends();
}

void alone()
{
	uint32_t ctl = f.d.ctl.newest();

	MODEL_CHECK(rdv_isolated(me()) && running());
	MODEL_CHECK((int)rdv_thread_id(me()) == rdv_ctl_id(ctl));
	count_isolation(f.rounds);
	f.shared.write(RDV_HERE);
	for (unsigned i = 0; i < MODEL_THREADS_MAX; i++)
		f.own[i].write(RDV_HERE);
}

void join()
{
	rdv_thread *self;

	MODEL_CHECK(rdv_thread_register(&f.d, "model", &self) == 0);
	MODEL_CHECK(self == me());
}

void leave()
{
	rdv_thread_unregister(me());
	MODEL_CHECK(!me());
}

/* G5: it returns when the round is over. */
void release()
{
	note_queue();
	f.released_in = f.rounds;
	rdv_release(me());
	MODEL_CHECK(!rdv_isolated(me()));
	MODEL_CHECK(rdv_ctl_open(f.d.ctl.newest()) || f.rounds != f.round[model_self()]);
	run();
}

void isolate()
{
	rdv_isolate(me());
	alone();
	release();
}

/* It waits for nothing. */
bool isolate_try()
{
	unsigned waits = model_calls(model_self())->waits;
	int ret = rdv_isolate_try(me());

	MODEL_CHECK(ret == 0 || ret == -EBUSY);
	MODEL_CHECK(model_calls(model_self())->waits == waits);
	MODEL_CHECK(rdv_isolated(me()) == !ret);
	if (ret)
		run();
	else
		alone();
	return !ret;
}

bool isolate_until()
{
	int ret;

	f.may_withdraw[model_self()] = true;
	ret = rdv_isolate_until(me(), deadline());
	f.may_withdraw[model_self()] = false;
	MODEL_CHECK(ret == 0 || (ret == -ETIMEDOUT && model_deadline_is_over()));
	MODEL_CHECK(rdv_isolated(me()) == !ret);
	if (ret)
		run();
	else
		alone();
	return !ret;
}

void now()
{
	f.idle[model_self()] = true;
	rdv_harmless_now(me());
	MODEL_CHECK(!running() || rdv_isolated(me()));
}

void end()
{
	f.idle[model_self()] = false;
	rdv_harmless_end(me());
	run();
}

void pair()
{
	now();
	end();
}

/* Whether it is still idle is known when it returns. */
static bool ended(int ret, int error)
{
	f.idle[model_self()] = ret;
	f.unsure[model_self()] = false;
	MODEL_CHECK(ret == 0 || ret == error);
	MODEL_CHECK(running() == !ret);
	if (!ret)
		run();
	return !ret;
}

bool end_try()
{
	unsigned waits = model_calls(model_self())->waits;
	int ret;

	f.unsure[model_self()] = true;
	ret = rdv_harmless_end_try(me());
	MODEL_CHECK(model_calls(model_self())->waits == waits);
	return ended(ret, -EBUSY);
}

bool end_until()
{
	int ret;

	f.unsure[model_self()] = true;
	ret = rdv_harmless_end_until(me(), deadline());
	MODEL_CHECK(!ret || model_deadline_is_over());
	return ended(ret, -ETIMEDOUT);
}

void checkpoint()
{
	rdv_checkpoint(me());
	run();
}

void till_end()
{
	f.idle[model_self()] = true;
	rdv_harmless_till_end(me());
	MODEL_CHECK(!running() || rdv_isolated(me()));
}

/* ---------------------------------------------------------------------- the end */

void model_thread_returns()
{
	if (me() && running())
		now();
}

/* [BARRED] If nobody is held any more, the last of them should have woken it. */
void model_only_time_helped()
{
	MODEL_CHECK(f.d.held.newest());
}

static void member_at_rest(uint32_t id)
{
	const struct rdv_member *m = f.member[id];
	bool bit = f.harmless[id / 32].newest() & 1u << id % 32;

	if (!m) {
		MODEL_CHECK(bit);
		return;
	}
	MODEL_CHECK(bit == (m->self.state.newest() == RDV_STATE_PARKED));
	if (f.registered[id / 32] & 1u << id % 32)
		MODEL_CHECK(!m->shielded.newest());
	else
		MODEL_CHECK(bit);
	MODEL_CHECK(!m->asleep.newest());
	MODEL_CHECK(!m->depth && !m->claims && !m->keeps);
}

void at_rest()
{
	at_rest_but_for(0);
}

void at_rest_but_for(uint32_t held)
{
	const rdv_domain &d = f.d;

	MODEL_CHECK(!(d.ctl.newest() & (RDV_CTL_OWNER | RDV_GATE_SLOW)));
	MODEL_CHECK(!d.claims);
	MODEL_CHECK(!(d.grace.newest() & 1));
#define CHECK_WORD(word) MODEL_CHECK(d.word.newest() == (&d.word == &d.held ? held : 0));
	RDV_WORDS_AT_REST(CHECK_WORD)
	MODEL_CHECK(!(d.competing.newest() & RDV_COMPETING));
	MODEL_CHECK(!d.sync.pending.newest());
	MODEL_CHECK(!d.sync.wanting && !d.sync.entered && !d.sync.exited);
	MODEL_CHECK(!model_eventfd_readable());
	for (unsigned i = 0; i < WORDS; i++)
		MODEL_CHECK(!f.want_rdv[i].newest() && !f.owing[i].newest() &&
			    !f.refused[i]);
	for (uint32_t id = 0; id < IDS; id++) {
		MODEL_CHECK(!f.kept[id].newest() && !f.told[id].newest());
		member_at_rest(id);
	}
}

void silent()
{
	for (unsigned i = 0; i < MODEL_THREADS_MAX; i++)
		MODEL_CHECK(!model_calls(i)->waits && !model_calls(i)->wakes);
	at_rest();
}

/* -------------------------------------------------------------------- the tables */

/* Made when the first table wants it: which that is, the linker decides. */
static std::vector<struct scenario> &registered()
{
	static std::vector<struct scenario> list;

	return list;
}

scenarios::scenarios(std::initializer_list<struct scenario> list)
{
	registered().insert(registered().end(), list);
}

const std::vector<struct scenario> &all_scenarios()
{
	return registered();
}
