# SPDX-License-Identifier: MIT
# shellcheck shell=sh
# What scripts/test.sh and scripts/bench.sh have in common; they set $name and $usage
# and source it.

top=$(CDPATH= cd -- "$(dirname -- "$0")/.." && pwd) || exit 1
build=$top/build

die() {
	echo "$name: $*" >&2
	exit 1
}

cpus() {
	getconf _NPROCESSORS_ONLN 2>/dev/null || echo 1
}

use_build_dir() {
	[ -n "$1" ] || die "--build-dir needs a directory"
	mkdir -p -- "$1" && build=$(CDPATH= cd -- "$1" && pwd) ||
		die "cannot make the directory $1"
	[ "$build" != "$top" ] || die "the build directory must not be that of the sources"
}

# step WHAT COMMAND...: runs it in the build directory, with its output in the log.
step() {
	step_what=$1
	shift
	printf '%s: %s ... ' "$name" "$step_what"
	echo "==> $*" >>"$log"
	if (cd -- "$build" && "$@") </dev/null >>"$log" 2>&1; then
		echo ok
		return 0
	fi
	echo FAILED
	return 1
}

# must WHAT COMMAND...: a step without which it makes no sense to go on.
must() {
	step "$@" && return
	echo "---- the end of $log:" >&2
	tail -n 40 -- "$log" >&2
	exit 1
}

# prepare GROUPS [CONFIGURE-ARG...]: what to do before make.  Configures if that was
# not done, was done differently, or a library has come or gone since.
prepare() {
	sh "$top/scripts/install-deps.sh" $1 || exit 1
	shift

	mkdir -p -- "$build" && true >"$build/$name.log" || die "cannot write to $build"
	log=$build/$name.log
	[ ! -e "$top/config.status" ] || die \
		"$top itself is configured for building; run \"make distclean\" in it first"

	# Makefile.in is the last that comes out of it
	[ -e "$top/Makefile.in" ] || must "bootstrap" "$top/bootstrap"

	wanted="$* CC=$CC CXX=$CXX CPPFLAGS=$CPPFLAGS CFLAGS=$CFLAGS LDFLAGS=$LDFLAGS"
	for module in cmocka liburcu-qsbr liburcu-memb liburcu-mb liburcu-bp ck libuv liburing; do
		wanted="$wanted $module=$(pkg-config --modversion $module 2>/dev/null)"
	done
	stamp=$build/.configured
	if [ ! -e "$build/Makefile" ] || [ "$(cat "$stamp" 2>/dev/null)" != "$wanted" ]; then
		rm -f -- "$stamp"
		must "configure" "$top/configure" "$@"
		# make does not see that flags have changed
		[ ! -e "$build/src/librdv.la" ] || must "clean" make clean
		printf '%s\n' "$wanted" >"$stamp"
	fi
}
