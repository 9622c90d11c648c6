#!/bin/sh
# SPDX-License-Identifier: MIT
# How rdv-proxy starts and ends, what it answers to bad options and commands, and what it
# does with single connections (wire.c).  Needs neither nginx nor wrk.
#
# PROXY        which proxy, if it is not that of the build
# FUZZ_ROUNDS  how often it is given nonsense (2000)
# FUZZ_SEED    which (1)
set -u

name=wire.sh
here=${top_srcdir:-.}/tests/proxy
driver=${top_builddir:-.}/tests/proxy/driver
proxy=${PROXY:-${top_builddir:-.}/examples/proxy/rdv-proxy}
readme=${top_srcdir:-.}/examples/proxy/README.md
. "$here/lib.sh"
. "${top_srcdir:-.}/tests/quoted.sh"

# one_line MESSAGE COMMAND...: $tmp/said is one line, with this message
one_line()
{
	message=$1
	shift
	if [ "$(wc -l <"$tmp/said")" -ne 1 ]; then
		sed 's/^/    /' "$tmp/said" >&2
		fail "$*: expected one line, found these"
	fi
	grep -q -F -e "$message" "$tmp/said" ||
		fail "$*: expected \"$message\", found $(cat "$tmp/said")"
}

# refuse STATUS MESSAGE OPTION...: the proxy ends with that status and says so
refuse()
{
	want=$1 text=$2
	shift 2
	"$proxy" "$@" >"$tmp/out" 2>"$tmp/said"
	status=$?
	[ $status -eq "$want" ] ||
		fail "rdv-proxy $*: exit status $status, expected $want"
	one_line "$text" "rdv-proxy $*"
}

# bad MESSAGE COMMAND: the proxy answers with one line, and goes on
bad()
{
	"$driver" ask "$admin" "$2" >"$tmp/said" && fail "\"$2\" is taken"
	one_line "$1" "$2"
}

# good COMMAND
good()
{
	"$driver" ask "$admin" "$1" >"$tmp/said" || fail "$1: $(cat "$tmp/said")"
}

# said MESSAGE: by the proxy
said()
{
	grep -q -F -e "$1" "$tmp/err"
}

said_or_gone()
{
	said "$1" || gone "$pid"
}

# until_said MESSAGE: the running proxy has said so, or will
until_said()
{
	soon "the proxy says \"$1\"" said_or_gone "$1"
	said "$1" || fail "the proxy has gone, and not said \"$1\""
}

"$proxy" --help | grep -q '^usage: ' || fail "--help: no usage"
for option in $(grep -o -e 'rdv-proxy --.*' "$readme" | grep -o -e '--[a-z]*'); do
	"$proxy" --help | grep -q -e "^  $option " || fail "examples/proxy/README.md: no option $option"
done
"$proxy" -h | grep -q '^usage: ' || fail "-h: no usage"
for option in -V --version; do
	"$proxy" $option | grep -q -x 'rdv-proxy [0-9.]*' || fail "$option: no version"
done
expected='expected ADDR:PORT in numbers, such as'
refuse 2 "--listen: $expected 127.0.0.1:8080 or [::1]:8080, found \"x\"" --listen x
refuse 2 "--listen: $expected 127.0.0.1:8080 or [::1]:8080, found \"1.2.3.4:65536\"" \
	--listen 1.2.3.4:65536
