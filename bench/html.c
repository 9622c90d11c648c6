/* SPDX-License-Identifier: MIT */
/* The report as one page with everything in it. */
#include "html.h"
#include "gnuplot.h"
#include "machine.h"
#include "plots.h"
#include "report.h"

#include <errno.h>
#include <string.h>

static const char head[] =
	"<!DOCTYPE html>\n<html lang=\"en\">\n<head>\n<meta charset=\"utf-8\">\n"
	"<meta name=\"viewport\" content=\"width=device-width, initial-scale=1\">\n"
	"<title>rdv-bench</title>\n<style>\n"
	"body { font: 15px/1.45 sans-serif; color: #111; background: #fff;"
	" margin: 2em auto; max-width: 1100px; padding: 0 1em }\n"
	"table { border-collapse: collapse; margin: .4em 0 .8em; font-size: 13px }\n"
	"th, td { padding: .15em .7em; text-align: right;"
	" border-bottom: 1px solid #ddd }\n"
	"th { border-bottom: 1px solid #555 }\n"
	"th:first-child, td:first-child { text-align: left }\n"
	"td { white-space: nowrap }\n"
	".facts td { text-align: left; white-space: normal }\n"
	"figure { margin: 1em 0; break-inside: avoid }\n"
	"figcaption { font-size: 13px; color: #333 }\n"
	"svg { max-width: 100%; height: auto }\n"
	".wide { overflow-x: auto }\n"
	".missed { font-weight: bold; text-decoration: underline }\n"
	"h2 { margin-top: 2em; border-top: 2px solid #111; padding-top: .4em }\n"
	"h3 { margin-bottom: .2em }\n"
	"@media print { body { margin: 0; max-width: none; font-size: 10pt }"
	" h2, h3 { break-after: avoid } table { font-size: 7pt; break-inside: avoid }"
	" th, td { padding: .1em .35em } }\n"
	"</style>\n</head>\n<body>\n<h1>rdv-bench</h1>\n"
	"<p>What it costs to be alone for a moment: librdv beside other ways to do it,"
	" run in turns in one process. A figure is the median of the rounds; bars and"
	" intervals hold it with 95&nbsp;% confidence (bootstrap). A ratio is the median"
	" of the rounds&rsquo; ratios. An absolute figure is a remark about this"
	" machine.</p>\n";

static void put_text(FILE *page, const char *text)
{
	for (; *text; text++) {
		if (*text == '<')
			fputs("&lt;", page);
		else if (*text == '>')
			fputs("&gt;", page);
		else if (*text == '&')
			fputs("&amp;", page);
		else
			fputc(*text, page);
	}
}

static void put_cell(FILE *page, const char *tag, const char *text)
{
	fprintf(page, "<%s>", tag);
	put_text(page, text);
	fprintf(page, "</%s>", tag);
}

static void put_number(FILE *page, double x)
{
	char text[32];

	put_cell(page, "td", report_number(x, text, sizeof(text)));
}

static void put_machine(FILE *page)
{
	fputs("<h2>Machine</h2>\n<table class=\"facts\">\n", page);
	for (const struct fact *f = machine_facts(); f->name; f++) {
		fputs("<tr>", page);
		put_cell(page, "td", f->name);
		put_cell(page, "td", f->value);
		fputs("</tr>\n", page);
	}
	fputs("</table>\n", page);
}

static void put_torture(FILE *page, const struct results *r)
{
	fputs("<h2>Exclusion torture</h2>\n<p>Who fails is not timed; the control, which "
	      "does nothing, has to fail.</p>\n<table>\n<tr><th>contender</th>"
	      "<th>threads</th><th>isolations</th><th>violations</th></tr>\n",
	      page);
	for (unsigned i = 0; i < r->n_tortured; i++) {
		const struct torture_entry *t = &r->tortured[i];

		fputs("<tr>", page);
		put_cell(page, "td", report_form(t->contender));
		fprintf(page, "<td>%u</td><td>%llu</td><td>%llu</td></tr>\n",
			t->result.threads, (unsigned long long)t->result.isolations,
			(unsigned long long)t->result.violations);
	}
	fputs("</table>\n", page);
}

static void put_head(FILE *page, const struct results *r, const struct table *t,
		     unsigned point)
{
	fputs("<tr><th></th>", page);
	put_cell(page, "th", t->scenario->metrics[0].head);
	if (!t->scenario->counts)
		fputs("<th>95&nbsp;% interval</th><th>CV</th><th>x seed</th>"
		      "<th colspan=\"2\">x best other</th>",
		      page);
	for (unsigned m = 1; m < COST_END; m++)
		if (report_has_column(r, t, point, m))
			put_cell(page, "th", metric_of(t->scenario, m)->head);
	fputs("</tr>\n", page);
}

