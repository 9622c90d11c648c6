#!/bin/sh
# SPDX-License-Identifier: MIT
# The installed library in a program that is built with CMake: find_package() and
# pkg-config, from where it was installed and from where it was moved to.
. "$top_srcdir/tests/consumer/lib.sh"
needs cmake make
unset MAKEFLAGS MFLAGS MAKELEVEL

# build NAME CMAKE-ARG...
build() {
	name=$1
	shift
	quietly cmake -S "$tmp/src" -B "$tmp/$name" -G 'Unix Makefiles' "$@" &&
		quietly cmake --build "$tmp/$name" || exit 1
	for program in "$tmp/$name"/by-*; do
		quietly "$program" || exit 1
	done
	[ -e "$tmp/$name/by-package" ] || { echo "no program was built"; exit 1; }
}

build installed -DCMAKE_PREFIX_PATH="${libdir%/lib*}"

# moved: pkg-config has the old place
cp -R "$root" "$tmp/elsewhere" || exit 99
build moved -DCMAKE_DISABLE_FIND_PACKAGE_PkgConfig=ON \
	-Drdv_DIR="$tmp/elsewhere${libdir#"$root"}/cmake/rdv"
grep -q "$root" "$tmp/moved/CMakeCache.txt" && { echo "moved, and not found there"; exit 1; }
exit 0
