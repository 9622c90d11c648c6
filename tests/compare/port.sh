#!/bin/sh
# SPDX-License-Identifier: MIT
# One program of liburcu-qsbr, port.c, gives the same result with liburcu and with librdv.
set -u
here=$top_builddir/tests/compare
. "$top_srcdir/tests/lacks.sh"

# run NAME: ends well, and says how many configurations it has freed
run() {
	found=$("$here/$1") || { echo "$1: exit status $?"; exit 1; }
	[ "$found" = 'version 2000, 2000 freed' ] && return
	echo "$1: expected 'version 2000, 2000 freed', found '$found'"
	exit 1
}

run port-rdv
# ThreadSanitizer does not see the fences of liburcu.
case ${SANITIZE-} in
*thread*) ;;
*) if [ -x "$here/port-urcu" ]; then run port-urcu; else lack liburcu-dev; fi ;;
esac
finish 0
