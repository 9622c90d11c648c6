/* SPDX-License-Identifier: MIT */
/* An export as OpenMetrics text, version 1.0.0: what a scraper of metrics reads. */
#ifndef OPENMETRICS_H
#define OPENMETRICS_H

#include <rdv/export.h>
#include <stdio.h>

struct openmetrics {
	const struct rdv_export_page *page;
	const struct rdv_thread_stats *threads;
	unsigned n_threads;
	double age; /* of the figures, in seconds */
};

void openmetrics_write(FILE *out, const struct openmetrics *m);

#endif
