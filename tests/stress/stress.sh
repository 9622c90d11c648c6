#!/bin/sh
# SPDX-License-Identifier: MIT
# A slice of rdv-stress that is short enough for make check.  Each run has another seed;
# what it prints repeats it.  A machine that does much else besides may leave it without CPU
# time for long: minutes of that are no stall.
exec "${top_builddir:-.}/tests/stress/rdv-stress" --seconds "${STRESS_SLICE:-12}" --stall 300
