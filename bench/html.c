/* SPDX-License-Identifier: MIT */
/* The report as one page with everything in it. */
#include "html.h"
#include "digest.h"
#include "gnuplot.h"
#include "machine.h"
#include "plots.h"
#include "report.h"

#include <errno.h>
#include <string.h>

static const char head[] =
	"<!DOCTYPE html>\n<html lang=\"en\">\n<head>\n<meta charset=\"utf-8\">\n"
	"<meta name=\"viewport\" content=\"width=device-width, initial-scale=1\">\n"
	"<meta name=\"color-scheme\" content=\"light dark\">\n"
	"<title>rdv-bench</title>\n<style>\n"
	":root { --ink: #111; --paper: #fff; --soft: #555; --line: #ccc; --link: #0645ad "
	"}\n"
	"@media (prefers-color-scheme: dark) { :root { --ink: #e4e4e4; --paper: #161616;"
	" --soft: #aaa; --line: #444; --link: #8ab4f8 }\n"
	" svg { filter: invert(0.91) hue-rotate(180deg) } }\n"
	"body { font: 16px/1.5 sans-serif; color: var(--ink); background: var(--paper);"
	" margin: 2em auto; max-width: 1100px; padding: 0 1em }\n"
	"a { color: var(--link) }\n"
	"table { border-collapse: collapse; margin: .4em 0 .8em; font-size: 14px }\n"
	"th, td { padding: .15em .7em; text-align: right; white-space: nowrap;"
	" border-bottom: 1px solid var(--line) }\n"
	"th { border-bottom: 1px solid var(--soft) }\n"
	"th:first-child, td:first-child { text-align: left }\n"
	".words td { text-align: left; white-space: normal; vertical-align: top }\n"
	".words td:first-child { white-space: nowrap }\n"
	".digest { font-size: 15px }\n"
	".digest td { padding: .15em .4em }\n"
	".digest td:first-child { white-space: normal }\n"
	".digest td:last-child { text-align: left }\n"
	"@media (max-width: 500px) { .digest { font-size: 13px }"
	" .digest td, .digest th { white-space: normal; padding: .15em .25em } }\n"
	"figure { margin: 1em 0; break-inside: avoid; overflow-x: auto }\n"
	"figcaption, .soft { font-size: 14px; color: var(--soft) }\n"
	"svg { width: 860px; max-width: 100%; min-width: 700px; height: auto }\n"
	".wide { overflow-x: auto }\n"
	".missed { font-weight: bold; text-decoration: underline }\n"
	"h2 { margin-top: 2em; border-top: 2px solid var(--ink); padding-top: .4em }\n"
	"h3 { margin-bottom: .2em }\n"
	"@media print { body { margin: 0; max-width: none; font-size: 10pt }"
	" h2, h3 { break-after: avoid } table { font-size: 7pt; break-inside: avoid }"
	" th, td { padding: .1em .35em } svg { min-width: 0 } }\n"
	"</style>\n</head>\n<body>\n<h1>rdv-bench</h1>\n"
	"<p>What it costs to be alone for a moment: librdv beside other ways to do it,"
	" run in turns in one process.</p>\n";

static const char how_to_read[] =
	"<h2 id=\"reading\">How to read the tables</h2>\n"
	"<p>A figure is the median of the rounds; intervals, and bars in the plots, hold "
	"it"
	" with 95&nbsp;% confidence (bootstrap). CV is the coefficient of variation: "
	"above"
	" 10&nbsp;% a figure is too noisy for small differences. A ratio is the median of"
	" the rounds&rsquo; ratios. A target is met or missed &ldquo;not clearly&rdquo; "
	"if"
	" the interval has both sides of its limit in it, or if there were fewer than 3"
	" rounds. A ratio of two contenders is a result; an absolute figure is a remark"
	" about this machine.</p>\n";

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

static void put_link(FILE *page, const char *id, const char *name, const char *title)
{
	fprintf(page, "<li><a href=\"#%s\">", id);
	put_text(page, name);
	fputs("</a>", page);
	if (*title)
		put_text(page, " ");
	put_text(page, title);
	fputs("</li>\n", page);
}

