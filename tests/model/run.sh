#!/bin/sh
# SPDX-License-Identifier: MIT
# Compiles the model, if need be, and runs it with the options of rdv-model.  Without any:
# all scenarios at random, 0.2 s each, and then the smallest ones in each order that two
# preemptions can bring about.
set -u
. "$(dirname -- "$0")/build.sh"

build
[ $# = 0 ] || exec "$built/rdv-model" "$@"
"$built/rdv-model" --seconds 0.2 --history --stop || exit
for name in isolate-running isolate-entering isolate-leaving isolate-now-twice \
	isolate-silent held-one try-pair until-pair join-word sync-nobody; do
	set -- "$@" --scenario $name
done
exec "$built/rdv-model" --search bound=2 --executions 1000000 --history --stop "$@"
