/* SPDX-License-Identifier: MIT */
/*
 * The terminal after rdv-top: it gets its settings back however the program is ended or
 * stopped.
 *
 *	terminal RDV-TOP FILE
 */
#include <err.h>
#include <pty.h>
#include <signal.h>
#include <stdbool.h>
#include <stdlib.h>
#include <string.h>
#include <sys/wait.h>
#include <termios.h>
#include <unistd.h>

static int terminal;
static pid_t program;

static bool takes_keys(void)
{
	struct termios t;

	if (tcgetattr(terminal, &t))
		err(99, "tcgetattr");
	return !(t.c_lflag & ICANON);
}

static void await_screen(void)
{
	char shown[4096];

	if (read(terminal, shown, sizeof(shown)) <= 0)
		err(1, "rdv-top shows nothing");
}

static void start(char **argv)
{
	program = forkpty(&terminal, NULL, NULL, NULL);
	if (program < 0)
		err(99, "forkpty");
	if (!program) {
		execvp(argv[0], argv);
		_exit(99);
	}
	await_screen();
	if (!takes_keys())
		errx(1, "rdv-top does not take keys");
}

static void press(char key)
{
	if (write(terminal, &key, 1) != 1)
		err(99, "write");
}

static void expect_end(const char *what)
{
	int status;

	waitpid(program, &status, 0);
	if (!WIFEXITED(status) || WEXITSTATUS(status))
		errx(1, "%s: expected exit status 0, found wait status %#x", what,
		     (unsigned)status);
	if (takes_keys())
		errx(1, "%s: the terminal is not as it was", what);
	close(terminal);
}

static void is_stopped(void)
{
	int status;

	waitpid(program, &status, WUNTRACED);
	if (!WIFSTOPPED(status))
		errx(1, "^Z: expected a stopped program, found wait status %#x",
		     (unsigned)status);
	if (takes_keys())
		errx(1, "^Z: the terminal is not as it was");
}

/* What it has shown before may still be there, so each screen may be an old one. */
static void goes_on(void)
{
	kill(program, SIGCONT);
	while (!takes_keys())
		await_screen();
}

int main(int argc, char **argv)
{
	char *top[] = {argc == 3 ? argv[1] : NULL, argc == 3 ? argv[2] : NULL, NULL};

	if (argc != 3)
		errx(99, "usage: terminal RDV-TOP FILE");
	start(top);
	press('q');
	expect_end("q");
	start(top);
	press('\003');
	expect_end("^C");
	start(top);
	press('\034');
	expect_end("^\\");
	start(top);
	kill(program, SIGHUP);
	expect_end("SIGHUP");
	start(top);
	press('\032');
	is_stopped();
	goes_on();
	press('\032');
	is_stopped();
	goes_on();
	press('q');
	expect_end("q after ^Z");
	return 0;
}
