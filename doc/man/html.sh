#!/bin/sh
# SPDX-License-Identifier: MIT
# Makes HTML of man pages, with an index.
#
#	html.sh DIR PAGE...
set -eu
command -v mandoc >/dev/null || { echo "html.sh: needs mandoc" >&2; exit 1; }
dir=$1
shift
mkdir -p "$dir"

cat >"$dir/style.css" <<'END'
/* SPDX-License-Identifier: MIT */
:root { color-scheme: light dark; --ink: #111; --paper: #fff; --link: #0645ad; --soft: #f2f2f2 }
@media (prefers-color-scheme: dark) {
	:root { --ink: #e4e4e4; --paper: #161616; --link: #8ab4f8; --soft: #262626 }
}
body { font: 16px/1.5 sans-serif; color: var(--ink); background: var(--paper);
	max-width: 48em; margin: 1em auto; padding: 0 1em; overflow-wrap: anywhere }
a { color: var(--link) }
a.permalink { color: inherit; text-decoration: none }
pre { background: var(--soft); padding: .6em; overflow-x: auto }
code, pre { font-size: 14px; font-style: normal }
h1 { font-size: 1.2em; margin-top: 1.6em }
h2 { font-size: 1.05em }
dt { margin-top: .5em }
table.head, table.foot { width: 100% }
td.head-vol, td.foot-date { text-align: center }
td.head-rtitle, td.foot-os { text-align: right }
.Pp { margin: .6em 0 }
.Bl-compact > dt { margin-top: 0 }
.Bd-indent { margin-left: 1.5em }
END

# A reference is to a page that lies beside this one, or to that of Debian.
dir=$(cd "$dir" && pwd)
for page; do
	(cd "$(dirname "$page")" && page=$(basename "$page") && mandoc -T html \
		-O 'style=style.css,man=%N.%S.html;https://manpages.debian.org/%N.%S' \
		"$page" >"$dir/$page.html")
done

{
	echo '<!DOCTYPE html>'
	echo '<html lang="en"><head><meta charset="utf-8">'
	echo '<meta name="viewport" content="width=device-width, initial-scale=1">'
	echo '<link rel="stylesheet" href="style.css"><title>librdv</title></head><body>'
	echo '<h1>librdv: the man pages</h1><p>Begin with <a href="rdv.7.html">rdv(7)</a>.</p><dl>'
	for page; do
		name=$(basename "$page")
		printf '<dt><a href="%s.html">%s(%s)</a></dt><dd>%s</dd>\n' "$name" \
			"${name%.*}" "${name##*.}" "$(sed -n 's/^\.Nd //p' "$page")"
	done
	echo '</dl></body></html>'
} >"$dir/index.html"
echo "$dir/index.html"