static void put_contents(FILE *page, const struct results *r)
{
	fputs("<nav>\n<h2>Contents</h2>\n<ul>\n", page);
	put_link(page, "contenders", "Contenders", "");
	put_link(page, "reading", "How to read the tables", "");
	for (unsigned i = 0; i < r->n_tables; i++) {
		const struct scenario *s = r->tables[i].scenario;

		put_link(page, s->name, s->name, s->title);
	}
	put_link(page, "machine", "Machine", "");
	put_link(page, "torture", "Exclusion torture", "");
	fputs("</ul>\n</nav>\n", page);
}

static void put_digest(FILE *page, const struct results *r)
{
	struct digest_line lines[MAX_DIGEST];
	const unsigned n = digest(r, lines);

	if (!n)
		return;
	fputs("<h2 id=\"summary\">librdv against the best other, by what you do</h2>\n"
	      "<div class=\"wide\"><table class=\"digest\">\n<tr><th></th><th></th>"
	      "<th>librdv</th><th colspan=\"2\">best other</th></tr>\n",
	      page);
	for (const struct digest_line *l = lines; l < lines + n; l++) {
		fputs("<tr>", page);
		put_cell(page, "td", l->what);
		put_cell(page, "td", l->verdict);
		put_cell(page, "td", l->ours);
		put_cell(page, "td", l->other);
		put_cell(page, "td", l->other_name);
		fputs("</tr>\n", page);
	}
	fputs("</table></div>\n", page);
}

static void put_contenders(FILE *page, const struct results *r)
{
	fputs("<h2 id=\"contenders\">Contenders</h2>\n<p>All do the same job: while one "
	      "thread is isolated no other runs, and a thread that wants to run is "
	      "held.</p>\n"
	      "<table class=\"words\">\n",
	      page);
	for (unsigned i = 0; i < r->n_contenders; i++) {
		fputs("<tr>", page);
		put_cell(page, "td", r->contenders[i]->name);
		put_cell(page, "td", r->contenders[i]->what);
		fputs("</tr>\n", page);
	}
	fputs("</table>\n", page);
}

static void put_machine(FILE *page)
{
	fputs("<h2 id=\"machine\">Machine</h2>\n<table class=\"words\">\n", page);
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
	fputs("<h2 id=\"torture\">Exclusion torture</h2>\n<p>Who fails is not timed; the "
	      "control, which "
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
	const struct scenario *s = t->scenario;

	fprintf(page, "<h2 id=\"%s\">%s ", s->name, s->name);
	put_text(page, s->title);
	fputs("</h2>\n", page);
	if (!s->counts) {
		fputs("<p>", page);
		put_text(page, s->metrics[0].unit);
		fprintf(page, "; %s is better</p>\n",
			s->metrics[0].better == LESS ? "less" : "more");
	}
	if (with_plots)
		plots_of(page, r, t);
	for (unsigned p = 0; p < t->n_points; p++)
		put_point(page, r, t, p);
}

int html_write(FILE *page, const struct results *r)
{
	const bool with_plots = gnuplot_found();

	fputs(head, page);
	put_digest(page, r);
	fprintf(page, "<p class=\"soft\">%u rounds%s; measured in %.0f s, ", r->rounds,
		settings.quick ? ", a quick look" : "", r->seconds);
	report_disturbance(page, &r->disturbance);
	fputs("</p>\n<p><strong>", page);
	report_extent(page, r);
	fputs("</strong></p>\n", page);
	if (!with_plots)
		fputs("<p>There are no plots, as there was no gnuplot.</p>\n", page);
	put_contents(page, r);
	put_contenders(page, r);
	fputs(how_to_read, page);
	for (unsigned i = 0; i < r->n_tables; i++)
		put_table(page, r, &r->tables[i], with_plots);
	put_machine(page);
	put_torture(page, r);
	fputs("</body>\n</html>\n", page);
	return ferror(page) || fflush(page) ? -EIO : 0;
}
