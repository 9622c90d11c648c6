#!/bin/sh
# SPDX-License-Identifier: MIT
# Each file of the repository says its licence in its first lines, or REUSE.toml says it.
cd "$top_srcdir" || exit 99
[ -e .git ] || { echo "skipped: no repository"; exit 77; }
command -v git >/dev/null || { echo "skipped: no git"; exit 77; }
tmp=$(mktemp -d) || exit 99
trap 'rm -rf "$tmp"' EXIT
failed=0

# "path" of those sections that give a licence
awk '
	/^\[\[/ { paths = "" }
	/^path = / { on = 1 }
	on { text = $0; while (match(text, /"[^"]*"/)) {
		paths = paths substr(text, RSTART + 1, RLENGTH - 2) "\n"
		text = substr(text, RSTART + RLENGTH) } }
	on && /\]$/ { on = 0 }
	/^SPDX-License-Identifier/ { printf "%s", paths }' REUSE.toml >"$tmp/patterns"
[ -s "$tmp/patterns" ] || { echo "REUSE.toml has no paths"; exit 99; }

covered() {
	while read -r pattern; do
		# shellcheck disable=SC2254 # it is a pattern
		case $1 in
		$pattern) return 0 ;;
		esac
	done <"$tmp/patterns"
	return 1
}

# safe.directory: it may be the repository of somebody else
git -c safe.directory='*' ls-files >"$tmp/files" ||
	exit 99
[ -s "$tmp/files" ] || exit 99
while read -r file; do
	case $file in
	LICENSES/*) ;;
	*) [ ! -e "$file" ] || echo "$file" ;;
	esac
done <"$tmp/files" | sort >"$tmp/ours"
tr '\n' '\0' <"$tmp/ours" |
	xargs -0 awk 'FNR <= 5 && /SPDX-License-Identifier: / { print FILENAME }' |
	sort -u | comm -23 "$tmp/ours" - >"$tmp/rest"
while read -r file; do
	covered "$file" || { echo "$file says no licence"; failed=1; }
done <"$tmp/rest"
exit $failed
