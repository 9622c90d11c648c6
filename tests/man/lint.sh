#!/bin/sh
# SPDX-License-Identifier: MIT
# mandoc has nothing to say about the man pages, and all that they are made of is shown.
command -v mandoc >/dev/null || { echo "skipped: no mandoc"; exit 77; }
failed=0

for page in "$top_srcdir"/doc/man/*.[1-9]; do
	# which other pages are installed here is no fault of this one
	mandoc -Tlint "$page" 2>&1 |
		grep -v -e 'referenced manual not found' -e 'mandoc.db' && failed=1
done
exit $failed
