#!/bin/sh
# SPDX-License-Identifier: MIT
# Installs the Debian packages that building, testing or benchmarking librdv needs
# and that are not there yet.  Needs a shell and nothing else.

name=install-deps
usage="usage: scripts/install-deps.sh [--dry-run] [GROUP...]

Installs, from Debian's packages, what is missing to

  bootstrap  make ./configure, which a release brings along
  build      build the library
  test       run all tests
  bench      have all contenders in the benchmark
  haproxy    run and measure HAProxy over librdv, together with build
  ci         run all parts of .ci/run; or of these: clang, m32, aarch64, musl, dist,
             style, deb, fresh

Without a group: bootstrap, build, test and bench.  Works as root or with sudo; needs
neither these nor the network if nothing is missing.  --dry-run: says what is missing.
Exit status: 0, or 1 if something that is missing could not be installed."

have() {
	command -v "$1" >/dev/null 2>&1
}

die() {
	echo "$name: $*" >&2
	exit 1
}

missing=
# package NAME CONDITION...: the package is missing unless the condition holds
package() {
	package=$1
	shift
	case " $missing " in *" $package "*) return ;; esac
	"$@" >/dev/null 2>&1 || missing="$missing $package"
}

# includes COMPILER LANGUAGE HEADER
includes() {
	have "$1" && echo "#include <$3>" | "$1" -x "$2" -E -
}

clang_runtime() {
	have clang && [ -e "$(clang -print-file-name="libclang_rt.tsan-$(uname -m).a")" ]
}

runs_32_bits() {
	echo 'int main(void) { return 0; }' | cc -m32 -x c - -o /dev/null
}

# have_daemon PROGRAM: users have no /usr/sbin in their PATH
have_daemon() {
	have "$1" || [ -x "/usr/sbin/$1" ]
}

installed() {
	dpkg-query -W -f '${Status}' "$1" | grep -q ' installed$'
}

module() {
	have pkg-config && pkg-config --exists "$1"
}

dry_run=
groups=
for arg; do
	case $arg in
	-h|--help) echo "$usage"; exit 0 ;;
	--dry-run) dry_run=yes ;;
	bootstrap|build|test|bench|clang|m32|aarch64|musl|dist|style|haproxy|deb|fresh)
		groups="$groups $arg" ;;
	ci) groups="$groups clang m32 aarch64 musl dist style haproxy deb fresh" ;;
	*) echo "$name: what is '$arg'?" >&2; echo "$usage" >&2; exit 2 ;;
	esac
done

for group in ${groups:-bootstrap build test bench}; do
	case $group in
	bootstrap)
		package autoconf have autoreconf
		package automake have automake
		package libtool have libtoolize
		package pkg-config have pkg-config
		;;
	build)
		package make have make
		package gcc have cc
		package libc6-dev includes cc c stdio.h
		package linux-libc-dev includes cc c linux/futex.h
		package pkg-config have pkg-config
		;;
	test)
		package libcmocka-dev module cmocka
		package g++ includes c++ c++ cstdio
		package relacy-dev includes c++ c++ relacy/relacy.hpp
		package libuv1-dev module libuv
		package libev-dev includes cc c ev.h
		package libglib2.0-dev module glib-2.0
		package liburing-dev module liburing
		package nginx have_daemon nginx
		package wrk have wrk
		package mandoc have mandoc
		package clang-format have clang-format
		package codespell have codespell
		package shellcheck have shellcheck
		package cmake have cmake
		package meson have meson
		package python3 have python3
		package gdb have gdb
		package valgrind have valgrind
		package systemtap-sdt-dev includes cc c sys/sdt.h
		;;
	clang)
		package clang have clang
		package libclang-rt-dev clang_runtime
		;;
	m32)
		# The name has the compiler's version in it, as gcc-multilib itself excludes
		# the compilers for other machines: so the compiler comes first.
		[ "$(uname -m)" = x86_64 ] || continue
		[ "$dry_run" ] || have cc || sh "$0" build || exit 1
		package "gcc-$(cc -dumpversion 2>/dev/null || echo N)-multilib" runs_32_bits
		;;
	aarch64)
		package gcc-aarch64-linux-gnu have aarch64-linux-gnu-gcc
		package libc6-dev-arm64-cross includes aarch64-linux-gnu-gcc c stdio.h
		package qemu-user have qemu-aarch64
		;;
	musl)
		package musl-tools have musl-gcc
		;;
	dist)
		package xz-utils have xz
		;;
	style)
		package clang-tidy have clang-tidy
		package cppcheck have cppcheck
		;;
	haproxy)
		package dpkg-dev have dpkg-source
		package nginx have_daemon nginx
		package wrk have wrk
		;;
	deb)
		package dpkg-dev have dpkg-buildpackage
		package build-essential installed build-essential # by this name
		package debhelper have dh
		package lintian have lintian
		;;
	fresh)
		package debootstrap have_daemon debootstrap
		;;
	esac
	# the tests compare librdv with what the benchmark does
	case $group in
	test|bench)
		package liburcu-dev module liburcu-qsbr
		package libck-dev module ck
		package libnsync-dev includes cc c nsync_mu.h
		package gnuplot-nox have gnuplot
		;;
	esac
done

[ -n "$missing" ] || exit 0
if [ "$dry_run" ]; then
	echo "missing:$missing"
	exit 0
fi

have apt-get || die "this is no Debian; please install what corresponds to:$missing"
if [ "$(id -u)" = 0 ]; then
	as_root=
elif ! have sudo; then
	die "missing:$missing; run this as root, or install sudo"
elif why=$(LC_ALL=C sudo -v 2>&1 >/dev/null); then
	as_root=sudo
else
	die "sudo refuses (${why##*sudo: }); for root to install:$missing"
fi

log=$(mktemp) || die "cannot make a temporary file"
trap 'rm -f "$log"' EXIT

apt() {
	$as_root env DEBIAN_FRONTEND=noninteractive apt-get -q -y \
		-o Dpkg::Use-Pty=0 "$@" </dev/null >>"$log" 2>&1
}

# The nginx that the tests start is theirs; that of the system is not to be started.
nginx_service() {
	case " $missing " in
	*' nginx '*) [ ! -d /run/systemd/system ] || $as_root systemctl "$1" nginx.service ;;
	esac >>"$log" 2>&1 || true
}

echo "$name: installing$missing"
nginx_service mask
apt update # a repository that is away does not matter if the packages can be had
failed=
if ! apt install --no-install-recommends $missing; then
	# one that is not to be had must not lose the others
	for package in $missing; do
		true >"$log"
		apt install --no-install-recommends "$package" && continue
		failed="$failed $package"
		tail -n 5 "$log" >&2
	done
fi
nginx_service unmask
nginx_service disable
[ -z "$failed" ] || die "apt-get could not install:$failed"
