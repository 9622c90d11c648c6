#!/bin/sh
# SPDX-License-Identifier: MIT
# Gets HAProxy's source from Debian and builds it, in $top_builddir/tests/haproxy/tree:
#
#	original   as it is
#	rdv        over the librdv of this build
#	checked    over one that checks for misuse, as --enable-debug makes it
#
#	build.sh original|rdv|checked...
#
# HAPROXY_SOURCE  a directory where the source is already
#
# Exit status 77: it cannot be had or built here, for the reason that is printed.
set -u

name=build.sh
here=$(CDPATH='' cd -- "${top_srcdir:-.}/tests/haproxy" && pwd) || exit 99
include=$(CDPATH='' cd -- "${top_srcdir:-.}/include" && pwd) || exit 99
top=$(CDPATH='' cd -- "${top_builddir:-.}" && pwd) || exit 99
tree=$top/tests/haproxy/tree
cc=${CC:-cc}
unset MAKEFLAGS MFLAGS MAKELEVEL

skip()
{
	echo "SKIP: HAProxy: $*"
	exit 77
}

# run COMMAND...: with its output in the log
run()
{
	"$@" >>"$tree/log" 2>&1
}

must()
{
	run "$@" && return
	tail -n 30 "$tree/log" | sed 's/^/    /' >&2
	echo "$name: $* failed, see $tree/log" >&2
	exit 1
}

# apt PROGRAM ARG...: with lists, sources and a cache of our own.  The system's sources may
# have no deb-src, so that is made out of what they have.
apt()
{
	apt_program=$1
	shift
	"$apt_program" -q -o Dir::Etc::sourcelist="$tree/apt/sources.list" \
		-o Dir::Etc::sourceparts=- -o Dir::State::lists="$tree/apt/lists" \
		-o Dir::Cache="$tree/apt/cache" -o APT::Sandbox::User=root "$@"
}

# fetch: the newest 2.6 whose files the mirror has, in $tree/source
fetch()
{
	for program in apt-get apt-cache dpkg-source; do
		command -v $program >/dev/null || skip "there is no $program (dpkg-dev)"
	done
	mkdir -p "$tree/apt/lists/partial" "$tree/apt/cache/archives/partial"
	apt-get indextargets --format 'deb-src $(REPO_URI) $(RELEASE) $(COMPONENT)' \
		'Created-By: Packages' 'Component: main' | sort -u >"$tree/apt/sources.list"
	[ -s "$tree/apt/sources.list" ] || skip "apt knows no archive with a section main"
	run apt apt-get update || skip "apt-get update failed, see $tree/log"
	versions=$(apt apt-cache madison haproxy 2>>"$tree/log" | awk '/Sources$/ { print $3 }')
	for version in $versions; do
		case $version in 2.6.*) ;; *) continue ;; esac
		rm -rf "$tree/get" && mkdir "$tree/get" && cd "$tree/get" || exit 99
		run apt apt-get source "haproxy=$version" || continue
		mv haproxy-*/ "$tree/source" && cd "$tree" && rm -rf "$tree/get"
		return
	done
	skip "apt has no source of HAProxy 2.6, but:" ${versions:-nothing}
}

# build DIR MAKE-ARG...
build()
{
	cd "$1" || exit 99
	shift
	must nice make -j"$(getconf _NPROCESSORS_ONLN)" TARGET=linux-glibc CC="$cc" "$@" \
		haproxy
}

build_original()
{
	[ ! -x "$tree/original/haproxy" ] || return 0
	rm -rf "$tree/original"
	cp -a "$tree/source" "$tree/original" || exit 99
	build "$tree/original"
}

# over VARIANT LIBRARY ADDLIB ADDINC: a copy of the original in which only that is compiled
# once more which uses the rendez-vous.  An object that was left out by mistake refers to
# masks that are gone, and is not linked.
over()
{
	dir=$tree/$1
	stamp=$(cat "$here"/port.sh "$here"/thread_rdv.* "$include/rdv/rdv.h" "$2" | cksum)
	[ "$stamp" != "$(cat "$dir/stamp" 2>/dev/null)" ] || return 0
	rm -rf "$dir"
	cp -a "$tree/original" "$dir" || exit 99
	must sh "$here/port.sh" "$dir"
	cd "$dir" || exit 99
	for file in $(grep -l -E 'thread_(isolate|release|sync|harmless|idle|rdv_)' src/*.c); do
		rm -f "${file%.c}.o"
	done
	# nothing but the rule for an object itself: its header has changed for all of them
	build "$dir" DEP= ADDINC="-I$include $4" ADDLIB="$3"
	echo "$stamp" >"$dir/stamp"
}

[ -z "${SANITIZE:-}" ] || skip "HAProxy is not built with $SANITIZE"
for program in make "${cc%% *}"; do
	command -v "$program" >/dev/null || skip "there is no $program"
done
mkdir -p "$tree" || exit 99
true >"$tree/log"
[ -z "${HAPROXY_SOURCE:-}" ] || [ -e "$tree/source/VERSION" ] ||
	cp -a "$HAPROXY_SOURCE" "$tree/source" || exit 99
[ -e "$tree/source/VERSION" ] || fetch
build_original
for variant; do
	case $variant in
	original) ;;
	rdv)
		lib=$top/src/.libs
		over rdv "$lib/librdv.a" "-L$lib -Wl,-rpath,$lib -lrdv" ''
		;;
	checked)
		lib=$top/tests/haproxy/.libs/librdv-checked.a
		over checked "$lib" "$lib" -DRDV_DEBUG
		;;
	*) echo "$name: expected original, rdv or checked, found '$variant'" >&2; exit 2 ;;
	esac
done
