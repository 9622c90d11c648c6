#!/bin/sh
# SPDX-License-Identifier: MIT
# doc/picture.svg is what doc/picture.sh draws.
cd "${top_srcdir:-.}" || exit 99
sh doc/picture.sh | cmp - doc/picture.svg && exit
echo "run: sh doc/picture.sh >doc/picture.svg"
exit 1
