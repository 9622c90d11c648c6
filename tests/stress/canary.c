/* SPDX-License-Identifier: MIT */
#include "canary.h"
#include "keeps.h"
#include "perturb.h"

#define WORDS 6

static struct {
	_Alignas(64) volatile uint64_t value;
} word[WORDS];

static uint64_t get(unsigned i)
{
	return plain_get(&word[i].value);
}

static void set(unsigned i, uint64_t value)
{
	plain_set(&word[i].value, value);
}

static uint64_t expected(uint64_t generation, unsigned i)
{
	return generation ^ (uint64_t)i << 56;
}

static void check(const struct worker *w, uint64_t generation, unsigned n)
{
	for (unsigned i = 0; i < n; i++)
		must(get(i) == expected(generation, i),
		     "thread %u: the canary is torn: word %u of generation %llu is %llx",
		     w->index, i, (unsigned long long)generation,
		     (unsigned long long)get(i));
}

void canary_read(struct worker *w)
{
	w->busy = 1;
	check(w, get(0), WORDS / 2);
	perturb_here();
	check(w, get(0), WORDS);
	w->busy = 0;
}

void canary_write(struct worker *w)
{
	uint64_t generation = get(0);

	check(w, generation, WORDS);
	for (unsigned i = 0; i < WORDS; i++) {
		set(i, expected(generation + 1, i));
		perturb_here();
	}
	check(w, generation + 1, WORDS);
}

void canary_glance(const struct worker *w)
{
	check(w, get(WORDS - 1) ^ expected(0, WORDS - 1), 1);
}

uint64_t canary_generation(void)
{
	return get(0);
}

void canary_reset(void)
{
	for (unsigned i = 0; i < WORDS; i++)
		set(i, expected(0, i));
}

void canary_alone(const struct worker *w, const char *where)
{
	unsigned i;

	for (i = 0; i < crew.slots; i++)
		must(&crew.worker[i] == w || !plain_get(&crew.worker[i].running) ||
			     sabotage == SABOTAGE_CANARY,
		     "thread %u is %s beside thread %u, which runs", w->index, where, i);
}

static bool set_running(struct worker *w, unsigned running)
{
	if (plain_get(&w->running) == running)
		return false;
	plain_set(&w->running, running);
	return true;
}

/*
 * A thread that is harmless must not even write what is there.  A handler between the two leaves
 * both as it finds the second, so the first may have to be set again.
 */
void canary_running(struct worker *w, unsigned running)
{
	bool again;

	do {
		again = keeps_running(w, running);
		again |= set_running(w, running);
	} while (again);
}
