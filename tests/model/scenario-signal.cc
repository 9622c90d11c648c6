/* SPDX-License-Identifier: MIT */
/*
 * Signal handlers that leave the thread as they found it, between any two accesses and
 * in any wait.
 */
#include "fixture.h"

/*
 * It goes by what its thread's user has noted down, before each call: idle, or not; or
 * by the state that it finds.  A thread that is idle may run for a while, one that is
 * not may be harmless.
 */
static void handler()
{
	rdv_thread *self = me();
	unsigned i = model_self();

	if (!self)
		return;
	(void)rdv_isolated(self);
	(void)rdv_sync_pending(&f.d);
	if (f.unsure[i] || model_surprise(2) ? running() : !f.idle[i]) {
		rdv_harmless_now(self);
		rdv_harmless_end(self);
	} else {
		rdv_harmless_end(self);
		rdv_harmless_now(self);
	}
	rdv_checkpoint(self);
}

static void all_isolate(unsigned)
{
	model_on_signal(handler);
	isolate();
	isolate();
}

static void pairs(unsigned self)
{
	model_on_signal(handler);
	if (self == 0)
		isolate();
	else
		pair();
}

static void deadlines(unsigned self)
{
	model_on_signal(handler);
	if (self == 0) {
		if (isolate_until())
			release();
	} else if (self == 1) {
		/* in which a handler may wait */
		if (!rdv_isolate_try(me())) {
			alone();
			release();
		}
		isolate();
	} else {
		now();
		if (!end_until() && !end_try())
			end();
	}
}

static void others(unsigned self)
{
	model_on_signal(handler);
	if (self == 0) {
		isolate();
		return;
	}
	checkpoint();
	till_end();
	end();
	if (self == 1) {
		leave();
		join();
		run();
	}
}

static void sync_point(unsigned self)
{
	model_on_signal(handler);
	if (self == 2)
		isolate();
	rdv_sync_want(me());
	rdv_sync_enter(me());
	run();
	rdv_sync_exit(me());
	run();
}

/* Nobody waits for the call, but a handler that interrupts it must not park the thread. */
static void call_while_isolated(unsigned self)
{
	model_on_signal(handler);
	if (self == 0) {
		rdv_isolate(me());
		alone();
		rdv_sync_want(me());
		release();
	} else {
		rdv_sync_want(me());
	}
	rdv_sync_enter(me());
	run();
	rdv_sync_exit(me());
	run();
}

/* Patient, because who is parked by a handler may have to wait for one more round. */
static void biased_and_patient()
{
	create({3, true, false, true});
}

static const scenarios these({
	{"signal-pair", 3, patient<3>, pairs, at_rest},
	{"signal-isolate", 2, patient<2>, all_isolate, at_rest},
	{"signal-isolate-three", 3, patient<3>, all_isolate, at_rest},
	{"signal-deadline", 3, patient<3>, deadlines, at_rest},
	{"signal-others", 3, patient<3>, others, at_rest},
	{"signal-biased", 3, biased_and_patient, deadlines, at_rest},
	{"signal-sync", 3, patient<3>, sync_point, at_rest},
	{"signal-while-isolated", 2, patient<2>, call_while_isolated, at_rest},
});
