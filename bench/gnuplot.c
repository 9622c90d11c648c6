/* SPDX-License-Identifier: MIT */
#include "gnuplot.h"

#include <errno.h>
#include <fcntl.h>
#include <spawn.h>
#include <stdlib.h>
#include <string.h>
#include <sys/wait.h>
#include <unistd.h>

/* If quiet, stderr is /dev/null.  Returns 0 or -errno. */
static int run(const char *option, int in, int out, bool quiet)
{
	char name[] = "gnuplot", argument[16];
	char *argv[] = {name, argument, NULL};
	posix_spawn_file_actions_t actions;
	int status, err;
	pid_t child;

	snprintf(argument, sizeof(argument), "%s", option);
	posix_spawn_file_actions_init(&actions);
	posix_spawn_file_actions_adddup2(&actions, in, STDIN_FILENO);
	posix_spawn_file_actions_adddup2(&actions, out, STDOUT_FILENO);
	if (quiet)
		posix_spawn_file_actions_addopen(&actions, STDERR_FILENO, "/dev/null",
						 O_WRONLY, 0);
	err = posix_spawnp(&child, name, &actions, NULL, argv, environ);
	posix_spawn_file_actions_destroy(&actions);
	if (err)
		return -err;
	if (waitpid(child, &status, 0) != child)
		return -errno;
	return WIFEXITED(status) && !WEXITSTATUS(status) ? 0 : -EIO;
}

bool gnuplot_found(void)
{
	int null = open("/dev/null", O_RDWR | O_CLOEXEC);
	int err = run("--version", null, null, true);

	close(null);
	return !err;
}

/*
 * Whether one of the names that gnuplot gives begins here.  It stands after a quote or a
 * #.
 */
static bool name_begins(const char *at, char before)
{
	static const char *const names[] = {"gp", "gnuplot_", "textbox", "greybox"};

	if (!before || !strchr("'\"#", before))
		return false;
	for (unsigned i = 0; i < sizeof(names) / sizeof(names[0]); i++)
		if (!strncmp(at, names[i], strlen(names[i])))
			return true;
	return false;
}

static void copy_renamed(const char *line, const char *prefix, FILE *out)
{
	for (char before = '\0'; *line; before = *line++) {
		if (name_begins(line, before))
			fputs(prefix, out);
		fputc(*line, out);
	}
}

static void copy_svg(FILE *svg, const char *prefix, FILE *out)
{
	bool begun = false;
	char *line = NULL;
	size_t size = 0;

	rewind(svg);
	while (getline(&line, &size, svg) >= 0) {
		begun = begun || !strncmp(line, "<svg", 4);
		if (begun)
			copy_renamed(line, prefix, out);
	}
	free(line);
}

int gnuplot_draw(FILE *script, const char *prefix, FILE *out)
{
	FILE *svg = tmpfile();
	int err;

	if (!svg)
		return -errno;
	fflush(script);
	lseek(fileno(script), 0, SEEK_SET);
	err = run("-", fileno(script), fileno(svg), false);
	if (!err)
		copy_svg(svg, prefix, out);
	fclose(svg);
	return err;
}
