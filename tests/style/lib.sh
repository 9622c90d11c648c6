# SPDX-License-Identifier: MIT
# shellcheck shell=sh
# What the style tests have in common: the files of the repository.
cd "$top_srcdir" || exit 99

# needs TOOL
needs() {
	command -v "$1" >/dev/null || { echo "skipped: no $1"; exit 77; }
}

[ -e .git ] || { echo "skipped: no repository"; exit 77; }
command -v git >/dev/null || { echo "skipped: no git"; exit 77; }

# files PATTERN...: those that are there; their names have no spaces
files() {
	git -c safe.directory='*' ls-files -- "$@" |
		while read -r file; do
			[ ! -e "$file" ] || echo "$file"
		done
}
