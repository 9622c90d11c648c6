# SPDX-License-Identifier: MIT
# The grammar of OpenMetrics 1.0.0, as far as rdv-top uses it: each family is described and
# its samples follow; names, suffixes, labels and numbers are well-formed; no sample occurs
# twice; buckets add up; the last line is # EOF, and nothing follows.  Prints what is wrong.

function wrong(what) {
	print "line " NR ": " what ": " $0
	failed = 1
}

# A suffix that samples of the family's type may have.
function is_suffix(suffix) {
	if (type == "counter")
		return suffix == "_total"
	if (type == "info")
		return suffix == "_info"
	if (type == "gauge")
		return suffix == ""
	return type == "histogram" && suffix ~ /^_(bucket|sum|count)$/
}

function check_bucket(labels, value,   le, others) {
	if (!match(labels, /,le="[^"]*"/)) {
		wrong("no le")
		return
	}
	le = substr(labels, RSTART + 5, RLENGTH - 6)
	others = substr(labels, 1, RSTART - 1)
	if (others != bucket_of || bucket_le == "+Inf") {
		bucket_le = -1
		bucket_count = 0
	}
	if (le != "+Inf" && le + 0 <= bucket_le + 0)
		wrong("le does not grow")
	if (value + 0 < bucket_count)
		wrong("fewer than in the bucket before")
	bucket_of = others
	bucket_le = le
	bucket_count = value + 0
}

ended { wrong("after the end") }

$0 == "# EOF" { ended = 1; next }

/^# TYPE / {
	if (NF != 4 || $3 !~ /^[a-z_]+$/ || $4 !~ /^(counter|gauge|histogram|info)$/)
		wrong("no type")
	if ($3 in seen)
		wrong("a family in two parts")
	family = $3
	type = $4
	seen[family] = 1
	bucket_of = ""
	next
}

/^# UNIT / {
	if ($3 != family || NF != 4 || substr(family, length(family) - length($4)) != "_" $4)
		wrong("not the unit of " family)
	next
}

/^# HELP / {
	if ($3 != family || NF < 4)
		wrong("not the help of " family)
	next
}

{
	if (!match($0, /^[a-z_]+/) || substr($0, 1, length(family)) != family ||
	    !is_suffix(substr($0, length(family) + 1, RLENGTH - length(family)))) {
		wrong("no sample of " family)
		next
	}
	suffix = substr($0, length(family) + 1, RLENGTH - length(family))
	rest = substr($0, RLENGTH + 1)
	if (!match(rest, /^[{][a-z]+="([^"\\]|\\["\\n])*"(,[a-z]+="([^"\\]|\\["\\n])*")*[}] /)) {
		wrong("labels")
		next
	}
	labels = substr(rest, 1, RLENGTH - 2)
	value = substr(rest, RLENGTH + 1)
	if (value !~ /^[0-9]+([.][0-9]+)?(e[-+][0-9]+)?$/)
		wrong("no number")
	if ((family suffix labels) in samples)
		wrong("twice")
	samples[family suffix labels] = 1
	n++
	if (suffix == "_bucket")
		check_bucket(labels, value)
	if (suffix == "_count" && (bucket_le != "+Inf" || value + 0 != bucket_count))
		wrong("not the count of the last bucket")
}

END {
	if (!ended)
		print "no # EOF"
	if (n < 20)
		print n + 0 " samples"
	exit failed || !ended || n < 20
}
