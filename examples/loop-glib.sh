#!/bin/sh
# SPDX-License-Identifier: MIT
# The threads of loop-glib.c see what they should, come to the meetings, and leave.
. "${top_srcdir:-.}/examples/loop.sh"

loop glib HAVE_GLIB libglib2.0-dev
