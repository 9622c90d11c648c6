#!/bin/sh
# SPDX-License-Identifier: MIT
# Draws doc/picture.svg: threads as lanes over time.
#
#	sh doc/picture.sh >doc/picture.svg
#
# tests/picture.sh fails if the two differ.  A line of the table below is
#
#	panel TITLE
#	lane NAME
#	part KIND FROM TO [TEXT]    of the last lane; FROM and TO are of 0 to 100
#	event AT TEXT               of the last panel: a dashed line, under its title
#
# KIND is run, wait, sleep, held or alone, as the legend explains them.
set -eu

awk '
BEGIN {
	left = 104; width = 760; lane_height = 30; bar = 18
	scale = (width - left - 8) / 100
	y = 0
}

function x(at) { return sprintf("%.1f", left + at * scale) }

function escaped(text) {
	gsub(/&/, "\\&amp;", text)
	gsub(/</, "\\&lt;", text)
	return text
}

function text(class, at_x, at_y, words) {
	out = out sprintf("<text class=\"%s\" x=\"%s\" y=\"%s\">%s</text>\n", class, at_x, at_y,
			  escaped(words))
}

function rest(from,   words) {
	words = $0
	while (from-- > 1)
		sub(/^[ \t]*[^ \t]+[ \t]*/, "", words)
	return words
}

# The events of a panel are drawn when its lanes are known.
function end_panel(   i) {
	for (i = 1; i <= events; i++)
		out = out sprintf("<path class=\"event\" d=\"M%s %dV%d\"/>\n", x(at[i]), top, y + 2)
	events = 0
}

# bar at the middle of the lane; what sleeps is a line
function part(kind, from, to, words,   middle) {
	middle = y - lane_height / 2
	if (kind == "sleep")
		out = out sprintf("<path class=\"sleep\" d=\"M%s %dH%s\"/>\n", x(from), middle, x(to))
	else
		out = out sprintf("<rect class=\"%s\" x=\"%s\" y=\"%d\" width=\"%.1f\" height=\"%d\"/>\n",
				  kind, x(from), middle - bar / 2, (to - from) * scale, bar)
	if (words != "")
		text("in " kind "-text", sprintf("%.1f", left + (from + to) / 2 * scale),
		     kind == "sleep" ? middle - 5 : middle + 4, words)
}

/^#/ || NF == 0 { next }
$1 == "panel" {
	end_panel()
	text("title", 0, y += 24, rest(2))
	y += 22
	top = y
}
$1 == "event" {
	at[++events] = $2
	text("note", x($2), top - 3, rest(3))
}
$1 == "lane" {
	y += lane_height
	text("name", left - 10, y - lane_height / 2 + 4, rest(2))
}
$1 == "part" { part($2, $3, $4, rest(5)) }
$1 == "legend" {
	end_panel()
	y += 40
	legend_x = 0
}
$1 == "key" {
	saved = left; left = legend_x; scale = 1
	part($2, 0, 26, "")
	left = saved
	text("key", legend_x + 33, y - lane_height / 2 + 4, rest(4))
	legend_x += $3
}

END {
	print "<svg xmlns=\"http://www.w3.org/2000/svg\" width=\"" width "\" height=\"" y \
		"\" viewBox=\"0 0 " width " " y "\" role=\"img\">"
	print "<!-- SPDX-License-Identifier: MIT; made by doc/picture.sh -->"
	print "<title>Threads over time: an isolation, a sync-point, and a grace period</title>"
	print "<style>"
	print "text { font: 12px sans-serif; fill: #24292f }"
	print ".title { font-size: 14px; font-weight: bold }"
	print ".name { text-anchor: end }"
	print ".note { font-size: 11px; text-anchor: middle }"
	print ".in { font-size: 11px; text-anchor: middle }"
	print ".run { fill: #2f6fb5 } .alone { fill: #c4500c }"
	print ".run-text, .alone-text { fill: #fff }"
	print ".wait, .held { fill: #2f6fb526; stroke: #2f6fb5; stroke-dasharray: 3 2 }"
	print ".held { fill: #c4500c1f; stroke: #c4500c }"
	print ".sleep { stroke: #8c959f; stroke-width: 2; stroke-dasharray: 2 4; fill: none }"
	print ".event { stroke: #57606a; stroke-dasharray: 1 3; fill: none }"
	print "@media (prefers-color-scheme: dark) {"
	print "text { fill: #e6edf3 }"
	print ".run { fill: #3b82d0 } .alone { fill: #d9691f }"
	print ".wait { fill: #3b82d033; stroke: #6ea8e0 } .held { fill: #d9691f33; stroke: #e08a50 }"
	print ".event { stroke: #9da7b1 }"
	print "}"
	print "</style>"
	printf "%s", out
	print "</svg>"
}' <<'EOT'
panel Isolation: admin is alone; no sleeping thread is woken
event 20 rdv_isolate()
event 42 alone
event 70 rdv_release()
lane admin
part run 0 20
part wait 20 42 waits for worker 2
part alone 42 70 isolated: changes anything
part run 70 100
lane worker 1
part run 0 12
part sleep 12 32 asleep in its poller
part held 32 70 an event came: held until the release
part run 70 100
lane worker 2
part run 0 42 still serves
part sleep 42 82 asleep
part run 82 100
lane worker 3
part sleep 0 100 asleep all the time: not woken, pays nothing

panel Sync-point: everybody is woken and comes; those that asked have a turn each
event 18 worker 1 asks
event 46 all are there
event 80 all leave
lane worker 1
part run 0 18
part wait 18 46 rdv_sync_enter()
part alone 46 62 its turn
part wait 62 80 rdv_sync_exit()
part run 80 100
lane worker 2
part run 0 46 asks too, comes last
part wait 46 62 waits
part alone 62 80 its turn
part run 80 100
lane worker 3
part sleep 0 22 asleep
part run 22 32 woken
part wait 32 80 waits, though it did not ask
part run 80 100

panel Grace period: no sleeping thread is woken; when it is over, no other thread has the old object
event 20 rdv_synchronize()
event 62 over: may be freed
lane admin
part run 0 20 takes it out
part wait 20 62 waits, harmless
part run 62 100 frees it
lane worker 1
part run 0 30
part sleep 30 52 harmless: that answers
part run 52 100 runs on
lane worker 2
part run 0 62 computes until its rdv_checkpoint()
part run 62.4 100 runs on
lane worker 3
part sleep 0 82 asleep all the time: not asked, not woken
part sleep 82 100

legend
key run 202 running: uses the shared data
key sleep 200 harmless: touches none of it
key wait 82 waits
key held 160 held till the release
key alone 80 alone
EOT
