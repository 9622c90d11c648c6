#!/bin/sh
# SPDX-License-Identifier: MIT
# Puts librdv in the place of the rendez-vous in a tree of HAProxy's source.  Each edit
# says how often it must find what it looks for, and fails if it finds anything else.
#
#	port.sh TREE
set -eu

name=port.sh
here=$(CDPATH='' cd -- "$(dirname -- "$0")" && pwd)
cd "$1"

fail()
{
	echo "$name: $*" >&2
	exit 1
}

# write FILE AWK-ARG...: what awk makes of the file takes its place
write()
{
	file=$1
	shift
	awk "$@" "$file" >"$file.new" || { rm -f "$file.new"; fail "$file: see above"; }
	mv "$file.new" "$file"
}

# edit FILE COUNT OLD NEW: each of COUNT occurrences
edit()
{
	write "$1" -v count="$2" -v old="$3" -v new="$4" -v file="$1" '
	{
		out = ""
		while ((at = index($0, old)) > 0) {
			found++
			out = out substr($0, 1, at - 1) new
			$0 = substr($0, at + length(old))
		}
		print out $0
	}
	END {
		if (found != count) {
			print file ": expected " count " of \"" old "\", found " \
				found + 0 >"/dev/stderr"
			exit 1
		}
	}'
}

# cut FILE AFTER START END: the lines from START, once after AFTER, to END
cut_lines()
{
	write "$1" -v after="$2" -v start="$3" -v end="$4" -v file="$1" '
	after == "" || $0 == after { on = 1 }
	on && $0 == start { found++; cutting = 1 }
	!cutting
	cutting && $0 == end { cutting = 0 }
	END {
		if (found != 1 || cutting) {
			print file ": expected one \"" start "\" that ends with \"" \
				end "\", found " found + 0 >"/dev/stderr"
			exit 1
		}
	}'
}

version=$(cat VERSION)
case $version in
2.6.*) ;;
*) fail "these edits are for HAProxy 2.6, and this is $version" ;;
esac

# What is left that looks at a mask does not compile, or is not linked.
header=include/haproxy/thread.h
threads='#else /* !USE_THREAD */'
for function in idle_now idle_end harmless_now harmless_end; do
	cut_lines $header "$threads" "static inline void thread_$function()" '}'
done
cut_lines $header "$threads" 'static inline unsigned long thread_isolated()' '}'
for function in harmless_till_end isolate isolate_full release sync_release; do
	edit $header 1 "void thread_$function(void);" ''
	cut_lines src/thread.c '' "void thread_$function()" '}'
done
for mask in harmless idle sync want_rdv; do
	edit $header 1 "extern volatile unsigned long threads_${mask}_mask;" ''
done
edit src/thread.c 1 'volatile unsigned long threads_want_rdv_mask __read_mostly = 0;' ''
for mask in harmless idle sync; do
	edit src/thread.c 1 "volatile unsigned long threads_${mask}_mask = 0;" ''
done
edit $header 1 '#define ha_sigmask(how, set, oldset)  pthread_sigmask(how, set, oldset)' \
	'#define ha_sigmask(how, set, oldset)  pthread_sigmask(how, set, oldset)\n#include <haproxy/thread_rdv.h>'
edit src/thread.c 1 'static pthread_t ha_pthread[MAX_THREADS] = { };' \
	'static pthread_t ha_pthread[MAX_THREADS] = { };\n#include "thread_rdv.c"'

# Who asks whether a thread is harmless: the watchdog and the dump of all threads, both in
# signal handlers, and of any thread.
edit src/wdt.c 1 threads_harmless_mask 'thread_rdv_harmless(thr)'
edit src/debug.c 1 '(threads_harmless_mask & thr_bit)' '(thread_rdv_harmless(thr) & thr_bit)'
edit src/debug.c 1 '(threads_want_rdv_mask & thr_bit)' '(thread_rdv_wanted(thr) & thr_bit)'
edit src/debug.c 1 threads_harmless_mask 'thread_rdv_harmless(tid)'

# The first and the last line of a thread.
edit src/haproxy.c 1 'ha_set_thread(data);' 'ha_set_thread(data); thread_rdv_join();'
edit src/haproxy.c 1 '_HA_ATOMIC_AND(&all_threads_mask, ~tid_bit);' \
	'thread_rdv_leave(); _HA_ATOMIC_AND(&all_threads_mask, ~tid_bit);'

cp "$here/thread_rdv.h" include/haproxy/
cp "$here/thread_rdv.c" src/
