/* SPDX-License-Identifier: MIT */
#include "fixture.h"

#include <stdio.h>

struct fixture f;
uint32_t model_rounds;

/* ------------------------------------------------------------------- the domain */

void create(const struct kind &kind)
{
	rdv_domain *d = &f.d;
	unsigned i;

	f = fixture();
	model_rounds = 0;
	model_weather = {0, 0};
	d->words = 1;
	d->max_threads = IDS;
	d->biased = kind.biased;
	d->patience_us = kind.patient ? 1000 : 0;
	d->harmless = f.harmless;
	d->want_rdv = f.want_rdv;
	d->awaited = f.awaited;
	d->registered = f.registered;
	d->member = f.member;
	d->sync.fd = -1;
	for (i = 0; i < WORDS; i++)
		d->harmless[i] = ~0u;
	if (kind.far)
		d->registered[0] = ~1u;
	f.shared.write(RDV_HERE);
	f.request.write(RDV_HERE);
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
		{"asleep", &d.asleep, nullptr},
		{"waking", &d.waking, nullptr},
		{"lingering", &d.lingering, nullptr},
		{"barred", &d.barred, nullptr},
		{"gathering", &d.gathering, nullptr},
		{"words", &d.words, nullptr},
		{"sync.pending", &d.sync.pending, nullptr},
		{"sync.turn", &d.sync.turn, nullptr},
		{"harmless", f.harmless, f.harmless + WORDS},
		{"want_rdv", f.want_rdv, f.want_rdv + WORDS},
		{"awaited", f.awaited, f.awaited + WORDS},
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
	f.held[model_self()] = f.bypassed_ever[model_self()] = 0;
	f.shared.read(RDV_HERE);
	f.own[model_self()].write(RDV_HERE);
}

/*
 * G6 for one that is queued: at most N - 1 are served before it in a round.  If it is
 * barred each of the others may open one more round, as long as it has looked at held
 * and the clock before that.
 */
static void count_bypass(unsigned i, uint32_t round)
{
	if (f.bypassed_in[i] != round)
		f.bypassed[i] = 0;
	f.bypassed_in[i] = round;
	MODEL_CHECK(++f.bypassed[i] < model_threads());
	MODEL_CHECK(++f.bypassed_ever[i] < 2 * model_threads() - 1);
}

/* G5, and G6 for the isolators. */
static void count_isolation(uint32_t round)
{
	unsigned self = model_self();

	f.isolations++;
	MODEL_CHECK(round != f.round[self]);
	f.round[self] = round;
	f.bypassed_ever[self] = f.bypassed[self] = 0;
	for (unsigned i = 0; i < MODEL_THREADS_MAX; i++)
		for (unsigned word = 0; word < WORDS; word++)
			if (model_sleeps_on(i, &f.want_rdv[word]))
				count_bypass(i, round);
}

/* G6 for the held: without patience, one more round may have been on its way. */
static void count_round(uint32_t round)
{
	for (unsigned i = 0; i < MODEL_THREADS_MAX; i++) {
		if (!model_sleeps_on(i, &f.d.ctl)) {
			f.held[i] = 0;
		} else if (!f.held[i] || f.held_in[i] != round) {
			f.held_in[i] = round;
			MODEL_CHECK(f.d.patience_us || ++f.held[i] <= 2);
		}
	}
}

void alone()
{
	uint32_t ctl = f.d.ctl.newest();

	MODEL_CHECK(rdv_isolated(me()) && running());
	MODEL_CHECK((int)rdv_thread_id(me()) == rdv_ctl_id(ctl));
	count_isolation(model_rounds);
	count_round(model_rounds);
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
	rdv_release(me());
	MODEL_CHECK(!rdv_isolated(me()));
	MODEL_CHECK(rdv_ctl_open(f.d.ctl.newest()) ||
		    model_rounds != f.round[model_self()]);
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
	int ret = rdv_isolate_until(me(), deadline());

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
	f.held[model_self()] = 0; /* what comes is another wait */
	MODEL_CHECK(!running() || rdv_isolated(me()));
}

/* ---------------------------------------------------------------------- the end */

void model_thread_returns()
{
	if (me() && running())
		now();
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
	MODEL_CHECK(!m->depth);
}

void at_rest()
{
	const rdv_domain &d = f.d;

	MODEL_CHECK(!(d.ctl.newest() & (RDV_CTL_OWNER | RDV_CTL_MORE)));
	MODEL_CHECK(!d.held.newest());
	MODEL_CHECK(!d.asleep.newest());
	MODEL_CHECK(!d.waking.newest());
	MODEL_CHECK(!d.barred.newest());
	MODEL_CHECK(!d.gathering.newest());
	MODEL_CHECK(!d.sync.pending.newest());
	MODEL_CHECK(!d.sync.wanting && !d.sync.entered && !d.sync.exited);
	MODEL_CHECK(!model_eventfd_readable());
	for (unsigned i = 0; i < WORDS; i++)
		MODEL_CHECK(!f.want_rdv[i].newest());
	for (uint32_t id = 0; id < IDS; id++)
		member_at_rest(id);
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
