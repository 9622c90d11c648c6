/* SPDX-License-Identifier: MIT */
/*
 * The try and until forms: they fail at any point, and leave no trace (G8).
 */
#include "fixture.h"

static void try_and_pair(unsigned self)
{
	if (self == 0) {
		if (isolate_try())
			release();
	} else {
		pair();
	}
}

/* One more member runs all the time, so they cannot succeed. */
static void in_vain(unsigned self)
{
	MODEL_CHECK(!isolate_try());
	pair();
	MODEL_CHECK(self ? !isolate_try() : !isolate_until());
}

static void try_and_isolate(unsigned self)
{
	if (self == 0) {
		if (isolate_try())
			release();
	} else {
		isolate();
	}
}

static void two_try(unsigned self)
{
	if (self == 2)
		pair();
	else if (isolate_try())
		release();
}

static void until_and_pair(unsigned self)
{
	if (self == 0) {
		if (isolate_until())
			release();
	} else {
		pair();
	}
}

static void until_and_isolate(unsigned self)
{
	if (self == 0) {
		if (isolate_until())
			release();
	} else {
		isolate();
	}
}

static void all_until(unsigned)
{
	if (isolate_until())
		release();
}

/* A queue in which some give up, whether they have the token by then or not. */
static void until_in_queue(unsigned self)
{
	if (self < 2)
		isolate();
	else if (isolate_until())
		release();
}

static void until_then_isolate(unsigned self)
{
	if (self == 2) {
		pair();
	} else {
		if (isolate_until())
			release();
		isolate();
	}
}

static void until_barred(unsigned self)
{
	if (self == 0) {
		isolate();
		isolate();
	} else if (self == 1) {
		if (isolate_until())
			release();
	} else {
		pair();
	}
}

static void end_tries(unsigned self)
{
	if (self == 0) {
		isolate();
		isolate();
	} else {
		now();
		if (!end_try())
			end();
	}
}

static void ends_until(unsigned self)
{
	if (self == 0) {
		isolate();
		isolate();
	} else {
		now();
		if (!end_until())
			end();
	}
}

/* It stays harmless, and the others do not wait for it. */
static void stays_harmless(unsigned self)
{
	if (self < 2) {
		isolate();
	} else {
		now();
		if (!end_until())
			end_try();
	}
}

static const scenarios these({
	{"try-pair", 2, plain<2>, try_and_pair, at_rest},
	{"try-in-vain", 2, plain<3>, in_vain, at_rest},
	{"try-in-vain-biased", 2, biased<3>, in_vain, at_rest},
	{"try-isolate", 2, plain<2>, try_and_isolate, at_rest},
	{"try-isolate-three", 3, plain<3>, try_and_isolate, at_rest},
	{"try-two", 3, plain<3>, two_try, at_rest},
	{"try-biased", 3, biased<3>, two_try, at_rest},
	{"until-pair", 2, plain<2>, until_and_pair, at_rest},
	{"until-pair-three", 3, plain<3>, until_and_pair, at_rest},
	{"until-isolate", 2, plain<2>, until_and_isolate, at_rest},
	{"until-isolate-three", 3, plain<3>, until_and_isolate, at_rest},
	{"until-all", 3, plain<3>, all_until, at_rest},
	{"until-all-four", 4, plain<4>, all_until, at_rest},
	{"until-queue", 4, plain<4>, until_in_queue, at_rest},
	{"until-isolate-again", 3, plain<3>, until_then_isolate, at_rest},
	{"until-barred", 3, plain<3>, until_barred, at_rest},
	{"until-far", 3, far<3>, all_until, at_rest},
	{"until-biased", 3, biased<3>, all_until, at_rest},
	{"end-try", 3, plain<3>, end_tries, at_rest},
	{"end-until", 3, plain<3>, ends_until, at_rest},
	{"end-until-patient", 3, patient<3>, ends_until, at_rest},
	{"end-until-stays", 3, plain<3>, stays_harmless, at_rest},
});