refuse 2 '--listen: expected' --listen '[::1]'
refuse 2 '--listen: expected' --listen '::1:80'
refuse 2 '--listen: expected' --listen '[127.0.0.1]:80'
refuse 2 '--listen: expected' --listen 'localhost:80'
refuse 2 "--threads: expected a number from 1 to 1024, found \"0\"" --threads 0
refuse 2 "--threads: expected a number from 1 to 1024, found \"-1\"" --threads -1
refuse 2 "--check: expected a number from 1 to 1000000, found \"1x\"" --check 1x
refuse 2 "--grace: expected a number from 1 to 1000000, found \"\"" --grace ''
refuse 2 'expected options, found "x"' x
refuse 2 nonsense --nonsense
any="--listen 127.0.0.1:0"
refuse 1 "cannot read $tmp/none: No such file" $any --servers "$tmp/none"
mkfifo "$tmp/fifo" || exit 99
refuse 1 "cannot read $tmp/fifo: expected a regular file" $any --servers "$tmp/fifo"
printf '# none\n\n' >"$tmp/servers"
refuse 1 'expected at least one server, found none' $any --servers "$tmp/servers"
printf 'a 127.0.0.1:1\n# %300d\nb\n' 0 >"$tmp/servers"
refuse 1 "$tmp/servers:3: expected NAME ADDR:PORT, found \"b\"" $any --servers "$tmp/servers"
refuse 1 "cannot listen on $tmp/none/s: " --admin "$tmp/none/s" --listen 127.0.0.1:0
refuse 1 "cannot listen on : " --admin '' --listen 127.0.0.1:0
refuse 1 "cannot listen on $tmp/servers: " --admin "$tmp/servers" --listen 127.0.0.1:0
[ -s "$tmp/servers" ] || fail "a file that is no socket was taken away"

refuse 1 "cannot export to $tmp/servers: File exists" --export "$tmp/servers" $any \
	--admin "$tmp/other"
[ ! -e "$tmp/other" ] || fail "an admin socket was left"

start_proxy "$proxy" --threads 2 --check 20 --grace 600 --export "$tmp/export"
"${top_builddir:-.}/tools/rdv-top" --count 1 "$tmp/export" >"$tmp/said" ||
	fail "rdv-top: $(cat "$tmp/said")"
grep -q "^rdv-proxy, process $pid, as of " "$tmp/said" || fail "rdv-top: $(cat "$tmp/said")"
refuse 1 "cannot listen on $address: " --listen "$address" --admin "$tmp/other"
[ ! -e "$tmp/other" ] || fail "an admin socket was left"
refuse 1 "cannot listen on $admin: Address already in use" --admin "$admin" --listen 127.0.0.1:0

{ echo; "$driver" ask "$admin" help; } >"$tmp/help"
contains "$readme" "$tmp/help" || fail "examples/proxy/README.md does not have what help says"
bad 'error: expected a command (help lists them), found "shout"' shout
bad 'error: expected a command (help lists them), found ""' ''
bad 'error: expected a command (help lists them), found "show"' show
bad 'error: show conns: expected nothing, found "x"' 'show conns x'
bad 'error: add server: expected NAME ADDR:PORT, found "a"' 'add server a'
bad 'error: add server: expected NAME ADDR:PORT, found "a 127.0.0.1:1 b"' \
	'add server a 127.0.0.1:1 b'
for wrong in 127.0.0.1 127.0.0.1: 127.0.0.1:0 127.0.0.1:65536 127.0.0.1:-1 127.0.0.1:1x \
	     127.0.0:1 :1 localhost:1; do
	bad "error: add server: $expected 127.0.0.1:80 or [::1]:80, found \"$wrong\"" \
		"add server a $wrong"
done
bad 'error: add server: expected a name of at most 31 bytes, found "123456789012345' \
	'add server 12345678901234567890123456789012 127.0.0.1:1'
bad 'error: del server: expected the name of a server, found "a"' 'del server a'
bad "error: reload: cannot read $tmp/none: No such file or directory" "reload $tmp/none"
bad "error: reload: cannot read $tmp: expected a regular file" "reload $tmp"
bad "error: reload: cannot read $tmp/fifo: expected a regular file" "reload $tmp/fifo"
bad "error: reload: cannot read /dev/zero: expected a regular file" 'reload /dev/zero'
bad "error: add server: expected a server, found $address, where the proxy listens" \
	"add server a $address"
bad "error: add server: expected a server, found 0.0.0.0:${address#*:}, where" \
	"add server a 0.0.0.0:${address#*:}"
printf 'a %s\n' "$address" >"$tmp/itself"
bad "error: reload: $tmp/itself:1: expected a server, found $address" "reload $tmp/itself"
printf 'a\033[31m 127.0.0.1:1\n' >"$tmp/escape"
bad "error: reload: $tmp/escape:1: expected NAME ADDR:PORT, found \"a [31m 127" \
	"reload $tmp/escape"
