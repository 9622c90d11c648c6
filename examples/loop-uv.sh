#!/bin/sh
# SPDX-License-Identifier: MIT
# The threads of loop-uv.c see what they should, come to the meetings, and leave.
. "${top_srcdir:-.}/examples/loop.sh"

loop uv HAVE_LIBUV libuv1-dev
