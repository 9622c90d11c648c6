# SPDX-License-Identifier: MIT
# shellcheck shell=sh
# What scripts/test.sh and scripts/bench.sh have in common; they set $name and $usage
# and source it.

top=$(CDPATH= cd -- "$(dirname -- "$0")/.." && pwd) || exit 1
build=$top/build
install=yes
# What configure would choose instead, and libtool and make then use, is bash, which takes
# several times as long to start a process.
export CONFIG_SHELL="${CONFIG_SHELL:-/bin/sh}"

die() {
	echo "$name: $*" >&2
	exit 1
}

cpus() {
	getconf _NPROCESSORS_ONLN 2>/dev/null || echo 1
}

# Reads the options that both have; $shift is how many arguments they were.
options() {
	shift=0
	while [ $# -gt 0 ]; do
		case $1 in
		-h|--help) echo "$usage"; exit 0 ;;
		--no-install) install=no ;;
		--build-dir) use_build_dir "${2-}"; shift; shift=$((shift + 1)) ;;
		--build-dir=*) use_build_dir "${1#*=}" ;;
		*) return ;;
		esac
		shift
		shift=$((shift + 1))
	done
}

use_build_dir() {
	[ -n "$1" ] || die "--build-dir needs a directory"
	buildable "$1"
	mkdir -p -- "$1" && build=$(CDPATH= cd -- "$1" && pwd) ||
		die "cannot make the directory $1"
	[ "$build" != "$top" ] || die "the build directory must not be that of the sources"
}

# buildable DIR: automake's limit, and make's
buildable() {
	case $1 in
	*[[:space:]\"\#\$\&\'\`\\]*) die "make cannot build in a directory with such a name, \
please take another: '$1'" ;;
	esac
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

# end_of FILE [LINES]: for whoever has to find out
end_of() {
	echo "---- the end of $1:"
	tail -n "${2-40}" -- "$1"
} >&2

# must WHAT COMMAND...: a step without which it makes no sense to go on.
must() {
	step "$@" && return
	end_of "$log"
	exit 1
}

# packages GROUP...: what is missing, or says so
packages() {
	deps=$top/scripts/install-deps.sh
	if [ $install = yes ]; then
		sh "$deps" "$@" || die "see above; --no-install goes on without them"
		return
	fi
	lacks=$(sh "$deps" --dry-run "$@")
	[ -z "$lacks" ] || echo "$name: --no-install, $lacks"
	command -v make >/dev/null || die "there is no make"
}

# Among sources that may not be written to there is no place for what bootstrap makes:
# it works on a copy, in the build directory.
copy_sources() {
	copy=$build/source
	if [ ! -e "$copy/.copied" ] || [ -n "$(find "$top" -newer "$copy/.copied" 2>/dev/null)" ]; then
		rm -rf -- "$copy"
		mkdir -- "$copy" && must "copy the sources" sh -c \
			'tar -C "$1" --exclude="./build*" -cf - . | tar -C "$2" -xf -' sh "$top" "$copy"
		touch -- "$copy/.copied"
	fi
	top=$copy
}

# prepare GROUPS [CONFIGURE-ARG...]: what to do before make.  Configures if that was
# not done, was done differently, or a library has come or gone since.
prepare() {
	buildable "$top"
	buildable "$build"
	[ ! -e "$top/config.status" ] || die \
		"$top itself is configured for building; run \"make distclean\" in it first"
	# Makefile.in is the last that comes out of bootstrap
	bootstrap=
	[ -e "$top/Makefile.in" ] || bootstrap=bootstrap
	# shellcheck disable=SC2086 # these are words
	packages $bootstrap $1
	shift

	mkdir -p -- "$build" && true >"$build/$name.log" || die "cannot write to $build"
	log=$build/$name.log

	[ -z "$bootstrap" ] || [ -w "$top" ] || copy_sources
	[ -e "$top/Makefile.in" ] || must "bootstrap" "$top/bootstrap"

	wanted="$* CC=$CC CXX=$CXX CPPFLAGS=$CPPFLAGS CFLAGS=$CFLAGS LDFLAGS=$LDFLAGS"
	for module in cmocka liburcu-qsbr liburcu-memb liburcu-mb liburcu-bp ck libuv glib-2.0 liburing; do
		wanted="$wanted $module=$(pkg-config --modversion $module 2>/dev/null)"
	done
	wanted="$wanted $(sh "$top/scripts/install-deps.sh" --dry-run build test)"
	stamp=$build/.configured
	if [ ! -e "$build/Makefile" ] || [ "$(cat "$stamp" 2>/dev/null)" != "$wanted" ]; then
		rm -f -- "$stamp"
		must "configure" "$top/configure" "$@"
		# make does not see that flags have changed
		[ ! -e "$build/src/librdv.la" ] || must "clean" make clean
		printf '%s\n' "$wanted" >"$stamp"
	fi
}
