#!/bin/sh
# SPDX-License-Identifier: MIT
# The scripts are without a warning of shellcheck.
. "$top_srcdir/tests/style/lib.sh"
needs shellcheck

# shellcheck disable=SC2046 # these are words
shellcheck -S warning $(files '*.sh' bootstrap .ci/run debian/tests/smoke)
