-- SPDX-License-Identifier: MIT
-- One line of figures out of wrk.  Arguments: the path, and another one for each tenth
-- request.

local n, often, seldom = 0, "/", "/"

function init(args)
	often = args[1] or often
	seldom = args[2] or often
end

function request()
	n = n + 1
	return wrk.format(nil, n % 10 == 0 and seldom or often)
end

function done(summary, latency)
	local e = summary.errors
	local failed = e.connect + e.read + e.write + e.status + e.timeout

	io.write(string.format("figures: %d requests, %d failed, %.0f requests/s, " ..
		"p50 %d us, p99 %d us, p99.9 %d us " ..
		"(connect %d, read %d, write %d, status %d, timeout %d)\n",
		summary.requests, failed, summary.requests / summary.duration * 1e6,
		latency:percentile(50), latency:percentile(99), latency:percentile(99.9),
		e.connect, e.read, e.write, e.status, e.timeout))
end
