#!/bin/sh
# SPDX-License-Identifier: MIT
# The threads of loop-uring.c see what they should, come to the meetings, and leave.
. "${top_srcdir:-.}/examples/loop.sh"

loop uring HAVE_LIBURING liburing-dev
