#!/bin/bash
# SPDX-License-Identifier: MIT
# Debian systems with nothing in them but what debootstrap makes a minbase of: whether the
# README's commands work there.  As root.
#
#	fresh.sh base             downloads the systems, or says why they cannot be had
#	fresh.sh trials           the commands on each system
#	fresh.sh absent           the tests without each of the packages that they can use
#	fresh.sh shell SUITE      for looking around
#
# What was tried is told by lines that begin with PASS:, FAIL: or SKIP:.
#
# What is tried is the last commit.  What was downloaded is kept in ~/.cache/librdv-ci, which
# may be removed.
# All mounts are in a namespace of this script's own, and so are all processes: nothing of
# them is left when it ends, however it does.

top=$(CDPATH= cd -- "$(dirname -- "$0")/.." && pwd) || exit 1
cache=${XDG_CACHE_HOME:-${HOME:-/root}/.cache}/librdv-ci
work=$top/build/ci/fresh
root=$work/root
suites="bookworm trixie"
PATH=$PATH:/usr/sbin:/sbin

# mirror: where this machine has its Debian packages from
mirror() {
	apt-get indextargets --format '$(ORIGIN) $(CODENAME) $(SITE)' 'Identifier: Packages' |
		awk '$1 == "Debian" && $2 !~ /-/ { print $3; found = 1; exit }
			END { if (!found) print "http://deb.debian.org/debian" }'
}

# base: one directory for each system
base() {
	mkdir -p "$cache" || return
	for suite in $suites; do
		mkdir -p "$cache/$suite.archives" || return
		[ ! -d "$cache/$suite" ] || continue
		rm -rf "$cache/$suite.new"
		debootstrap --variant=minbase "$suite" "$cache/$suite.new" "$(mirror)" \
			>"$cache/$suite.log" 2>&1 && mv "$cache/$suite.new" "$cache/$suite" && continue
		rm -rf "$cache/$suite.new"
		echo "debootstrap $suite: $(tail -n 1 "$cache/$suite.log")"
	done
	[ -d "$cache/${suites%% *}" ]
}

# devices: what programs expect in /dev
devices() {
	local dev=$root/dev
	mount -t tmpfs -o mode=755 dev "$dev" && mkdir "$dev/shm" "$dev/pts" &&
		mount -t tmpfs -o mode=1777 shm "$dev/shm" &&
		mount -t devpts -o newinstance,ptmxmode=666,mode=620,gid=5 devpts "$dev/pts" &&
		mknod -m 666 "$dev/null" c 1 3 && mknod -m 666 "$dev/zero" c 1 5 &&
		mknod -m 666 "$dev/full" c 1 7 && mknod -m 666 "$dev/tty" c 5 0 &&
		mknod -m 666 "$dev/random" c 1 8 && mknod -m 666 "$dev/urandom" c 1 9 &&
		ln -s pts/ptmx "$dev/ptmx" && ln -s /proc/self/fd "$dev/fd" &&
		ln -s fd/0 "$dev/stdin" && ln -s fd/1 "$dev/stdout" && ln -s fd/2 "$dev/stderr"
}

# begin SUITE: a system at $root, with git, and sudo for a user
begin() {
	rm -rf "$root" "$work/upper" "$work/work"
	mkdir -p "$root" "$work/upper" "$work/work" || return
	if ! mount -t overlay -o \
		"lowerdir=$cache/$1,upperdir=$work/upper,workdir=$work/work" overlay "$root"; then
		cp -a "$cache/$1/." "$root" && mount --bind "$root" "$root" || return
	fi 2>/dev/null
	mount -t proc proc "$root/proc" && mount -t sysfs -o ro sysfs "$root/sys" && devices &&
		cp -a "$cache/$1.archives/." "$root/var/cache/apt/archives" || return
	archives=$cache/$1.archives
	cp -L /etc/resolv.conf /etc/hosts "$root/etc/"
	hostname >"$root/etc/hostname"
	apt-config dump | grep -i -E '^Acquire::(https?::Proxy|Check-)' \
		>"$root/etc/apt/apt.conf.d/99fetch"
	inside root apt-get -q update && inside root env DEBIAN_FRONTEND=noninteractive \
		apt-get -q -y install --no-install-recommends git sudo
}

