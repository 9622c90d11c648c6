#!/bin/sh
# SPDX-License-Identifier: MIT
# When these sources were made, in seconds since 1970: what SOURCE_DATE_EPOCH says, or the
# last commit, or the newest file of a tarball that was unpacked.
if [ -n "$SOURCE_DATE_EPOCH" ]; then
	echo "$SOURCE_DATE_EPOCH"
	exit
fi
cd "$(dirname -- "$0")/.." || exit 1
if [ -e .git ] && git -c safe.directory='*' log -1 --format=%ct 2>/dev/null; then
	exit
fi
find configure.ac include src tests bench doc -type f \( -name '*.[ch]' -o -name '*.md' -o -name '*.ac' \) \
	-exec stat -c %Y {} + | sort -n | tail -n 1
