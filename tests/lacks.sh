# SPDX-License-Identifier: MIT
# shellcheck shell=sh
# For tests that can do a part of their work without some package, which source it.  Such a
# test counts as skipped, as it has not checked all.
lacks=

# lack PACKAGE: something is left out for want of it
lack() {
	case " $lacks " in *" $1 "*) ;; *) lacks="$lacks $1" ;; esac
}

# finish FAILED: the end of the test
finish() {
	[ "$1" = 0 ] || exit 1
	[ -z "$lacks" ] || { echo "skipped in part, without$lacks"; exit 77; }
	exit 0
}
