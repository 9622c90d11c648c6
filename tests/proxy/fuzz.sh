#!/bin/sh
# SPDX-License-Identifier: MIT
# Has clang's libFuzzer invent inputs for inputs.c, with the address sanitizer and that of
# undefined behaviour.  What it has found of interest stays in the build directory, in
# tests/proxy/corpus, and the next run goes on from there.  An input that fails is left in
# tests/proxy/crash-*.
#
# FUZZ_SECONDS  for how long (600)
set -u

here=$top_srcdir/tests/proxy
built=$top_builddir/tests/proxy
proxy=$top_srcdir/examples/proxy
flags='-fsanitize=fuzzer,address,undefined -fno-sanitize-recover=all'

mkdir -p "$built/corpus" || exit 99
echo 'int LLVMFuzzerTestOneInput(void) { return 0; }' >"$built/corpus.c"
# shellcheck disable=SC2086 # these are words
clang $flags "$built/corpus.c" -o "$built/fuzzer" 2>/dev/null ||
	{ echo "fuzz.sh: skipped, no clang with -fsanitize=fuzzer"; exit 77; }
rm "$built/corpus.c"
# shellcheck disable=SC2086 # these are words
clang -std=gnu11 -O1 -g -w -pthread -DLIBFUZZER -DRDV_NO_INLINE $flags \
	-include "$top_builddir/config.h" -I"$top_srcdir/include" -I"$top_srcdir/src" -I"$proxy" \
	-o "$built/fuzzer" "$here/inputs.c" "$proxy/addr.c" "$proxy/conn.c" "$proxy/servers.c" \
	"$top_srcdir"/src/*.c "$top_srcdir"/src/inside/*.c || exit 99
"$built/inputs" --seeds "$built/corpus" || exit 99
"$built/fuzzer" -max_total_time="${FUZZ_SECONDS:-600}" -max_len=4096 -print_final_stats=1 \
	-artifact_prefix="$built/" "$built/corpus" >"$built/fuzzer.log" 2>&1
status=$?
grep -E 'ERROR|SUMMARY|Test unit written|^Done|^stat::' "$built/fuzzer.log"
exit $status