head -c 2000000 /dev/zero >"$tmp/large"
bad "error: reload: $tmp/large: expected at most 1048576 bytes, found 2000000" \
	"reload $tmp/large"
bad "error: reload: $tmp/servers:3: expected NAME ADDR:PORT" "reload $tmp/servers"
bad 'error: set algorithm: expected rr or leastconn, found "any"' 'set algorithm any'
good 'add server a 127.0.0.1:1'
bad 'error: add server: expected a new name, found "a"' 'add server a 127.0.0.1:2'
good 'del server a'

"$driver" wire "$admin" "${address#*:}" || fail "see above"
until_said 'no server takes connections: clients are reset'
kill -HUP "$pid"
until_said 'SIGHUP: expected --servers FILE to read again; the list stays'
kill "$pid"
stop_proxy
[ ! -e "$tmp/export" ] || fail "the export is still there"
[ ! -e "$admin" ] || fail "the admin socket is still there"

start_proxy "$proxy" --threads 2 --check 1000000
"$driver" wire "$admin" "${address#*:}" first-words || fail "see above"
kill "$pid"
stop_proxy

start_proxy "$proxy" --threads 2 --check 1000000 --grace 1
"$driver" wire "$admin" "${address#*:}" bounded || fail "see above"
"$driver" cut-off "$admin" "${address#*:}" "$pid" || fail "see above"
stop_proxy
grep -q '^rdv-proxy: stopping: 1 connections have 1 s to end in$' "$tmp/err" &&
	grep -q '^rdv-proxy: 1 connections were cut off$' "$tmp/err" ||
	fail "it does not say that it cuts off a connection"

for threads in 1 2 4 8; do
	start_proxy "$proxy" --threads $threads --check 1000000 --grace 600
	"$driver" stopping "$admin" "${address#*:}" "$pid" || fail "see above"
	stop_proxy
done
# the same, and who is to be let in finds no file left
start_proxy sh -c 'ulimit -n 60; exec "$@"' sh "$proxy" --threads 2 --check 1000000 \
	--grace 600
"$driver" stopping "$admin" "${address#*:}" "$pid" || fail "see above"
stop_proxy
grep -q 'rdv-proxy: cannot accept: Too many open files; who comes has to wait' "$tmp/err" ||
	fail "it does not say that it is out of files"

# told to read the servers again
echo 'a 127.0.0.1:1' >"$tmp/servers"
start_proxy "$proxy" --servers "$tmp/servers" --check 1000000
echo 'b 127.0.0.1:2' >"$tmp/servers"
kill -HUP "$pid"
until_said "SIGHUP: the list is that of $tmp/servers"
good 'show servers'
grep -q '^b ' "$tmp/said" && ! grep -q '^a ' "$tmp/said" || fail "SIGHUP: $(cat "$tmp/said")"
rm "$tmp/servers"
kill -HUP "$pid"
until_said "SIGHUP: cannot read $tmp/servers: No such file or directory; the list stays"
good 'show servers'
grep -q '^b ' "$tmp/said" || fail "SIGHUP: $(cat "$tmp/said")"

# what it leaves behind: not the socket of another one, that has taken the path since
old=$pid
rm "$admin"
start_proxy "$proxy"
kill "$old"
wait "$old" || fail "the old one: exit status $?"
good help
kill "$pid"
stop_proxy
[ ! -e "$admin" ] || fail "the admin socket is still there"

# nonsense
start_proxy "$proxy" --threads 2 --check 1000000
"$driver" fuzz "$admin" "$tmp" "${FUZZ_ROUNDS:-2000}" "${FUZZ_SEED:-1}" || fail "see above"
kill "$pid"
stop_proxy

# one that was killed leaves its socket to the next
start_proxy "$proxy"
kill -KILL "$pid"
wait "$pid" 2>/dev/null
[ -e "$admin" ] || fail "no admin socket"
start_proxy "$proxy"
kill -INT "$pid"
stop_proxy
