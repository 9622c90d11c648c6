/* SPDX-License-Identifier: MIT */
/*
 * rdv-bench: the order of events.  Options, machine, torture, then for each point of
 * each scenario the contenders in turn, round after round, and the report.
 */
#include "gnuplot.h"
#include "html.h"
#include "interrupt.h"
#include "load.h"
#include "machine.h"
#include "measure.h"
#include "model.h"
#include "neighbour.h"
#include "options.h"
#include "output.h"
#include "progress.h"
#include "report.h"
#include "run.h"

#include <errno.h>
#include <limits.h>
#include <stdatomic.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/stat.h>
#include <unistd.h>

static struct results results;
static struct options options;
static atomic_bool measuring; /* there is something to write if we are interrupted */

static bool is_measuring(void)
{
	return atomic_load_explicit(&measuring, memory_order_relaxed);
}

static uint64_t began_ns;

static void page_name(const char *directory, char *name)
{
	if (snprintf(name, PATH_MAX, "%s/index.html", directory) >= PATH_MAX)
		name[0] = '\0';
}

/* The directory may be there, or its parent. */
static void check_report(const char *directory)
{
	char name[PATH_MAX];

	if (mkdir(directory, 0777) && errno != EEXIST)
		bad_option("--report", "expected a directory to write to, found '%s': %s",
			   directory, strerror(errno));
	page_name(directory, name);
	output_check("--report", name);
	if (!gnuplot_found())
		fputs("rdv-bench: --report: without plots: no gnuplot was found\n",
		      stderr);
}

static bool torture_one(struct results *r, const struct contender *c)
{
	struct torture_entry *t = &r->tortured[r->n_tortured++];

	progress_step(torture_ms(), "torture: %s", c->name);
	t->contender = c;
	t->err = torture(c, &t->result);
	t->passed = !t->err && t->result.isolations && !t->result.violations;
	return t->passed;
}

static bool torture_all_forms(struct results *r, const struct contender *c)
{
	bool passed = true;

	for (; c; c = c->wider)
		passed &= torture_one(r, c);
	return passed;
}

/* The contenders that pass take part.  Returns how many did not. */
static unsigned admit(struct results *r, const struct options *o)
{
	unsigned failed = 0;

	for (unsigned i = 0; i < o->n_contenders; i++) {
		const struct contender *c = o->contenders[i];
		const char *missing = contender_missing(c);

		if (missing && o->contenders_named)
			bad_option("--contender", "%s cannot run: %s", c->name, missing);
		if (missing)
			fprintf(stderr, "rdv-bench: without %s: %s\n", c->name, missing);
		else if (torture_all_forms(r, c))
			r->contenders[r->n_contenders++] = c;
		else
			failed++;
	}
	return failed;
}

static void add_tables(struct results *r, const struct options *o)
{
	for (unsigned i = 0; i < o->n_scenarios; i++) {
		if (results_add(r, o->scenarios[i]))
			continue;
		fprintf(stderr, "rdv-bench: %s\n", strerror(ENOMEM));
		exit(EXIT_ENVIRONMENT);
	}
}

/* The expected time, including the torture of each contender and of the control. */
static double expected_ms(const struct results *r, const struct options *o)
{
	return (1 + o->n_contenders) * torture_ms() +
	       run_expected_ms(r, o->contenders, o->n_contenders);
}

static void conclude(struct results *r)
{
	r->disturbance = disturbance_end();
	r->seconds = (double)(now_ns() - began_ns) / NS_PER_S;
}

/* Measures all.  After that a signal ends the program at once. */
static void measure_all(struct results *r)
{
	int err = load_start(settings.load);

	if (err) {
		fprintf(stderr, "rdv-bench: --load: no process: %s\n", strerror(-err));
		exit(EXIT_ENVIRONMENT);
	}
	began_ns = now_ns();
	disturbance_begin();
	atomic_store_explicit(&measuring, true, memory_order_relaxed);
	progress_clear();
	report_torture(stdout, r);
	fflush(stdout);
	run_tables(r);
	interrupt_forget();
	atomic_store_explicit(&measuring, false, memory_order_relaxed);
	progress_end();
	conclude(r);
	load_stop();
}

