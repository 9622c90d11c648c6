#!/bin/sh
# SPDX-License-Identifier: MIT
# The threads of loop-ev.c see what they should, come to the meetings, and leave.
. "${top_srcdir:-.}/examples/loop.sh"

loop ev HAVE_LIBEV libev-dev
