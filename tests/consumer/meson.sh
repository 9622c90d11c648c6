#!/bin/sh
# SPDX-License-Identifier: MIT
# The installed library in a program that is built with Meson.
. "$top_srcdir/tests/consumer/lib.sh"
needs meson ninja "${PKG_CONFIG:-pkg-config}"

quietly meson setup "$tmp/build" "$tmp/src" &&
	quietly ninja -C "$tmp/build" &&
	quietly "$tmp/build/by-meson"