static bool complete(const struct results *r)
{
	for (unsigned i = 0; i < r->n_tables; i++)
		for (unsigned p = 0; p < r->tables[i].n_points; p++)
			for (unsigned c = 0; c < r->n_contenders; c++)
				if (r->tables[i].cells[p][c].err)
					return false;
	return true;
}

static int write_tables(const struct results *r)
{
	report_tables(stdout, r);
	if (!fflush(stdout) && !ferror(stdout))
		return 0;
	fprintf(stderr, "rdv-bench: standard output: not all could be written\n");
	return -EIO;
}

/* The table, and the files that were asked for.  Returns 0 or -errno, of the last failure. */
static int write_all(const struct results *r, const struct options *o)
{
	char page[PATH_MAX];
	int err = write_tables(r), err_json = 0, err_page = 0;

	if (o->json)
		err_json = output_write(o->json, report_json, r);
	if (o->report) {
		page_name(o->report, page);
		err_page = output_write(page, html_write, r);
	}
	return err_page ? err_page : err_json ? err_json : err;
}

static void stop_processes(void)
{
	load_stop();
	neighbour_stop();
}

/*
 * The thread that watches the signals calls it, or the program at exit.  Nothing is
 * measured any more.
 */
static _Noreturn void stop_here(int status)
{
	run_lock();
	progress_end();
	results.partial = true;
	if (is_measuring()) {
		conclude(&results);
		if (write_all(&results, &options))
			status = EXIT_ENVIRONMENT;
	}
	stop_processes();
	fflush(NULL);
	_exit(status);
}

static void on_signal(int signal)
{
	fprintf(stderr, "%srdv-bench: %s: %s\n", progress_shown() ? "\n" : "",
		strsignal(signal),
		is_measuring() ? "writing what has been measured"
			       : "nothing had been measured yet");
	stop_here(EXIT_INTERRUPTED);
}

/* If a contender hangs, the program ends where it is. */
static void on_exit_while_measuring(void)
{
	if (is_measuring())
		stop_here(EXIT_ENVIRONMENT);
}

static bool control_fails(struct results *r)
{
	if (!torture_one(r, &contender_none))
		return true;
	fprintf(stderr, "rdv-bench: threads without synchronisation passed the torture, "
			"it cannot be trusted\n");
	return false;
}

static void prepare(void)
{
	int err;

	if (options.report)
		check_report(options.report);
	if (options.json)
		output_check("--json", options.json);
	measure_init();
	err = neighbour_start();
	if (!err)
		err = interrupt_watch(on_signal);
	if (err) {
		fprintf(stderr, "rdv-bench: no second process or thread: %s\n",
			strerror(-err));
		exit(EXIT_ENVIRONMENT);
	}
	atexit(stop_processes);
	atexit(on_exit_while_measuring);
}

int main(int argc, char **argv)
{
	unsigned failed;
	int err;

	options_parse(&options, argc, argv);
	prepare();
	report_machine(stdout);
	if (options.model)
		return model_print(stdout) ? EXIT_ENVIRONMENT : EXIT_DONE;
	results.rounds = settings.rounds;
	results.deadline_ns = now_ns() + settings.seconds * NS_PER_S;
	add_tables(&results, &options);
	progress_begin(expected_ms(&results, &options), results.deadline_ns);
	if (!control_fails(&results))
		return EXIT_BLIND_TORTURE;
	failed = admit(&results, &options);
	measure_all(&results);
	err = write_all(&results, &options);
	if (err)
		return EXIT_ENVIRONMENT;
	if (failed)
		return EXIT_NOT_EXCLUSIVE;
	return complete(&results) ? EXIT_DONE : EXIT_ENVIRONMENT;
}
