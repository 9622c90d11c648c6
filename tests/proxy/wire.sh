#!/bin/sh
# SPDX-License-Identifier: MIT
# How rdv-proxy starts and ends, what it answers to bad options and commands, and what it
# does with single connections (wire.c).  Needs neither nginx nor wrk.
#
# PROXY  which proxy, if it is not that of the build
set -u

name=wire.sh
here=${top_srcdir:-.}/tests/proxy
driver=${top_builddir:-.}/tests/proxy/driver
proxy=${PROXY:-${top_builddir:-.}/examples/proxy/rdv-proxy}
readme=${top_srcdir:-.}/README.md
. "$here/lib.sh"
. "${top_srcdir:-.}/tests/quoted.sh"

# one_line MESSAGE COMMAND...: prints one line to stderr, with this message
one_line()
{
	message=$1
	shift
	[ "$(wc -l <"$tmp/err")" -eq 1 ] || fail "$*: expected one line, found:"
	grep -q -F -e "$message" "$tmp/err" || fail "$*: no \"$message\" in:"
}

# refuse STATUS MESSAGE OPTION...: the proxy ends with that status and says so
refuse()
{
	want=$1 text=$2
	shift 2
	"$proxy" "$@" >"$tmp/out" 2>"$tmp/err"
	status=$?
	[ $status -eq "$want" ] ||
		fail "rdv-proxy $*: exit status $status, expected $want"
	one_line "$text" "rdv-proxy $*"
}

# bad MESSAGE COMMAND: the proxy answers with one line, and goes on
bad()
{
	"$driver" ask "$admin" "$2" >"$tmp/err" && fail "\"$2\" is taken"
	one_line "$1" "$2"
}

"$proxy" --help | grep -q '^usage: ' || fail "--help: no usage"
for option in $(grep -o -e 'rdv-proxy --.*' "$readme" | grep -o -e '--[a-z]*'); do
	"$proxy" --help | grep -q -e "^  $option " || fail "README.md: no option $option"
done
expected='expected ADDR:PORT such as'
refuse 2 "--listen: $expected 127.0.0.1:8080, found \"x\"" --listen x
refuse 2 "--listen: $expected 127.0.0.1:8080, found \"1.2.3.4:65536\"" \
	--listen 1.2.3.4:65536
refuse 2 "--threads: expected a number from 1 to 1024, found \"0\"" --threads 0
refuse 2 "--threads: expected a number from 1 to 1024, found \"-1\"" --threads -1
refuse 2 "--check: expected a number from 1 to 1000000, found \"1x\"" --check 1x
refuse 2 "--grace: expected a number from 1 to 1000000, found \"\"" --grace ''
refuse 2 'expected options, found "x"' x
refuse 2 nonsense --nonsense
refuse 1 "cannot read $tmp/none: No such file" --servers "$tmp/none"
printf '# none\n\n' >"$tmp/servers"
refuse 1 'expected at least one server, found none' --servers "$tmp/servers"
printf 'a 127.0.0.1:1\n# %300d\nb\n' 0 >"$tmp/servers"
refuse 1 "$tmp/servers:3: expected NAME ADDR:PORT, found \"b\"" --servers "$tmp/servers"
refuse 1 "cannot listen on $tmp/none/s: " --admin "$tmp/none/s" --listen 127.0.0.1:0
refuse 1 "cannot listen on : " --admin '' --listen 127.0.0.1:0
refuse 1 "cannot listen on $tmp/servers: " --admin "$tmp/servers" --listen 127.0.0.1:0
[ -s "$tmp/servers" ] || fail "a file that is no socket was taken away"

start_proxy "$proxy" --threads 2 --check 20
refuse 1 "cannot listen on $address: " --listen "$address" --admin "$tmp/other"
[ ! -e "$tmp/other" ] || fail "an admin socket was left"
refuse 1 "cannot listen on $admin: " --admin "$admin" --listen 127.0.0.1:0

{ echo; "$driver" ask "$admin" help; } >"$tmp/help"
contains "$readme" "$tmp/help" || fail "README.md does not have what help says"
bad 'error: expected a command (help lists them), found "shout"' shout
bad 'error: expected a command (help lists them), found ""' ''
bad 'error: expected a command (help lists them), found "show"' show
bad 'error: show conns: expected nothing, found "x"' 'show conns x'
bad 'error: add server: expected NAME ADDR:PORT, found "a"' 'add server a'
bad 'error: add server: expected NAME ADDR:PORT, found "a 127.0.0.1:1 b"' \
	'add server a 127.0.0.1:1 b'
for wrong in 127.0.0.1 127.0.0.1: 127.0.0.1:0 127.0.0.1:65536 127.0.0.1:-1 127.0.0.1:1x \
	     127.0.0:1 :1 localhost:1; do
	bad "error: add server: $expected 127.0.0.1:80, found \"$wrong\"" \
		"add server a $wrong"
done
bad 'error: add server: expected a name of at most 31 bytes, found "123456789012345' \
	'add server 12345678901234567890123456789012 127.0.0.1:1'
bad 'error: del server: expected the name of a server, found "a"' 'del server a'
bad "error: reload: cannot read $tmp/none: No such file or directory" "reload $tmp/none"
bad "error: reload: cannot read $tmp: Is a directory" "reload $tmp"
bad "error: reload: $tmp/servers:3: expected NAME ADDR:PORT" "reload $tmp/servers"
bad 'error: set algorithm: expected rr or leastconn, found "any"' 'set algorithm any'
"$driver" ask "$admin" 'add server a 127.0.0.1:1' >/dev/null || fail "add server a"
bad 'error: add server: expected a new name, found "a"' 'add server a 127.0.0.1:2'
"$driver" ask "$admin" 'del server a' >/dev/null || fail "del server a"

: >"$tmp/err"
"$driver" wire "$admin" "${address#*:}" || fail "see above"
kill "$pid"
stop_proxy
[ ! -e "$admin" ] || fail "the admin socket is still there"

for threads in 1 2 4 8; do
	start_proxy "$proxy" --threads $threads --check 100000
	"$driver" stopping "$admin" "${address#*:}" "$pid" || fail "see above"
	stop_proxy
done
# the same, and who is to be let in finds no file left
start_proxy sh -c 'ulimit -n 60; exec "$@"' sh "$proxy" --threads 2 --check 100000
"$driver" stopping "$admin" "${address#*:}" "$pid" || fail "see above"
stop_proxy

# one that was killed leaves its socket to the next
start_proxy "$proxy"
kill -KILL "$pid"
wait "$pid" 2>/dev/null
[ -e "$admin" ] || fail "no admin socket"
start_proxy "$proxy"
kill -INT "$pid"
stop_proxy