end() {
	# a run beside this one does the same
	cp -a -n "$root"/var/cache/apt/archives/*.deb "$archives"
	umount -R "$root"
	rm -rf "$root" "$work/upper" "$work/work"
}

# inside USER COMMAND...: in its home directory, with nothing in the environment
inside() {
	local home=/home/$1
	[ "$1" != root ] || home=/root
	chroot --userspec="$1:$1" "$root" /usr/bin/env -i HOME="$home" USER="$1" \
		PATH=/usr/local/sbin:/usr/local/bin:/usr/sbin:/usr/bin:/sbin:/bin \
		sh -c 'cd && exec "$@"' sh "${@:2}" </dev/null &
	wait $!
}

# say RESULT COMMAND: in the words that are counted
say() {
	echo "$1: $where: $2${3:+: $3}"
}

# try USER DIR COMMAND...: one of the README's, in that directory
try() {
	local log=$work/log last
	echo "==> $where: ${*:3}"
	if inside "$1" sh -c 'cd "$1" && shift && exec "$@"' sh "${@:2}" >"$log" 2>&1; then
		cat "$log"
		last=$(tail -n 1 "$log")
		say PASS "${*:3}" "${last#test: }"
	else
		cat "$log"
		say FAIL "${*:3}"
	fi
}

# add_user NAME
add_user() {
	inside root useradd -m "$1"
}

# clone DIR: of the last commit, in the system
clone() {
	git -c safe.directory='*' clone -q --no-hardlinks "$top" "$root$1"
}

# trial SUITE USER SOURCE COMMAND...: the commands one after the other
trial() {
	local suite=$1 user=$2 source=$3 home=/root
	where="Debian $suite, $user, $source"
	shift 3
	[ -d "$cache/$suite" ] || { say SKIP "$*" "no system to try it on"; return; }
	begin "$suite" || { say FAIL "the system does not start"; end; return; }
	if [ "$user" != root ]; then
		home=/home/$user
		add_user "$user"
		echo "$user ALL=(ALL) NOPASSWD: ALL" >"$root/etc/sudoers.d/$user"
	fi
	case $source in
	clone) clone "$home/librdv" ;;
	tarball) mkdir "$root$home/librdv" &&
		tar -xzf "$work/librdv.tar.gz" --strip-components=1 -C "$root$home/librdv" ;;
	esac || say FAIL "there is no $source"
	inside root chown -R "$user:$user" "$home/librdv"
	for command; do
		# shellcheck disable=SC2086 # these are words
		try "$user" librdv $command
		# the tarball of the other trials
		[ -e "$work/librdv.tar.gz" ] || {
			inside "$user" make -s -C librdv/build dist-gzip &&
			cp "$root$home/librdv/build"/librdv-*.tar.gz "$work/librdv.tar.gz"
		}
	done
	end
}

# names FILE PACKAGE...: the packages for want of which nothing was skipped
names() {
	local package
	for package in "${@:2}"; do
		grep -E '^(SKIP|skipped|ok .* # SKIP|1\.\.0 # SKIP)' "$1" | grep -q -w -e "$package" ||
			echo " $package"
	done
}

# Somebody without any right, with a compiler and make, and with sources that belong to
# somebody else: the tests pass, and each package that is not there is named.
bare() {
	local missing
	where="Debian bookworm, no rights, read-only clone"
	begin bookworm && add_user dev && clone /srv/librdv &&
		inside root sh /srv/librdv/scripts/install-deps.sh bootstrap build ||
		{ say FAIL "the system does not start"; end; return; }
	missing=$(inside root sh /srv/librdv/scripts/install-deps.sh --dry-run test)
	try dev . /srv/librdv/scripts/test.sh --no-install --build-dir build
	# shellcheck disable=SC2086 # these are words
	missing=$(names "$work/log" ${missing#missing:})
	if [ "$missing" ]; then
		say FAIL "nothing was skipped for want of$missing"
	else
		say PASS "what is missing is named"
	fi
	end
}

test="scripts/test.sh" bench="scripts/bench.sh --quick --seconds 30"
trials() {
	rm -f "$work/librdv.tar.gz"
	trial bookworm root clone "$test" "$bench"
	trial trixie dev tarball "$bench" "$test"
	bare
}

# without PACKAGE NAME "TARGET..." "TEST..." [CONFIGURE-ARG...]: the tests pass, and one is
# skipped and names it.  What configure looks for needs a build of its own.
without() {
	local package=$1 name=$2 targets=$3 tests=$4 built=build gone
	shift 4
	gone=$(inside root apt-get -s remove "$package" | sed -n 's/^Remv \([^ ]*\).*/\1/p')
	inside root apt-get -q -y remove "$package" >/dev/null || return
	if [ "$targets" ]; then
		built=alone
		rm -rf "$root/root/librdv/$built"
		inside root sh -c "mkdir librdv/$built && cd librdv/$built &&
			../configure CFLAGS='-O0 -g' $* && make -j2 $targets"
	fi >"$work/log" 2>&1
	# shellcheck disable=SC2086 # these are words
	if inside root make -C librdv/$built check-TESTS TESTS="$tests" >>"$work/log" 2>&1 &&
	   for one in $tests; do
		cat "$root/root/librdv/$built/${one%.sh}.log"
	   done >"$work/skips" && [ ! "$(names "$work/skips" "$name")" ]; then
		say PASS "$name"
	else
		tail -n 60 "$work/log"
		cat "$work/skips"
		say FAIL "$name"
	fi
	# shellcheck disable=SC2086
	inside root apt-get -q -y install --no-install-recommends $gone >/dev/null
}

