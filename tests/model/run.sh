#!/bin/sh
# SPDX-License-Identifier: MIT
# Compiles the model, if need be, and runs it: with the options of rdv-model, or
# without any for about 20 seconds.
set -u
. "$(dirname -- "$0")/build.sh"

build
[ $# -gt 0 ] || set -- --seconds 0.2 --history --stop
exec "$built/rdv-model" "$@"
