#!/bin/sh
# SPDX-License-Identifier: MIT
# Two runs of "make dist", by users with other habits, make the same file; and so does one
# from what the file contains.
#
#	dist.sh SRCDIR NAME, in a build directory
srcdir=$1 tarball=$2.tar.gz here=$PWD
tmp=$(mktemp -d) || exit 99
trap 'chmod -R u+w "$tmp"; rm -rf "$tmp"' EXIT
unset MAKEFLAGS MFLAGS MAKELEVEL

# run DIR OUTPUT
run() {
	make -C "$1" dist-gzip >"$tmp/log" 2>&1 && mv "$1/$tarball" "$2" && return
	tail -n 20 "$tmp/log"
	exit 1
}

run . "$tmp/first.tar.gz"
touch "$srcdir/README.md" || exit 99
(umask 077 && TZ=UTC-14 LC_ALL=C run . "$tmp/second.tar.gz") || exit 1
mkdir "$tmp/again" && tar -xzf "$tmp/first.tar.gz" -C "$tmp/again" --strip-components=1 &&
	(cd "$tmp/again" && ./configure >"$tmp/log" 2>&1) || { tail "$tmp/log"; exit 1; }
run "$tmp/again" "$tmp/third.tar.gz"

cd "$tmp" || exit 99
sha256sum ./*.tar.gz
if [ "$(sha256sum ./*.tar.gz | cut -d ' ' -f 1 | sort -u | wc -l)" != 1 ]; then
	for other in second third; do
		mkdir a b && tar -xzf first.tar.gz -C a && tar -xzf $other.tar.gz -C b
		diff -r a b
		rm -rf a b
	done
	echo "the tarballs differ"
	exit 1
fi
mv first.tar.gz "$here/$tarball"
