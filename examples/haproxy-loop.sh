#!/bin/sh
# SPDX-License-Identifier: MIT
# haproxy-loop.c checks itself; and it includes no header of ours but <rdv/hathreads.h>,
# and knows no name of ours but its.
set -u

source=${top_srcdir:-.}/examples/haproxy-loop.c
if grep -E '(rdv_|RDV_|<rdv/)' "$source" | grep -v '<rdv/hathreads\.h>'; then
	echo "haproxy-loop.c: see above" >&2
	exit 1
fi
exec "${top_builddir:-.}/examples/haproxy-loop"
