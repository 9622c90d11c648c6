#!/bin/sh
# SPDX-License-Identifier: MIT
# Each public header compiles without another, twice, and with all others, without a
# warning, as C11 and as C++, and for users who want to be warned of more; and defines no
# macro outside of RDV_ and rdv_.
tmp=$(mktemp -d) || exit 99
trap 'rm -rf "$tmp"' EXIT
. "$top_srcdir/tests/lacks.sh"
failed=0
headers=$(cd "$top_srcdir/include" && echo rdv/*.h)
strict="-Wall -Wextra -pedantic -Wundef -Wshadow -Wconversion -Werror"
picky="-Wsign-conversion -Wcast-qual -Wcast-align -Wredundant-decls -Wwrite-strings
	-Wpointer-arith -Wswitch-default -Wfloat-equal -Wdouble-promotion -Wnull-dereference"
picky_cxx="-Wold-style-cast -Woverloaded-virtual -Wnon-virtual-dtor -Wextra-semi
	-Wzero-as-null-pointer-constant"

# accepts WHAT COMPILER...: the text on standard input
accepts() {
	what=$1
	shift
	"$@" $strict -fsyntax-only -I"$top_srcdir/include" "$tmp/text" >"$tmp/out" 2>&1 &&
		return
	echo "$what: $*"
	sed 's/^/  /' "$tmp/out"
	failed=1
}

# text HEADER...
text() {
	printf '#include <%s>\n' "$@" >"$tmp/text"
}

everywhere() {
	accepts "$1" $CC -x c -std=c11 -Wstrict-prototypes -Wmissing-prototypes
	accepts "$1" $CC -x c -std=gnu11 -D_GNU_SOURCE
	for std in ${CXX:+c++11 c++17 c++20}; do
		accepts "$1" $CXX -x c++ -std=$std
	done
}

for header in $headers; do
	text $header $header
	everywhere "$header, twice"

	# <rdv/hathreads.h> has names from elsewhere, that is what it is for.
	[ $header != rdv/hathreads.h ] || continue
	text $header
	$CC -x c -std=c11 -E -dD -I"$top_srcdir/include" "$tmp/text" >"$tmp/defs" || exit 99
	awk '
		/^# [0-9]+ "/ { ours = $3 ~ /\/rdv\/[a-z]*\.h"$/ }
		ours && $1 == "#define" && $2 !~ /^(RDV|rdv)_/ {
			print "'$header' defines " $2; found = 1 }
		END { exit found }' "$tmp/defs" || failed=1
done
text $headers
everywhere "all headers"

# Uses, which expand the macros.
cat >"$tmp/use" <<'EOF'
#include <rdv/blocking.h>
extern void f(void);
int use(rdv_thread *a, rdv_thread *b, int n);
int use(rdv_thread *a, rdv_thread *b, int n)
{
#ifndef __cplusplus /* to whose compilers glibc's mutex has zeros for pointers */
	static rdv_once_flag once = RDV_ONCE_FLAG_INIT;
	(void)once;
#endif
	rdv_domain_attr attr = RDV_DOMAIN_ATTR_INIT;
	rdv_domain *domain;
	int set;

	if (rdv_domain_create(&domain, &attr))
		return 1;
	RDV_HARMLESS(a) RDV_HARMLESS(b) f();
	RDV_ISOLATED(a) { RDV_ISOLATED(b) f(); }
	if (n)
		RDV_HARMLESS(a) set = 1;
	else
		RDV_ISOLATED(a) set = 2;
	return set;
}
EOF
cat >"$tmp/templates" <<'EOF'
#include <rdv/rdv.hpp>
struct item : rdv_retired {
	int n;
};
bool use(rdv::thread &self, std::unique_ptr<item> a, std::unique_ptr<const int[]> b);
bool use(rdv::thread &self, std::unique_ptr<item> a, std::unique_ptr<const int[]> b)
{
	const rdv::grace grace(self);
	const std::chrono::milliseconds time(1);
	std::mutex mutex;
	auto lock = rdv::lock(self, mutex);

	rdv::kept one(self, 1, time);
	const auto nothing = [](unsigned) {};

	one = rdv::kept(self, 2, std::chrono::steady_clock::now());
	one.let_go();
	rdv::retire(self, std::move(a));
	rdv::retire(self, std::move(b));
	rdv::retire(self, new item());
	rdv::retire(self, new int());
	rdv::synchronize(self);
	return one.error() == rdv::kept(self, 3).error() &&
	       rdv::for_each(self, nothing) && rdv::synchronize_for(self, time) && grace.over(self) &&
	       rdv::isolation(self, time) && rdv::harmless(self).try_end_for(time);
}
EOF

# once COMPILER: true at first, if it is there
once() {
	case "$had" in *"|$1|"*) return 1 ;; esac
	had="$had|$1|"
	command -v "${1%% *}" >/dev/null
}

had=
for compiler in "$CC" gcc clang; do
	once "$compiler" || continue
	for macro in RDV_USE RDV_DEBUG RDV_NO_INLINE; do
		text $headers
		accepts "all headers, -D$macro" $compiler -x c -std=c11 -D$macro $picky
		cp "$tmp/use" "$tmp/text"
		accepts "the macros, -D$macro" $compiler -x c -std=c11 -O2 -D$macro $picky
	done
	text rdv/rdv.h rdv/sync.h rdv/stats.h
	accepts "C99" $compiler -x c -std=c99
done
for compiler in ${CXX:+"$CXX" g++ clang++}; do
	once "$compiler" || continue
	cp "$tmp/use" "$tmp/text"
	accepts "the macros" $compiler -x c++ -std=c++11 -O2 $picky $picky_cxx
	for std in c++14 c++17 c++20; do
		text $headers rdv/rdv.hpp
		accepts "C++" $compiler -x c++ -std=$std $picky $picky_cxx
		accepts "C++" $compiler -x c++ -std=$std -fno-exceptions -fno-rtti
		cp "$tmp/templates" "$tmp/text"
		accepts "templates" $compiler -x c++ -std=$std -O2 $picky $picky_cxx
		accepts "templates" $compiler -x c++ -std=$std -fno-exceptions -fno-rtti
	done
done

[ -n "$CXX" ] || lack g++
finish $failed
