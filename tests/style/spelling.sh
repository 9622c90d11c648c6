#!/bin/sh
# SPDX-License-Identifier: MIT
# codespell knows all words, but for those in .codespellrc.
. "$top_srcdir/tests/style/lib.sh"
needs codespell

# shellcheck disable=SC2046 # these are words
codespell $(files)
