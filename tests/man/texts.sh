#!/bin/sh
# SPDX-License-Identifier: MIT
# What the library writes about misuse and stalls is explained in rdv_debug(3) and
# rdv_stats(3), in the same words.
inside=$top_srcdir/src/inside
man=$top_srcdir/doc/man
tmp=$(mktemp -d) || exit 99
trap 'rm -rf "$tmp"' EXIT
failed=0

# strings FILE FROM: those of the block that begins so; parts of one are joined
strings()
{
	sed -n "/$2/,/^}/p" "$1" | tr '\n' ' ' | sed 's/"[[:space:]]*"//g' |
		grep -o '[{=] *"[^"]*"' | sed 's/^[^"]*"//; s/"$//'
}

strings "$inside/misuse.c" '^} texts' >"$tmp/wrong"
strings "$inside/stall.c" '^static const char \*why_text' >"$tmp/why"
strings "$inside/stall.c" '^static const char \*hint' >"$tmp/hint"
[ "$(wc -l <"$tmp/wrong")" -ge 10 ] && [ "$(wc -l <"$tmp/why")" = 7 ] &&
	[ "$(wc -l <"$tmp/hint")" = 7 ] || { echo "the texts were not found"; exit 99; }

# explained PAGE LIST MACRO
explained()
{
	while IFS= read -r text; do
		grep -q -F -e "$3 $text" "$man/$1" || { echo "$1: no \"$text\""; failed=1; }
	done <"$2"
}
explained rdv_debug.3 "$tmp/wrong" '.It Li'
explained rdv_stats.3 "$tmp/why" '.It Li'
explained rdv_stats.3 "$tmp/hint" '.Li'
exit $failed
