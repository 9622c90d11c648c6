/* SPDX-License-Identifier: MIT */
/*
 * Isolating: against threads that run, leave and enter, and against each other.
 */
#include "fixture.h"

/* ------------------------------------------------------------- one who isolates */

static void against_running(unsigned self)
{
	if (self == 0)
		isolate();
	else
		run();
}

static void against_entering(unsigned self)
{
	if (self == 0)
		isolate();
	else
		now();
}

static void against_leaving(unsigned self)
{
	if (self == 0) {
		isolate();
	} else {
		now();
		end();
	}
}

/* The second time the other one may have been parked, and may be on its way out. */
static void again_against_leaving(unsigned self)
{
	if (self == 0) {
		isolate();
		isolate();
	} else {
		pair();
		pair();
	}
}

static void against_checkpoint(unsigned self)
{
	if (self == 0) {
		isolate();
		isolate();
	} else {
		checkpoint();
		checkpoint();
	}
}

static void against_till_end(unsigned self)
{
	if (self == 0) {
		isolate();
		isolate();
	} else {
		if (self == 1)
			now();
		till_end();
		end();
	}
}

/* Already parked, or harmless by the fast path: it makes no difference. */
static void now_twice(unsigned self)
{
	if (self == 0) {
		isolate();
	} else {
		now();
		now();
		end();
	}
}

/* ----------------------------------------------------------- several who isolate */

static void each_once(unsigned)
{
	isolate();
}

static void each_twice(unsigned)
{
	isolate();
	isolate();
}

static void one_twice(unsigned self)
{
	isolate();
	if (self == 0)
		isolate();
}

static void two_and_pair(unsigned self)
{
	if (self < 2)
		isolate();
	else
		pair();
}

static void two_twice_and_pair(unsigned self)
{
	if (self < 2)
		each_twice(self);
	else
		pair();
}

static void harmless_isolates(unsigned self)
{
	if (self == 0)
		now();
	isolate();
}

/* ------------------------------------------------------------ the isolated section */

static void nested(unsigned self)
{
	if (self == 2) {
		pair();
		return;
	}
	rdv_isolate(me());
	rdv_isolate(me());
	MODEL_CHECK(!rdv_isolate_try(me()));
	MODEL_CHECK(!rdv_isolate_until(me(), deadline()));
	for (int i = 0; i < 3; i++) {
		rdv_release(me());
		MODEL_CHECK(rdv_isolated(me()));
	}
	alone();
	release();
}

/* G12: code that polls internally. */
static void polls_inside(unsigned self)
{
	if (self == 2) {
		pair();
		return;
	}
	rdv_isolate(me());
	now();
	f.own[1].write(RDV_HERE);
	rdv_harmless_end(me());
	checkpoint();
	till_end();
	now();
	MODEL_CHECK(!rdv_harmless_end_try(me()));
	now();
	MODEL_CHECK(!rdv_harmless_end_until(me(), deadline()));
	alone();
	release();
}

/* G4: isolating costs those that stay harmless nothing, and the isolator no call. */
static void threads_but_first_harmless()
{
	plain<3>();
	model_act_for(1);
	now();
	model_act_for(2);
	now();
}

static void among_sleepers(unsigned self)
{
	if (self == 0)
		each_twice(self);
}

/* Whoever is awaited, the isolator waits once and is woken once. */
static void undisturbed()
{
	plain<4>();
	model_weather.interrupt = 0;
}

static void gather_once(unsigned self)
{
	if (self == 0)
		isolate();
	else
		now();
}

static void one_wait()
{
	unsigned wakes = 0;

	for (unsigned i = 1; i < model_threads(); i++)
		wakes += model_calls(i)->wakes;
	MODEL_CHECK(model_calls(0)->waits <= 1);
	MODEL_CHECK(wakes <= 1);
	at_rest();
}

static const scenarios these({
	{"isolate-running", 2, plain<2>, against_running, at_rest},
	{"isolate-entering", 2, plain<2>, against_entering, at_rest},
	{"isolate-leaving", 2, plain<2>, against_leaving, at_rest},
	{"isolate-leaving-again", 2, plain<2>, again_against_leaving, at_rest},
	{"isolate-leaving-three", 3, plain<3>, again_against_leaving, at_rest},
	{"isolate-now-twice", 2, plain<2>, now_twice, at_rest},
	{"isolate-checkpoint", 3, plain<3>, against_checkpoint, at_rest},
	{"isolate-till-end", 3, plain<3>, against_till_end, at_rest},
	{"isolate-silent", 3, threads_but_first_harmless, among_sleepers, silent},
	{"isolate-one-wait", 4, undisturbed, gather_once, one_wait},
	{"isolators-two", 2, plain<2>, each_twice, at_rest},
	{"isolators-three", 3, plain<3>, each_once, at_rest},
	{"isolators-three-twice", 3, plain<3>, each_twice, at_rest},
	{"isolators-four", 4, plain<4>, one_twice, at_rest},
	{"isolators-and-pair", 3, plain<3>, two_and_pair, at_rest},
	{"isolators-twice-and-pair", 4, plain<4>, two_twice_and_pair, at_rest},
	{"isolators-harmless", 2, plain<2>, harmless_isolates, at_rest},
	{"isolators-patient", 3, patient<3>, each_twice, at_rest},
	{"nested", 3, plain<3>, nested, at_rest},
	{"polls-inside", 3, plain<3>, polls_inside, at_rest},
	{"far-leaving", 3, far<3>, again_against_leaving, at_rest},
	{"far-isolators", 3, far<3>, each_twice, at_rest},
	{"biased-leaving", 2, biased<2>, again_against_leaving, at_rest},
	{"biased-leaving-three", 3, biased<3>, again_against_leaving, at_rest},
	{"biased-isolators", 3, biased<3>, one_twice, at_rest},
	{"biased-and-pair", 3, biased<3>, two_and_pair, at_rest},
	{"biased-checkpoint", 2, biased<2>, against_checkpoint, at_rest},
	{"biased-polls-inside", 3, biased<3>, polls_inside, at_rest},
});
