#!/bin/sh
# SPDX-License-Identifier: MIT
# C and C++ are as clang-format would have them.
. "$top_srcdir/tests/style/lib.sh"
needs clang-format
version=$(clang-format --version | sed 's/.*version \([0-9]*\).*/\1/')
# each version has ideas of its own
[ "$version" = 14 ] || { echo "skipped: .clang-format is for version 14"; exit 77; }

sources=$(files '*.c' '*.h' '*.cc' '*.hpp')
[ -n "$sources" ] || exit 99
# shellcheck disable=SC2086 # these are words
clang-format --dry-run --Werror $sources