static void put_spread(FILE *page, const struct results *r, const struct table *t,
		       unsigned point, unsigned contender)
{
	const struct cell *cell = &t->cells[point][contender];
	struct interval i = cells_interval(r, cell, 0, NULL, 0);
	struct comparison x = report_compare(r, t, point, contender);
	char low[32], high[32];

	fprintf(page, "<td>%s &ndash; %s</td><td>%.0f&nbsp;%%</td>",
		report_number(i.low, low, sizeof(low)),
		report_number(i.high, high, sizeof(high)),
		100 * cell_summary(r, cell, 0).cv);
	put_number(page, x.seed);
	put_number(page, x.best);
	put_cell(page, "td", x.best_name);
}

static void put_row(FILE *page, const struct results *r, const struct table *t,
		    unsigned point, unsigned contender)
{
	const struct cell *cell = &t->cells[point][contender];

	if (!cell_in_use(r, cell))
		return;
	fputs("<tr>", page);
	put_cell(page, "td", r->contenders[contender]->name);
	if (cell_missing(cell)) {
		fputs("<td colspan=\"6\">not measured: ", page);
		put_text(page, cell_missing(cell));
		fputs("</td></tr>\n", page);
		return;
	}
	put_number(page, cell_summary(r, cell, 0).median);
	if (!t->scenario->counts)
		put_spread(page, r, t, point, contender);
	for (unsigned m = 1; m < COST_END; m++)
		if (report_has_column(r, t, point, m))
			put_number(page, cell_summary(r, cell, m).median);
	fputs("</tr>\n", page);
}

static void put_target(FILE *page, const struct results *r, const struct table *t,
		       unsigned point, const struct target *target)
{
	static const char *const verdict_class[] = {"met", "missed", "unknown"};
	struct verdict v = target_verdict(r, t, point, target);
	char text[96], figure[32];

	target_text(t->scenario, target, text, sizeof(text));
	fputs("<li>", page);
	put_text(page, text);
	fprintf(page, ": %s, <span class=\"%s\">%s</span>%s%s</li>\n",
		v.outcome == NOT_MEASURED
			? "-"
			: report_number(v.figure.median, figure, sizeof(figure)),
		verdict_class[v.outcome], report_verdict(&v), *v.reference ? ", " : "",
		v.reference);
}

static void put_point(FILE *page, const struct results *r, const struct table *t,
		      unsigned point)
{
	const struct scenario *s = t->scenario;
	char label[64], rounds[64];

	s->label(&t->points[point], label, sizeof(label));
	rounds_text(r, t, point, rounds, sizeof(rounds));
	fputs("<h3>", page);
	put_text(page, label);
	put_text(page, rounds);
	fputs("</h3>", page);
	if (!results_any(r, t, point)) {
		fprintf(page, "\n<p>%s</p>\n", report_nobody(r, s));
		return;
	}
	fputs("\n<div class=\"wide\"><table>\n", page);
	put_head(page, r, t, point);
	for (unsigned c = 0; c < r->n_contenders; c++)
		put_row(page, r, t, point, c);
	fputs("</table></div>\n<ul>\n", page);
	for (unsigned i = 0; i < s->n_targets; i++)
		if (target_applies(&s->targets[i], &t->points[point]))
			put_target(page, r, t, point, &s->targets[i]);
	fputs("</ul>\n", page);
}

static void put_table(FILE *page, const struct results *r, const struct table *t,
		      bool with_plots)
{
	fprintf(page, "<h2>%s</h2>\n<p>", t->scenario->name);
	put_text(page, t->scenario->title);
	fputs(": ", page);
	put_text(page, t->scenario->metrics[0].unit);
	fprintf(page, "; %s is better.</p>\n",
		t->scenario->metrics[0].better == LESS ? "less" : "more");
	if (with_plots)
		plots_of(page, r, t);
	for (unsigned p = 0; p < t->n_points; p++)
		put_point(page, r, t, p);
}

int html_write(FILE *page, const struct results *r)
{
	const bool with_plots = gnuplot_found();

	fputs(head, page);
	fprintf(page, "<p>%u rounds, %.0f s%s. ", r->rounds, r->seconds,
		settings.quick ? ", a quick look" : "");
	report_disturbance(page, &r->disturbance);
	report_extent(page, r);
	fputs("</p>\n", page);
	if (!with_plots)
		fputs("<p>There are no plots, as there was no gnuplot.</p>\n", page);
	put_machine(page);
	put_torture(page, r);
	for (unsigned i = 0; i < r->n_tables; i++)
		put_table(page, r, &r->tables[i], with_plots);
	fputs("</body>\n</html>\n", page);
	return ferror(page) || fflush(page) ? -EIO : 0;
}
