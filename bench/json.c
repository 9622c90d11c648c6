/* SPDX-License-Identifier: MIT */
/* Writes the results of the table, and every sample, for other programs to read. */
#include "digest.h"
#include "machine.h"
#include "report.h"

#include <errno.h>
#include <math.h>

struct json {
	FILE *out;
	bool first; /* nothing yet in the innermost object or array */
	int depth;
};

static void quote(FILE *out, const char *text)
{
	fputc('"', out);
	for (; *text; text++) {
		if (*text == '"' || *text == '\\')
			fprintf(out, "\\%c", *text);
		else if ((unsigned char)*text < ' ')
			fprintf(out, "\\u%04x", (unsigned)*text);
		else
			fputc(*text, out);
	}
	fputc('"', out);
}

/*
 * Writes what comes before a value: the comma, the new line and the key.  An array has no
 * key.
 */
static void begin_value(struct json *j, const char *key)
{
	if (!j->first)
		fputc(',', j->out);
	if (j->depth)
		fprintf(j->out, "\n%*s", j->depth, "");
	j->first = false;
	if (!key)
		return;
	quote(j->out, key);
	fputs(": ", j->out);
}

static void open_value(struct json *j, const char *key, char bracket)
{
	begin_value(j, key);
	fputc(bracket, j->out);
	j->first = true;
	j->depth++;
}

static void close_value(struct json *j, char bracket)
{
	fputc(bracket, j->out);
	j->first = false;
	j->depth--;
}

static void put_string(struct json *j, const char *key, const char *value)
{
	begin_value(j, key);
	quote(j->out, value);
}

static void put_bool(struct json *j, const char *key, bool value)
{
	begin_value(j, key);
	fputs(value ? "true" : "false", j->out);
}

/* JSON has no NaN and no infinity. */
static void put_number(struct json *j, const char *key, double value)
{
	begin_value(j, key);
	if (isfinite(value))
		fprintf(j->out, "%.10g", value);
	else
		fputs("null", j->out);
}

static void put_machine(struct json *j)
{
	open_value(j, "machine", '{');
	for (const struct fact *f = machine_facts(); f->name; f++)
		put_string(j, f->name, f->value);
	close_value(j, '}');
}

static void put_torture(struct json *j, const struct results *r)
{
	open_value(j, "torture", '[');
	for (unsigned i = 0; i < r->n_tortured; i++) {
		const struct torture_entry *t = &r->tortured[i];

		open_value(j, NULL, '{');
		put_string(j, "contender", t->contender->name);
		put_number(j, "threads", t->result.threads);
		put_number(j, "isolations", (double)t->result.isolations);
		put_number(j, "sections", (double)t->result.sections);
		put_number(j, "violations", (double)t->result.violations);
		put_bool(j, "passed", t->passed);
		close_value(j, '}');
	}
	close_value(j, ']');
}

static void put_summary(struct json *j, const struct summary *s, const struct interval *i)
{
	put_number(j, "median", s->median);
	put_number(j, "low", i->low);
	put_number(j, "high", i->high);
	put_number(j, "q1", s->q1);
	put_number(j, "q3", s->q3);
	put_number(j, "min", s->min);
	put_number(j, "max", s->max);
	put_number(j, "cv", s->cv);
}

static void put_metric(struct json *j, const struct results *r, const struct cell *cell,
		       const struct scenario *s, unsigned metric)
{
	struct summary summary = cell_summary(r, cell, metric);
	struct interval interval = cells_interval(r, cell, metric, NULL, 0);

	if (!summary.n)
		return;
	open_value(j, metric_of(s, metric)->name, '{');
	put_summary(j, &summary, &interval);
	open_value(j, "samples", '[');
	for (unsigned i = 0; i < r->rounds; i++)
		put_number(j, NULL, cell->value[metric][i]);
	close_value(j, ']');
	close_value(j, '}');
}

/*
 * The quantiles of what was timed: pairs of quantile and the median of the rounds, in the
 * unit of the first metric.
 */
static void put_quantiles(struct json *j, const struct results *r,
			  const struct cell *cell)
{
	if (!cell_summary(r, cell, FIRST_QUANTILE).n)
		return;
	open_value(j, "quantiles", '[');
	for (unsigned i = 0; i < N_QUANTILES; i++) {
		open_value(j, NULL, '[');
		put_number(j, NULL, quantile_at[i]);
		put_number(j, NULL, cell_summary(r, cell, FIRST_QUANTILE + i).median);
		close_value(j, ']');
	}
	close_value(j, ']');
}

