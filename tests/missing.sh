#!/bin/sh
# SPDX-License-Identifier: MIT
# A test program that cannot be built has a script in its place, so that it counts as
# skipped and not as never heard of.
#
#	missing.sh PROGRAM PACKAGE
mkdir -p "$(dirname "$1")" && rm -f "$1" &&
	printf '#!/bin/sh\necho "1..0 # SKIP without %s"\n' "$2" >"$1" && chmod +x "$1"
