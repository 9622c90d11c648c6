#!/bin/sh
# SPDX-License-Identifier: MIT
# Where a program chooses the size of time_t, by _TIME_BITS: each function that takes or
# returns a struct timespec has a symbol for each size, and no other function has.  A
# program does not link with a library of the other size, and works with one of its own.
# Compilers for 64 bits are asked for such a machine by -m32.
[ -z "$SANITIZE" ] || { echo "skipped: a sanitizer is not for two sizes of pointers"; exit 77; }

tmp=$(mktemp -d) || exit 99
trap 'rm -rf "$tmp"' EXIT
failed=0
include="-I$top_srcdir/include"
time32="-U_TIME_BITS -U_FILE_OFFSET_BITS"
time64="$time32 -D_TIME_BITS=64 -D_FILE_OFFSET_BITS=64"

# has BITS COMPILER...: whether time_t has so many with it
cat >"$tmp/bits.c" <<'EOS'
#include <time.h>
int bits[sizeof(time_t) * 8 == BITS ? 1 : -1];
int main(void) { return 0; }
EOS
has() {
	bits=$1
	shift
	"$@" -DBITS="$bits" "$tmp/bits.c" -o "$tmp/bits" 2>/dev/null && "$tmp/bits"
}

# Debian has <asm/> for one machine at a time in the usual place
multiarch=$($CC -print-multiarch 2>/dev/null)
for cc in "$CC $CFLAGS" "$CC $CFLAGS -m32 -idirafter /usr/include/$multiarch"; do
	has 32 $cc $time32 && has 64 $cc $time64 && break
	cc=
done
[ "$cc" ] || { echo "skipped: no compiler for a machine with two sizes of time_t"; exit 77; }

# ------------------------------------------------------------- what a program asks for

awk -f "$top_srcdir/tests/abi/declarations.awk" "$top_srcdir"/include/rdv/*.h |
	grep -v ' rdv_priv_' | sort -u >"$tmp/declared"
{
	for header in "$top_srcdir"/include/rdv/*.h; do
		echo "#include <rdv/${header##*/}>"
	done
	echo 'void (*all[])(void) = {'
	sed 's/ .*//; s/.*/(void (*)(void))&,/' "$tmp/declared"
	echo '};'
} >"$tmp/all.c"

# asks FLAGS OUT: the undefined symbols of a program that is compiled so
asks() {
	$cc $1 -DRDV_NO_INLINE $include -c "$tmp/all.c" -o "$tmp/all.o" || exit 99
	$NM -u "$tmp/all.o" | sed -n 's/.* \(rdv_[a-z0-9_]*\)$/\1/p' | sort >"$tmp/$2"
}
asks "$time32" asks32
asks "$time64" asks64

sed 's/ .*//' "$tmp/declared" | sort >"$tmp/wants32"
sed -e '/timespec/s/ .*/_time64/' -e 's/ .*//' "$tmp/declared" | sort >"$tmp/wants64"
for bits in 32 64; do
	diff "$tmp/wants$bits" "$tmp/asks$bits" >"$tmp/diff" && continue
	echo "a program with $bits bits of time_t: expected (<) and found (>):"
	sed -n '/^[<>]/s/^/  /p' "$tmp/diff"
	failed=1
done

# ------------------------------------------------------- programs and libraries together

# What the caller reads is what the library wrote, and the other way round.
cat >"$tmp/program.c" <<'EOS'
#include <rdv/rdv.h>
int main(void)
{
	struct timespec now, hour = rdv_deadline(3600000000000u), past = {-1, 0};
	rdv_domain *domain;
	rdv_thread *self;

	clock_gettime(CLOCK_MONOTONIC, &now);
	if (hour.tv_sec < now.tv_sec || hour.tv_sec > now.tv_sec + 3600)
		return 1;
	if (rdv_domain_create(&domain, NULL) || rdv_thread_register(domain, NULL, &self))
		return 2;
	hour.tv_nsec = 1000000000; /* malformed, unless the library looks elsewhere */
	if (rdv_isolate_until(self, &hour) != -22)
		return 3;
	if (rdv_isolate_until(self, &past))
		return 4;
	rdv_release(self);
	rdv_thread_unregister(self);
	return rdv_domain_destroy(domain);
}
EOS
for bits in 32 64; do
	mkdir "$tmp/$bits" || exit 99
	eval "flags=\$time$bits"
	$cc $flags -std=gnu11 -D_GNU_SOURCE -DRDV_NO_INLINE -fPIC -shared -fvisibility=hidden \
		$include \
		-I"$top_builddir" -I"$top_srcdir/src" "$top_srcdir"/src/*.c \
		"$top_srcdir"/src/inside/*.c -o "$tmp/$bits/librdv.so" -pthread \
		-Wl,--version-script="$top_srcdir/src/librdv.map" || exit 99
done
for program in 32 64; do
	eval "flags=\$time$program"
	for library in 32 64; do
		$cc $flags $include "$tmp/program.c" -o "$tmp/program" -L"$tmp/$library" \
			-lrdv -pthread >"$tmp/out" 2>&1
		linked=$?
		LD_LIBRARY_PATH=$tmp/$library
		export LD_LIBRARY_PATH
		if [ $program != $library ]; then
			[ $linked != 0 ] && grep -q 'undefined.*rdv_deadline' "$tmp/out" && continue
			echo "a program with $program bits of time_t links with a library with $library:"
		else
			[ $linked = 0 ] && "$tmp/program" && continue
			echo "a program and a library, both with $program bits of time_t: $?"
		fi
		sed 's/^/  /' "$tmp/out"
		failed=1
	done
done

exit $failed
