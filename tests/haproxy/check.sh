#!/bin/sh
# SPDX-License-Identifier: MIT
# HAProxy as it is and over librdv, between nginx and wrk, while an administrator lists
# connections, sessions and threads, adds and deletes servers, and changes a map: no
# request may fail, no command may go without its answer, and both answer the same.
#
# HAPROXY_VARIANTS  which ones (original rdv checked), see build.sh
# HAPROXY_THREADS   with how many threads (2 8 32)
# HAPROXY_SECONDS   how long with each number (5)
# HAPROXY_RATE      commands in a second (300)
set -u

name=haproxy
. "${top_srcdir:-.}/tests/haproxy/lib.sh"

variants=${HAPROXY_VARIANTS:-original rdv checked}
seconds=${HAPROXY_SECONDS:-5}
haproxy_need $variants
script=$(CDPATH='' cd -- "${top_srcdir:-.}/tests/haproxy" && pwd)/answers.txt

# answers VARIANT: to commands whose answers are known but for numbers that are not the same
# twice; of the listings, the names
answers()
{
	start_haproxy "$1" 4
	while read -r kind command; do
		case $kind in
		'#'*|'') continue ;;
		esac
		command=$(echo "$command" | sed "s|MAP|$map|; s|PORT|${ports##* }|")
		echo "== $command"
		"$driver" ask "$admin" "$command" >"$tmp/answer" 2>&1 ||
			fail "$1, $command: $(cat "$tmp/answer")"
		case $kind in
		text) sed 's/0x[0-9a-f]*/POINTER/g' "$tmp/answer" ;;
		list) grep -o -E '\([a-z_]+\)|\<(proto|fe|be|srv|dst)=[^ ]*|harmless=.*' \
			"$tmp/answer" | sort | uniq ;;
		esac
	done <"$script" >"$tmp/answers"
	stop_haproxy
	sed "s|$tmp|TMP|g; s|${address#*:}|PORT|g; s|${ports##* }|PORT|g" "$tmp/answers"
}

# traffic VARIANT THREADS
traffic()
{
	start_haproxy "$1" "$2"
	start_wrk keep-alive "$seconds" 32 -- /for-ever /large
	start_wrk close "$seconds" 16 -H 'Connection: close'
	"$driver" run "$driver" commands "$admin" "$seconds" "${HAPROXY_RATE:-300}" "$map" \
		$ports >"$tmp/commands" 2>&1 || {
		sed 's/^/    /' "$tmp/commands" >&2
		fail "$1, $2 threads: a command failed"
	}
	wait_wrk keep-alive close >"$tmp/figures"
	stop_haproxy
	echo "PASS: HAProxy: $1, $2 threads, $seconds s"
	echo "    commands: $(cat "$tmp/commands")"
	cat "$tmp/figures"
	# a stall may be the machine's fault, and misuse has ended the program
	sed -n 's/^librdv: /    &/p' "$tmp/err"
}

start_backends 2
first=
for variant in $variants; do
	answers "$variant" >"$tmp/answers-$variant" || exit
	[ -n "$first" ] || first=$variant
	diff "$tmp/answers-$first" "$tmp/answers-$variant" >&2 ||
		fail "$first and $variant do not answer the same"
done
echo "PASS: HAProxy: $(grep -c '^==' "$tmp/answers-$first") answers of each: $variants"
for threads in ${HAPROXY_THREADS:-2 8 32}; do
	for variant in $variants; do
		traffic "$variant" "$threads"
	done
done
