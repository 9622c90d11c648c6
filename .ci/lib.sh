# SPDX-License-Identifier: MIT
# shellcheck shell=bash
# The bookkeeping of .ci/run, which sources it, as does tests/ci.sh.
#
# A part is a function part_NAME.  It ends with one of suite, checks, lack and result:
# that prints its line and adds to the sum.  $ci is where logs go.

passed=0 failed=0 skipped=0

# Who does not finish in this time hangs (seconds, for each part).  What is installed or
# bootstrapped before does not count.
limit=1200

# What a machine may lack without a fault of the sources or of who set it up: root and
# mounts, a processor of the family of the 80386, room for a sanitizer's addresses, an
# archive that has the source of HAProxy.
may_lack="fresh absent m32 tsan haproxy"

# result PART PASSED FAILED SKIPPED [REMARK]
result() {
	said=$((said + 1))
	passed=$((passed + $2)) failed=$((failed + $3)) skipped=$((skipped + $4))
	printf '%-18s %s passed, %s failed, %s skipped' "$1" "$2" "$3" "$4"
	printf '%s\n' "${5:+ ($5)}, $((SECONDS - begun)) s"
	[ "$3" = 0 ] || [ ! -e "$ci/$1.log" ] || shown "$ci/$1.log" | sed 's/^/    /'
}

# shown LOG: what is to be seen of the log of a part that has failed: each line that says so,
# and what came before the first, which is not the end where a part goes on after it
shown() {
	grep -v '^SKIP: ' "$1" | awk '
		{ line[NR] = $0 }
		/^(FAIL|XPASS|ERROR): / { said[++n] = NR }
		END {
			end = n ? said[1] + 20 : NR
			for (i = end > 100 ? end - 99 : 1; i <= end && i <= NR; i++)
				print line[i]
			for (i = 1; i <= n; i++)
				if (said[i] > end)
					print line[said[i]]
		}'
}

# lack PART REASON: the part checks nothing here.  Where a CI says that all is well, that
# is a failure, unless a machine may lack it.
lack() {
	if [ "${CI-}" = true ] && [[ " $may_lack " != *" $1 "* ]]; then
		result "$1" 0 1 0 "$2"
	else
		result "$1" 0 0 1 "$2"
	fi
}

# watched PART COMMAND...: runs it within the limit; sets $status and $remark
watched() {
	local part=$1
	shift
	remark=
	timeout -k 60 "$limit" "$@" >"$ci/$part.log" 2>&1 </dev/null &
	child=$!
	wait $child
	status=$?
	child=
	[ $status != 124 ] && [ $status != 137 ] || remark="not done after $limit s"
}

# An interrupted run leaves nothing running.
stop() {
	trap - INT TERM
	[ -z "${child-}" ] || { kill -TERM "$child"; wait "$child"; } 2>/dev/null
	exit 1
}
trap stop INT TERM

# suite PART TEST-ARG...: the README's test command; what could be installed has been
suite() {
	local part=$1 line p=0 f=0 s=0
	shift
	watched "$part" "$top/scripts/test.sh" --no-install "$@"
	line=$(sed -n 's/^test: \([0-9]* passed, [0-9]* failed.*\)/\1/p' "$ci/$part.log")
	[[ $line =~ ^([0-9]+)\ passed ]] && p=${BASH_REMATCH[1]}
	[[ $line =~ ([0-9]+)\ failed ]] && f=${BASH_REMATCH[1]}
	[[ $line =~ ([0-9]+)\ skipped ]] && s=${BASH_REMATCH[1]}
	[ $status = 0 ] && [ "$line" ] || [ "$f" != 0 ] || f=1
	result "$part" "$p" "$f" "$s" "$remark"
}

# checks PART COMMAND...: counts the lines that begin with PASS:, FAIL: and SKIP:, which
# are those of automake or of check().  $note is the remark if there is no other.
checks() {
	local part=$1 p f s
	shift
	watched "$part" "$@"
	p=$(grep -c '^PASS: ' "$ci/$part.log")
	f=$(grep -c '^FAIL: ' "$ci/$part.log")
	s=$(grep -c '^SKIP: ' "$ci/$part.log")
	[ $status = 0 ] || [ "$f" != 0 ] || f=1
	remark=${remark:-${note-}}
	if [ "$p$f" != 00 ]; then
		result "$part" "$p" "$f" "$s" "$remark"
	elif [ "$s" = 0 ]; then
		lack "$part" "checked nothing"
	else
		lack "$part" "$(sed -n 's/^SKIP: //p' "$ci/$part.log" | paste -s -d ';')"
	fi
}

# check WHAT COMMAND...: says how it went, in the words that checks() counts
check() {
	local what=$1
	shift
	if "$@"; then
		echo "PASS: $what"
	else
		echo "FAIL: $what"
		return 1
	fi
}
export -f check

# run_part NAME: prints one line, whatever the part does
run_part() {
	said=0 begun=$SECONDS
	"part_$1"
	case $said in
	1) ;;
	0) result "$1" 0 1 0 "it has not said how it went" ;;
	*) result "$1" 0 1 0 "it has said $said times how it went" ;;
	esac
}

# closing: the last line; true if nothing has failed
closing() {
	echo "$passed passed, $failed failed, $skipped skipped"
	[ $failed = 0 ]
}
