# SPDX-License-Identifier: MIT
# shellcheck shell=sh
# For the tests of pages that quote programs, which source it.

# blocks PAGE DIR: each block of code, in a file of its own: DIR/block1, DIR/block2, ...
# The first line is the one that opens it.
blocks()
{
	awk -v dir="$2" '
		/^```/ && on { on = 0; close(file); next }
		/^```/ { on = 1; file = dir "/block" ++n; print $0 > file; next }
		on { print > file }' "$1"
}

# contains FILE BLOCK: the lines of BLOCK but its first, one after the other
contains()
{
	awk 'NR == FNR { if (FNR > 1) want[++n] = $0; next }
	{ line[FNR] = $0 }
	END {
		for (i = 0; i + n <= FNR; i++) {
			for (j = 1; j <= n && line[i + j] == want[j]; j++)
				;
			if (j > n)
				exit 0
		}
		exit 1
	}' "$2" "$1"
}