static void put_target(struct json *j, const struct results *r, const struct table *t,
		       unsigned point, const struct target *target)
{
	static const char *const outcome[] = {"met", "missed", "not measured"};
	struct verdict v = target_verdict(r, t, point, target);
	char text[96];

	target_text(t->scenario, target, text, sizeof(text));
	open_value(j, NULL, '{');
	put_string(j, "target", text);
	put_string(j, "outcome", outcome[v.outcome]);
	if (*v.reference)
		put_string(j, "best_other", v.reference);
	if (v.outcome != NOT_MEASURED) {
		put_bool(j, "clear", v.clear);
		put_summary(j, &v.figure, &v.interval);
	}
	close_value(j, '}');
}

static void put_point(struct json *j, const struct results *r, const struct table *t,
		      unsigned point)
{
	const struct scenario *s = t->scenario;
	char label[64];

	s->label(&t->points[point], label, sizeof(label));
	open_value(j, NULL, '{');
	put_string(j, "label", label);
	put_number(j, "threads", t->points[point].threads);
	put_number(j, "variant", t->points[point].variant);
	put_number(j, "rounds", t->rounds[point]);
	open_value(j, "contenders", '{');
	for (unsigned c = 0; c < r->n_contenders; c++) {
		const struct cell *cell = &t->cells[point][c];

		if (!cell_in_use(r, cell))
			continue;
		open_value(j, r->contenders[c]->name, '{');
		if (cell_missing(cell))
			put_string(j, "error", cell_missing(cell));
		for (unsigned m = 0; m < COST_END; m++)
			if (m < s->n_metrics || m >= MAX_METRICS)
				put_metric(j, r, cell, s, m);
		put_quantiles(j, r, cell);
		close_value(j, '}');
	}
	close_value(j, '}');
	open_value(j, "targets", '[');
	for (unsigned i = 0; i < s->n_targets; i++)
		if (target_applies(&s->targets[i], &t->points[point]))
			put_target(j, r, t, point, &s->targets[i]);
	close_value(j, ']');
	close_value(j, '}');
}

static void put_table(struct json *j, const struct results *r, const struct table *t)
{
	const struct scenario *s = t->scenario;

	open_value(j, NULL, '{');
	put_string(j, "scenario", s->name);
	put_string(j, "title", s->title);
	open_value(j, "units", '{');
	for (unsigned m = 0; m < COST_END; m++)
		if (m < s->n_metrics || m >= MAX_METRICS)
			put_string(j, metric_of(s, m)->name, metric_of(s, m)->unit);
	close_value(j, '}');
	open_value(j, "points", '[');
	for (unsigned p = 0; p < t->n_points; p++)
		put_point(j, r, t, p);
	close_value(j, ']');
	close_value(j, '}');
}

static void put_digest(struct json *j, const struct results *r)
{
	struct digest_line lines[MAX_DIGEST];
	const unsigned n = digest(r, lines);

	open_value(j, "summary", '[');
	for (const struct digest_line *l = lines; l < lines + n; l++) {
		open_value(j, NULL, '{');
		put_string(j, "what", l->what);
		put_string(j, "librdv", l->ours);
		put_string(j, "best_other", l->other);
		put_string(j, "best_other_name", l->other_name);
		put_number(j, "times_better", l->better);
		put_string(j, "verdict", l->verdict);
		close_value(j, '}');
	}
	close_value(j, ']');
}

int report_json(FILE *out, const struct results *r)
{
	struct json j = {.out = out, .first = true};

	open_value(&j, NULL, '{');
	put_machine(&j);
	put_bool(&j, "partial", r->partial);
	put_number(&j, "rounds", r->rounds);
	put_number(&j, "seconds_max", settings.seconds);
	put_bool(&j, "quick", settings.quick);
	put_number(&j, "load", settings.load);
	put_torture(&j, r);
	put_digest(&j, r);
	open_value(&j, "scenarios", '[');
	for (unsigned i = 0; i < r->n_tables; i++)
		put_table(&j, r, &r->tables[i]);
	close_value(&j, ']');
	put_number(&j, "seconds", r->seconds);
	put_number(&j, "others_percent", r->disturbance.others);
	put_number(&j, "load_percent", r->disturbance.load);
	put_number(&j, "steal_percent", r->disturbance.steal);
	close_value(&j, '}');
	fputc('\n', out);
	return ferror(out) || fflush(out) ? -EIO : 0;
}
