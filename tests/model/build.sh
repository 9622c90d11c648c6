# SPDX-License-Identifier: MIT
# shellcheck shell=sh
# For run.sh and mutations.sh, which source it: compiles the model.

top=${top_srcdir:-$(CDPATH= cd -- "$(dirname -- "$0")/../.." && pwd)}
model=$top/tests/model
[ ! -e config.status ] || top_builddir=${top_builddir:-.}
built=${top_builddir:-$top}/tests/model
CXX=${CXX:-g++}

die() {
	echo "model: $*" >&2
	exit 99
}

skip() {
	echo "skipped: $*"
	exit 77
}

# What this machine lacks is no fault of the protocol.
command -v "${CXX%% *}" >/dev/null 2>&1 || skip "no C++ compiler for Relacy (g++, relacy-dev)"
echo '#include <relacy/relacy.hpp>' |
	$CXX -std=c++17 -x c++ -fsyntax-only - 2>/dev/null ||
	skip "no Relacy (Debian has it in relacy-dev)"

mkdir -p "$built" || die "no $built"

units="engine main fixture $(cd "$model" && printf '%s ' scenario-*.cc | sed 's/\.cc//g')"

# compile FROM OUT UNIT...: the units, with the sources of the library in FROM.  model.h has
# an rdv_word of its own, whose accesses it can reorder, so that of <rdv/rdv.h> is left out.
compile() {
	from=$1 out=$2
	shift 2
	mkdir -p "$out/rdv" &&
		grep -v '^typedef uint32_t rdv_word;$' "$from/include/rdv/rdv.h" \
			>"$out/rdv/rdv.h" || return
	for unit; do
		$CXX -std=c++17 -O3 -w -I"$out" -I"$from/include" -I"$from/src" \
			-c -o "$out/$unit.o" "$model/$unit.cc" || return
	done
}

# newer OUT FILE...: whether one of the files is newer than OUT, or it is not there
newer() {
	[ -f "$1" ] || return 0
	[ -n "$(find "$@" -newer "$1" 2>/dev/null)" ]
}

# Everything, unless it is up to date; not while another script does.
build() {
	exec 8>"$built/lock" && flock 8 || die "no lock $built/lock"
	build_alone
	exec 8>&-
}

build_alone() {
	newer "$built/rdv-model" "$model"/*.cc "$model"/*.h "$top"/src/*.[ch] \
		"$top"/src/inside/*.[ch] "$top"/include/rdv/*.h || return 0
	# shellcheck disable=SC2086 # a list
	compile "$top" "$built" $units protocol || die "the model does not compile"
	link "$built" "$built/rdv-model"
}

# link OUT PROGRAM: protocol.o is that of OUT, and so are the units that it has
link() {
	objects=$1/protocol.o
	for unit in $units; do
		if [ -f "$1/$unit.o" ]; then
			objects="$objects $1/$unit.o"
		else
			objects="$objects $built/$unit.o"
		fi
	done
	# shellcheck disable=SC2086
	$CXX -o "$2" $objects || die "the model does not link"
}
