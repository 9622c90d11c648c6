#!/bin/sh
# SPDX-License-Identifier: MIT
# Installs the Debian packages of librdv, runs debian/tests/smoke with them, removes them
# and looks for what they leave.  As root; best in a chroot or a container.

name=try-packages
top=$(CDPATH='' cd -- "$(dirname -- "$0")/.." && pwd) || exit 1

die() {
	echo "$name: $*" >&2
	exit 1
}

[ $# = 1 ] && [ "$1" != --help ] ||
	die "usage: scripts/try-packages.sh DIR, where dpkg-buildpackage has put them"
[ "$(id -u)" = 0 ] || die "needs root"
packages='librdv0 librdv-dev librdv-tools librdv-doc'
files=
for package in $packages; do
	# shellcheck disable=SC2012 # Debian's names
	file=$(ls -t "$1/${package}_"*.deb 2>/dev/null | head -n 1)
	[ -n "$file" ] || die "there is no $package in $1"
	! dpkg-query -s "$package" >/dev/null 2>&1 || die "$package is installed"
	files="$files $(realpath "$file")"
done
tmp=$(mktemp -d) || exit 1
trap 'rm -rf "$tmp"' EXIT

apt() {
	DEBIAN_FRONTEND=noninteractive apt-get -q -y -o Dpkg::Use-Pty=0 "$@" \
		</dev/null >"$tmp/log" 2>&1 || { cat "$tmp/log"; die "apt-get $1 failed"; }
}

has() {
	dpkg-query -W -f '${db:Status-Abbrev} ${Package}\n' | sort
}

# What is needed for the test stays, what the packages need goes with them.
apt install --no-install-recommends gcc libc6-dev pkg-config
has >"$tmp/before"
for file in $files; do
	dpkg-deb --fsys-tarfile "$file" | tar -t | sed 's|^\.||' | while read -r path; do
		[ -e "$path" ] || echo "$path"
	done
done >"$tmp/new"

# shellcheck disable=SC2086 # these are words
apt install --no-install-recommends $files
status=0
"$top/debian/tests/smoke" >"$tmp/smoke" 2>&1 ||
	{ cat "$tmp/smoke"; echo "$name: debian/tests/smoke failed"; status=1; }
# shellcheck disable=SC2086
apt purge --autoremove $packages

has | diff "$tmp/before" - || { echo "$name: other packages than before"; status=1; }
while read -r path; do
	[ ! -e "$path" ] || { echo "$name: $path is left"; status=1; }
done <"$tmp/new"
[ -s "$tmp/new" ] || die "the packages are empty"
[ $status != 0 ] || echo "$name: installed, tried, removed: $(wc -l <"$tmp/new") files"
exit $status
