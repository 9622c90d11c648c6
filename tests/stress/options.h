/* SPDX-License-Identifier: MIT */
#ifndef STRESS_OPTIONS_H
#define STRESS_OPTIONS_H

#include "stress.h"

/* Fills in options; ends the program where there is nothing to run. */
void options_parse(int argc, char **argv);

/* Whether it was asked for. */
bool options_choose(const struct scenario *s);

/* How much longer everything takes here. */
unsigned slowness(void);

#endif
