#!/bin/sh
# SPDX-License-Identifier: MIT
# clang-tidy, by the list in .clang-tidy, and cppcheck find nothing in the library, the
# benchmark and the examples but rdv-proxy.
. "$top_srcdir/tests/style/lib.sh"
failed=0 cpus=$(getconf _NPROCESSORS_ONLN)
config=$top_builddir/config.h

# what was configured without has no headers either
left_out() {
	for pair in uv:HAVE_LIBUV ev:HAVE_LIBEV glib:HAVE_GLIB uring:HAVE_LIBURING \
		urcu-qsbr:HAVE_URCU_QSBR urcu-memb:HAVE_URCU_MEMB \
		urcu-mb:HAVE_URCU_MB urcu-bp:HAVE_URCU_BP ck:HAVE_CK nsync:HAVE_NSYNC; do
		grep -q "^#define ${pair#*:} 1" "$config" || echo "-${pair%:*}\\.c\$"
	done
	# rdv-proxy: LIST_HEAD(, type) is no C to cppcheck
	echo '/proxy/'
}

# found TOOL STATUS: says it as make check would
found() {
	[ "$2" = 0 ] && echo "PASS: $1" && return
	echo "FAIL: $1"
	failed=1
}

sources=$(files 'src/*.c' 'bench/*.c' 'examples/*.c' | grep -v -e "$(left_out)")

glib=$(${PKG_CONFIG:-pkg-config} --cflags glib-2.0 2>/dev/null)
if command -v clang-tidy >/dev/null; then
	# shellcheck disable=SC2086 # these are words
	echo "$sources" | xargs -P "$cpus" -I{} clang-tidy --quiet {} \
		-- -std=gnu11 -include "$config" -Iinclude -Isrc $glib 2>/dev/null
	found clang-tidy $?
else
	echo "SKIP: no clang-tidy"
fi
if command -v cppcheck >/dev/null; then
	# shellcheck disable=SC2086 # these are words
	cppcheck --quiet -j "$cpus" --error-exitcode=1 --inline-suppr --std=c11 \
		--enable=warning,performance,portability -Iinclude -Isrc $sources
	found cppcheck $?
else
	echo "SKIP: no cppcheck"
fi
exit $failed
