/* SPDX-License-Identifier: MIT */
/*
 * Those who are held, the round's end, and patience.
 */
#include "fixture.h"

static void one_round(unsigned self)
{
	if (self == 0)
		isolate();
	else
		pair();
}

static void one_round_till_end(unsigned self)
{
	if (self == 0)
		isolate();
	else
		till_end();
}

/* The woken may find the next round on. */
static void rounds(unsigned self)
{
	if (self == 0) {
		isolate();
		isolate();
		isolate();
	} else {
		pair();
	}
}

static void rounds_of_two(unsigned self)
{
	if (self < 2) {
		isolate();
		isolate();
	} else {
		pair();
		pair();
	}
}

/* One is held, one waits for the token, and may be barred for the sake of the first. */
static void barred(unsigned self)
{
	if (self == 0) {
		isolate();
		isolate();
	} else if (self == 1) {
		isolate();
	} else {
		pair();
	}
}

/* The one who is held ends its being held in every way there is. */
static void barred_in_all_ways(unsigned self)
{
	if (self < 2) {
		isolate();
		isolate();
	} else if (self == 2) {
		now();
		while (!end_until())
			if (model_deadline_is_over()) {
				end();
				break;
			}
	} else {
		till_end();
		end();
	}
}

static void tries_among_held(unsigned self)
{
	if (self == 0) {
		if (isolate_try())
			release();
		if (isolate_try())
			release();
	} else if (self == 1) {
		isolate();
	} else {
		pair();
	}
}

/*
 * One who wakes the others need not run itself: a round may come and go while it looks
 * for those who sleep, and while one of these is on its way to sleep.
 */
static void harmless_wakes(unsigned self)
{
	if (self == 0) {
		isolate();
		isolate();
	} else if (self == 1) {
		till_end();
	} else {
		pair();
	}
}

static void with_much_patience()
{
	patient<3>();
	model_weather.jump = 0;
}

/* Nobody disturbed, each of them waits once. */
static void undisturbed()
{
	plain<4>();
	model_weather.interrupt = 0;
}

static void one_wait_each()
{
	for (unsigned i = 1; i < model_threads(); i++)
		MODEL_CHECK(model_calls(i)->waits <= 1);
	at_rest();
}

static const scenarios these({
	{"held-one", 2, plain<2>, one_round, at_rest},
	{"held-two", 3, plain<3>, one_round, at_rest},
	{"held-four", 5, plain<5>, one_round, at_rest},
	{"held-four-patient", 5, patient<5>, one_round, at_rest},
	{"held-till-end", 5, plain<5>, one_round_till_end, at_rest},
	{"held-one-wait", 4, undisturbed, one_round, one_wait_each},
	{"held-harmless-wakes", 3, with_much_patience, harmless_wakes, at_rest},
	{"held-rounds", 3, plain<3>, rounds, at_rest},
	{"held-rounds-patient", 3, patient<3>, rounds, at_rest},
	{"held-rounds-five", 5, patient<5>, rounds, at_rest},
	{"held-rounds-of-two", 4, plain<4>, rounds_of_two, at_rest},
	{"held-rounds-of-two-patient", 4, patient<4>, rounds_of_two, at_rest},
	{"barred", 3, plain<3>, barred, at_rest},
	{"barred-patient", 3, patient<3>, barred, at_rest},
	{"barred-in-all-ways", 4, plain<4>, barred_in_all_ways, at_rest},
	{"barred-far", 3, far<3>, barred, at_rest},
	{"barred-biased", 3, biased<3>, barred, at_rest},
	{"barred-tries", 3, plain<3>, tries_among_held, at_rest},
});
