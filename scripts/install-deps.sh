#!/bin/sh
# SPDX-License-Identifier: MIT
# Installs the Debian packages that building, testing or benchmarking librdv needs
# and that are not there yet.  Needs a shell and nothing else.

name=install-deps
usage="usage: scripts/install-deps.sh [--dry-run] [build] [test] [bench] [ci]

Installs, from Debian's packages, what is missing to

  build   build the library from its repository
  test    run all tests
  bench   have all contenders in the benchmark
  ci      run all parts of .ci/run: clang, the sanitizers, valgrind, other machines

Without a group: build, test and bench.  Works as root or with sudo; needs neither
these nor the network if nothing is missing.  --dry-run: says what is missing."

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

have_nginx() {
	have nginx || [ -x /usr/sbin/nginx ]
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
	build|test|bench|ci) groups="$groups $arg" ;;
	*) echo "$name: what is '$arg'?" >&2; echo "$usage" >&2; exit 2 ;;
	esac
done

for group in ${groups:-build test bench}; do
	case $group in
	build)
		package autoconf have autoreconf
		package automake have automake
		package libtool have libtoolize
		package pkg-config have pkg-config
		package make have make
		package gcc have cc
		package libc6-dev includes cc c stdio.h
		package linux-libc-dev includes cc c linux/futex.h
		;;
	test)
		package libcmocka-dev module cmocka
		package g++ includes c++ c++ cstdio
		package relacy-dev includes c++ c++ relacy/relacy.hpp
		package libuv1-dev module libuv
		package libev-dev includes cc c ev.h
		package liburing-dev module liburing
		package nginx have_nginx
		package wrk have wrk
		package mandoc have mandoc
		package clang-format have clang-format
		package codespell have codespell
		package shellcheck have shellcheck
		package cmake have cmake
		package meson have meson
		package python3 have python3
		package gdb have gdb
		package systemtap-sdt-dev includes cc c sys/sdt.h
		;;
	bench)
		package liburcu-dev module liburcu-qsbr
		package libck-dev module ck
		package libnsync-dev includes cc c nsync_mu.h
		package gnuplot-nox have gnuplot
		;;
	ci)
		package clang have clang
		package libclang-rt-dev clang_runtime
		package valgrind have valgrind
		package xz-utils have xz
		package "gcc-$(cc -dumpversion)-multilib" runs_32_bits
		package gcc-aarch64-linux-gnu have aarch64-linux-gnu-gcc
		package libc6-dev-arm64-cross includes aarch64-linux-gnu-gcc c stdio.h
		package qemu-user have qemu-aarch64
		package musl-tools have musl-gcc
		package clang-tidy have clang-tidy
		package clang-tools have scan-build
		package cppcheck have cppcheck
		package dpkg-dev have dpkg-buildpackage
		package debhelper have dh
		package lintian have lintian
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
elif have sudo; then
	as_root=sudo
else
	die "missing:$missing; run this as root, or install sudo"
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
# A repository that is away does not matter if the packages can be had.
if ! { apt update; apt install --no-install-recommends $missing; }; then
	tail -n 30 "$log" >&2
	nginx_service unmask
	die "apt-get failed; needed:$missing"
fi
nginx_service unmask
nginx_service disable