absent() {
	local loops=src/librdv.la compare="tests/compare/compare bench/rdv-bench"
	where="Debian bookworm, all but one package"
	begin bookworm && clone /root/librdv &&
		inside root sh librdv/scripts/install-deps.sh &&
		inside root sh -c 'cd librdv && ./bootstrap && mkdir build && cd build &&
			../configure && make -j2 && make -j2 check TESTS=' >"$work/log" 2>&1 ||
		{ cat "$work/log"; say FAIL "the library does not build"; end; return; }
	without gnuplot-nox gnuplot-nox "" bench/smoke.sh
	without nginx nginx "" "tests/proxy/proxy.sh tests/proxy/wire.sh"
	without wrk wrk "" "tests/proxy/proxy.sh tests/proxy/wire.sh"
	without mandoc mandoc "" "tests/man/lint.sh tests/man/pages.sh"
	without clang-format clang-format "" tests/style/layout.sh
	without codespell codespell "" tests/style/spelling.sh
	without shellcheck shellcheck "" tests/style/shell.sh
	without cmake cmake "" tests/consumer/cmake.sh
	without meson meson "" tests/consumer/meson.sh
	# others go with it, which configure has found
	without python3-minimal python3 "all tests/consumer/installed" "bench/smoke.sh
		tests/consumer/ctypes.sh tests/consumer/meson.sh tests/style/spelling.sh"
	without gdb gdb "" tests/inside/gdb.sh
	without valgrind valgrind "" tests/api/valgrind.sh
	without git git "" "tests/spdx.sh tests/style/layout.sh tests/style/shell.sh"
	without relacy-dev relacy-dev "" "tests/model/run.sh tests/model/apply.sh"
	without libuv1-dev libuv1-dev "$loops tests/loop/loop-uv" "tests/loop/loop-uv
		tests/loop/headers.sh tests/man/pages.sh examples/loop-uv.sh"
	without libev-dev libev-dev "$loops tests/loop/loop-ev" "tests/loop/loop-ev
		tests/loop/headers.sh tests/man/pages.sh examples/loop-ev.sh"
	without libglib2.0-dev libglib2.0-dev "$loops tests/loop/loop-glib" "tests/loop/loop-glib
		tests/loop/headers.sh tests/man/pages.sh examples/loop-glib.sh"
	without liburing-dev liburing-dev "$loops tests/loop/loop-uring" "tests/loop/loop-uring
		tests/loop/headers.sh tests/man/pages.sh examples/loop-uring.sh"
	without libcmocka-dev libcmocka-dev "tests/unit/test_round.missing" \
		tests/unit/test_round.missing
	without liburcu-dev liburcu-dev "$compare" "tests/compare/compare bench/smoke.sh"
	without libck-dev libck-dev "$compare" "tests/compare/compare bench/smoke.sh"
	without libnsync-dev libnsync-dev "$compare" "tests/compare/compare bench/smoke.sh"
	without systemtap-sdt-dev systemtap-sdt-dev src/librdv.la tests/inside/probes.sh
	without g++ g++ "all" "tests/api/cxx.sh tests/api/headers.sh tests/api/installed.sh
		tests/man/pages.sh tests/loop/headers.sh tests/model/run.sh"
	end
}

shell() {
	begin "${1:-bookworm}" && chroot "$root" bash -i
	end
}

case ${1-} in
base) base ;;
trials|absent|shell)
	mkdir -p "$work" || exit 1
	# the traps run once the command that was interrupted too has ended
	trap 'exit 1' INT TERM
	trap 'rm -rf "$work"' EXIT
	unshare --mount --pid --fork --kill-child --propagation private bash "$0" "inside-$1" "${@:2}"
	;;
inside-*)
	trap 'exit 1' INT TERM
	"${1#inside-}" "${@:2}"
	;;
*) sed -n '3,/^$/s/^# \{0,1\}//p' "$0"; exit 2 ;;
esac
