# SPDX-License-Identifier: MIT
# shellcheck shell=sh
# For loop-*.sh, which source it.

# loop LIBRARY MACRO PACKAGE: runs loop-LIBRARY, if configure has found what it needs
loop()
{
	if ! grep -q "^#define $2 1" "${top_builddir:-.}/config.h"; then
		echo "skipped: configure has not found lib$1 ($3)"
		exit 77
	fi
	exec "${top_builddir:-.}/examples/loop-$1"
}
