# SPDX-License-Identifier: MIT
# shellcheck shell=bash
# Completes the options of rdv-bench, rdv-proxy and rdv-top, as --help lists them, and what
# follows some of them.  make install puts it where bash-completion looks for each.

_rdv_words() {
	mapfile -t COMPREPLY < <(compgen -W "$1" -- "$2")
}

# _rdv_list WORDS CURRENT: the last of a list that is separated by commas
_rdv_list() {
	local before=
	[[ $2 != *,* ]] || before=${2%,*},
	mapfile -t COMPREPLY < <(compgen -P "$before" -W "$1" -- "${2##*,}")
}

_rdv() {
	local program=$1 current=$2 previous=$3
	COMPREPLY=()
	case ${program##*/}:$previous in
	rdv-bench:--scenario)
		_rdv_list "$("$program" --list | sed -n 's/^  \(P[0-9]*\) .*/\1/p')" "$current" ;;
	rdv-bench:--contender)
		_rdv_list "$("$program" --list | sed -n 's/^  \([a-z][^ ]*\) .*/\1/p')" "$current" ;;
	rdv-bench:--report)
		mapfile -t COMPREPLY < <(compgen -d -- "$current") ;;
	rdv-bench:--json | rdv-proxy:--admin | rdv-proxy:--servers | rdv-proxy:--export)
		mapfile -t COMPREPLY < <(compgen -f -- "$current") ;;
	rdv-bench:--threads | rdv-bench:--rounds | rdv-bench:--seconds | rdv-bench:--load) ;;
	rdv-proxy:--listen | rdv-proxy:--threads | rdv-proxy:--check | rdv-proxy:--grace) ;;
	rdv-top:-i | rdv-top:--interval | rdv-top:-n | rdv-top:--count) ;;
	*)
		if [[ $current == -* ]]; then
			_rdv_words "$("$program" --help | sed -n 's/^  \(-., \)\{0,1\}\(--[a-z]*\).*/\2/p')" \
				"$current"
		elif [[ ${program##*/} == rdv-top ]]; then
			mapfile -t COMPREPLY < <(compgen -f -- "$current")
		fi ;;
	esac
}

complete -o filenames -F _rdv rdv-bench rdv-proxy rdv-top
