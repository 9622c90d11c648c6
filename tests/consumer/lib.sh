# SPDX-License-Identifier: MIT
# shellcheck shell=sh
# What the consumers have in common: an installed librdv in $root, a copy of the program
# in $tmp/src, and where to look for the library.
root=$top_builddir/tests/consumer/root
tmp=$(mktemp -d) || exit 99
trap 'rm -rf "$tmp"' EXIT

# needs TOOL...
needs() {
	for tool; do
		command -v "$tool" >/dev/null || { echo "skipped: no $tool"; exit 77; }
	done
}

# quietly COMMAND...: shows what it said if it fails
quietly() {
	"$@" >"$tmp/out" 2>&1 && return
	echo "failed: $*"
	sed 's/^/  /' "$tmp/out"
	return 1
}

pc=$(find "$root" -name rdv.pc)
[ -n "$pc" ] || { echo "rdv.pc is not installed"; exit 99; }
libdir=${pc%/pkgconfig/rdv.pc}
PKG_CONFIG_LIBDIR=$libdir/pkgconfig
PKG_CONFIG_SYSROOT_DIR=$root
PKG_CONFIG_ALLOW_SYSTEM_CFLAGS=1
PKG_CONFIG_ALLOW_SYSTEM_LIBS=1
export PKG_CONFIG_LIBDIR PKG_CONFIG_SYSROOT_DIR
export PKG_CONFIG_ALLOW_SYSTEM_CFLAGS PKG_CONFIG_ALLOW_SYSTEM_LIBS
LD_LIBRARY_PATH=$libdir${LD_LIBRARY_PATH:+:$LD_LIBRARY_PATH}
export LD_LIBRARY_PATH

mkdir "$tmp/src" && cp "$top_srcdir/tests/consumer/CMakeLists.txt" \
	"$top_srcdir/tests/consumer/meson.build" "$top_srcdir/tests/api/consumer.c" \
	"$top_srcdir/tests/api/other.c" "$tmp/src" || exit 99

CFLAGS="$CFLAGS $SANITIZE"
export CFLAGS
