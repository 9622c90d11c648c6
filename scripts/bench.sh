#!/bin/sh
# SPDX-License-Identifier: MIT
# One command: installs what is missing, builds librdv and runs its benchmark here.

name=bench
usage="usage: scripts/bench.sh [--build-dir DIR] [--no-install] [BENCH-ARG...]

Installs the Debian packages that are missing, builds librdv in DIR (default: build,
beside the sources) and runs its benchmark on this machine.  Further arguments go to the
benchmark:

  --quick             3 minutes at most; 30 minutes without
  --report DIR        a page with plots, DIR/index.html
  --scenario LIST     some scenarios, such as P2,P6
  --contender LIST    some contenders, such as rdv,seed
  --threads LIST      these numbers of threads
  --json FILE         the figures for programs

Needs root or sudo if packages are missing, and the network then.  --no-install: installs
nothing and leaves out what it would be needed for."

. "$(dirname -- "$0")/lib.sh"

options "$@"
shift "$shift"
prepare "build bench"
must "build" make -j"$(cpus)" bench/rdv-bench
exec "$build/bench/rdv-bench" "$@"
