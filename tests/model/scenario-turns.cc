/* SPDX-License-Identifier: MIT */
/*
 * Turns, and windows for the held (G6).
 *
 * The clock jumps beyond a turn and beyond all windows now and then, but in the scenarios
 * that say how much time passes.
 */
#include "fixture.h"

/* ------------------------------------------------------------------------ turns */

static void each_twice(unsigned)
{
	isolate();
	isolate();
}

/* Who was passed the token, or woken to compete, may be giving up. */
static void some_withdraw(unsigned self)
{
	if (self == 0) {
		isolate();
		isolate();
	} else if (self == 1) {
		if (isolate_until())
			release();
	} else {
		isolate();
	}
}

static void all_withdraw(unsigned)
{
	if (isolate_until())
		release();
	if (isolate_until())
		release();
}

static void withdraws_among_held(unsigned self)
{
	if (self == 0) {
		isolate();
		isolate();
	} else if (self < 3) {
		if (isolate_until())
			release();
	} else {
		pair();
	}
}

static void one_exits_alone(unsigned self)
{
	if (self == 0) {
		isolate();
		rdv_isolate(me());
		alone();
		model_thread_exits();
	} else {
		isolate();
	}
}

static void one_leaves_another_comes(unsigned self)
{
	if (self == 0) {
		isolate();
		leave();
		join();
		isolate();
	} else {
		isolate();
	}
}

/* A turn of three rounds: nobody is passed over by a fourth. */
static void turn_of_rounds()
{
	patient<3>();
	model_weather.jump = 0;
}

static void rounds_of_a_turn(unsigned self)
{
	if (self == 2) {
		isolate();
		return;
	}
	for (int i = 0; i < 3; i++) {
		rdv_isolate(me());
		alone();
		model_pass(400);
		release();
	}
}

/* ---------------------------------------------------------------------- windows */

static void much_is_closed(unsigned self)
{
	if (self == 2) {
		pair();
		return;
	}
	for (int i = 0; i < 3; i++) {
		rdv_isolate(me());
		alone();
		model_pass(1000);
		release();
	}
}

/* The only isolator, so the gate is open for as long as the window lasts. */
static void rounds_of_patience()
{
	patient<2>();
	model_weather.jump = 0;
}

static void one_closes_much(unsigned self)
{
	much_is_closed(self ? 2 : 0);
}

/*
 * One that is held misses each window: they grow, up to the longest.  Then it has run, and
 * another is held, for which they begin anew.  None is longer after a long round.
 */
static void windows_grow(unsigned self)
{
	static const unsigned ms[] = {0, 1, 2, 4, 8, 16, 32, 64, 64, 1, 2, 64};
	uint64_t since;

	for (unsigned i = 0; self == 0 && i < sizeof(ms) / sizeof(ms[0]); i++) {
		since = model_clock_us();
		if (i == 8)
			f.d.held = f.d.held_unit.newest();
		rdv_isolate(me());
		MODEL_CHECK(model_clock_us() - since == ms[i] * 1000);
		alone();
		model_pass(i == 10 ? 100000 : 1000);
		release();
	}
}

/* ------------------------------------------------- a held thread without a CPU
 *
 * It is counted as held, in the first group or the second, and never does anything.
 * Nobody may wait for it.
 */

static void starved()
{
	patient<3>();
	f.d.held = 1;
}

static void starved_for_long()
{
	starved();
	model_weather.jump = 0;
}

static void starved_strictly()
{
	plain<3>();
	f.d.held = 1u << RDV_HELD_SHIFT;
}

static void isolate_despite(unsigned self)
{
	for (int i = 0; i < 2; i++) {
		rdv_isolate(me());
		alone();
		model_pass(self ? 300 : 1000);
		release();
	}
}

static void isolate_and_pair_despite(unsigned self)
{
	if (self == 2) {
		pair();
		if (isolate_until())
			release();
	} else {
		isolate_despite(self);
	}
}

/* One that is barred is woken to compete, and may withdraw. */
static void withdraws_despite(unsigned self)
{
	if (self == 0) {
		rdv_isolate(me());
		alone();
		model_pass(1000);
		release();
	} else if (self == 1) {
		if (isolate_until())
			release();
	} else {
		isolate();
	}
}

static void one_starved()
{
	at_rest_but_for(1);
}

static void one_starved_in_the_second()
{
	at_rest_but_for(1u << RDV_HELD_SHIFT);
}

static const scenarios these({
	{"turns-two", 2, patient<2>, each_twice, at_rest},
	{"turns-three", 3, patient<3>, each_twice, at_rest},
	{"turns-four", 4, patient<4>, each_twice, at_rest},
	{"turns-of-rounds", 3, turn_of_rounds, rounds_of_a_turn, at_rest},
	{"turns-withdraw", 3, patient<3>, some_withdraw, at_rest},
	{"turns-withdraw-all", 3, patient<3>, all_withdraw, at_rest},
	{"turns-withdraw-four", 4, patient<4>, some_withdraw, at_rest},
	{"turns-withdraw-held", 4, patient<4>, withdraws_among_held, at_rest},
	{"turns-exit", 3, patient<3>, one_exits_alone, at_rest},
	{"turns-leave", 3, patient<3>, one_leaves_another_comes, at_rest},
	{"window", 2, rounds_of_patience, one_closes_much, at_rest},
	{"window-isolators", 3, turn_of_rounds, much_is_closed, at_rest},
	{"window-grows", 3, starved_for_long, windows_grow, one_starved_in_the_second},
	{"starved", 3, starved, isolate_despite, one_starved},
	{"starved-pair", 3, starved, isolate_and_pair_despite, one_starved},
	{"starved-withdraw", 3, starved, withdraws_despite, one_starved},
	{"starved-strict", 3, starved_strictly, isolate_despite,
	 one_starved_in_the_second},
	{"starved-strict-pair", 3, starved_strictly, isolate_and_pair_despite,
	 one_starved_in_the_second},
});
