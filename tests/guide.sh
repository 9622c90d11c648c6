#!/bin/sh
# SPDX-License-Identifier: MIT
# doc/guide.md against examples/: each piece of code is in the program of its step, as it
# stands there; each program works, and writes what the page says: reports, dump and all.
set -u

top=${top_srcdir:-.}
built=${top_builddir:-.}
page=$top/doc/guide.md
. "$top/tests/quoted.sh"
. "$top/tests/lacks.sh"
tmp=$(mktemp -d) || exit 99
failed=0
pid=
trap '[ -z "$pid" ] || kill -9 $pid; rm -rf "$tmp"' EXIT
mkfifo "$tmp/in" "$tmp/out" || exit 99

wrong()
{
	echo "doc/guide.md: $*" >&2
	failed=1
}

# plain: without what differs from run to run
plain()
{
	sed -E 's/^port [0-9]+/port N/; s/tid [0-9]+/tid N/g; s/[0-9]+\.[0-9]{6} s/N s/g
		s/_ns [0-9]+/_ns N/g; s/(asleep|waking|spinners|futex_[a-z]*) [0-9]+/\1 N/g'
}

# compare BLOCK FILE: what the block says after its command, and what the program wrote
compare()
{
	tail -n +3 "$1" | plain >"$tmp/wants"
	plain <"$2" >"$tmp/found"
	cmp -s "$tmp/wants" "$tmp/found" && return
	wrong "$(sed -n 2p "$1"): expected and found differ:"
	diff "$tmp/wants" "$tmp/found" >&2
}

# begin PROGRAM ARG...: its standard error is descriptor 5, its id $pid
begin()
{
	"$@" 2>"$tmp/out" &
	pid=$!
	exec 5<"$tmp/out"
}

end()
{
	exec 5<&-
	kill -9 $pid
	wait $pid 2>/dev/null
	pid=
}

# stuck BLOCK PROGRAM ARG...: its first line
stuck()
{
	block=$1
	shift
	begin "$@"
	read -r line <&5
	echo "$line" >"$tmp/said"
	compare "$block" "$tmp/said"
}

# session PROGRAM COMMAND...: one client sends two requests, the commands come after the
# first; what the server says, and what it is told, is in $tmp/said
session()
{
	bash -s "$tmp" "$@" <<-'EOS'
	tmp=$1 program=$2
	shift 2
	"$program" <"$tmp/in" >"$tmp/out" &
	exec 4>"$tmp/in" 5<"$tmp/out"
	ask() {
		echo x >&3 && read -r answer <&3 && [ "$answer" = "$1" ] ||
			echo "the answer is not $1 but $answer"
	}
	read -r _ port <&5
	echo "port $port"
	exec 3<>"/dev/tcp/127.0.0.1/$port"
	ask hello
	for command; do
		echo "$command"
		echo "$command" >&4
		read -r line <&5
		echo "$line"
		[[ $command != reload* ]] || ask "${command#reload }"
	done
	exec 4>&-
	cat <&5
	wait $! || echo "exit status $?"
	EOS
}

blocks "$page" "$tmp"
[ -e "$tmp/block1" ] || wrong "no code"
debug=
! grep -q '^#define RDV_DEBUG 1' "$built/config.h" || debug=1

step=0
n=0
while n=$((n + 1)) && [ -e "$tmp/block$n" ]; do
	block=$tmp/block$n
	case $(head -n 1 "$block") in
	'```c')
		found=
		for source in "$top"/examples/guide-*.c; do
			contains "$source" "$block" && found=$source
		done
		[ "$found" ] || wrong "in no program: $(sed -n '2,3p' "$block")"
		continue ;;
	'```console') ;;
	*) continue ;;
	esac
	command=$(sed -n '2s/^\$ //p' "$block")
	program=$built/${command%% *}
	kind=${command##* }
	step=$((step + 1))
	case $command in
	*1-alone)
		"$program" >"$tmp/said" || wrong "$command: exit status $?"
		compare "$block" "$tmp/said" ;;
	*2-reload)
		session "$program" 'reload salve' >"$tmp/said"
		compare "$block" "$tmp/said" ;;
	*3-server)
		session "$program" 'reload salve' list >"$tmp/said"
		compare "$block" "$tmp/said" ;;
	*strange)
		( exec "$program" strange ) 2>"$tmp/said"
		compare "$block" "$tmp/said" ;;
	*locks)
		# a library either finds the lock or waits
		if grep -q misuse "$block"; then
			[ "$debug" ] || continue
		else
			[ ! "$debug" ] || continue
		fi
		stuck "$block" "$program" "$kind"
		end ;;
	*waits) stuck "$block" "$program" "$kind" ;;
	kill*)
		kill -USR1 $pid
		while read -r line <&5; do
			case $line in
			"librdv: stall"*) ;;
			*) echo "$line" ;;
			esac
			[ "$line" != end ] || break
		done >"$tmp/said"
		compare "$block" "$tmp/said"
		end ;;
	*) stuck "$block" "$program" "$kind"; end ;;
	esac
done
[ $step -ge 10 ] || wrong "$step commands were found"

for file in $(grep -o -E '\]\([^):#]*\)' "$page" | tr -d ']()'); do
	[ -e "$top/doc/$file" ] || wrong "there is no $file"
done
for source in "$top"/examples/guide-*.c; do
	grep -q -F -e "($(basename "$source" .c).c)" -e "/$(basename "$source"))" "$page" ||
		wrong "${source##*/} is not named"
done
finish $failed
