/* SPDX-License-Identifier: MIT */
/*
 * The mixed scenario in a cgroup with a CPU quota: all threads of the process lose
 * their CPUs at once, wherever they are.
 */
#include "crew.h"
#include "ops.h"
#include "scenarios.h"

#include <errno.h>
#include <fcntl.h>
#include <stdio.h>
#include <string.h>
#include <sys/stat.h>
#include <unistd.h>

/* A quarter of one CPU, in slices. */
#define PERIOD_US "20000"
#define QUOTA_US  "5000"

/* Whether it is one of the words between the commas. */
static bool listed(const char *list, const char *word)
{
	size_t n = strlen(word);

	for (; list; list = strchr(list, ',')) {
		list += *list == ',';
		if (!strncmp(list, word, n) && (list[n] == ',' || !list[n]))
			return true;
	}
	return false;
}

/* Where the hierarchy with the cpu controller is mounted, or the unified one. */
static bool find_mount(bool unified, char mount[static 200])
{
	char line[1000], type[32], flags[500];
	FILE *file = fopen("/proc/self/mounts", "re");
	bool found = false;

	while (file && !found && fgets(line, sizeof(line), file))
		found = sscanf(line, "%*s %199s %31s %499s", mount, type, flags) == 3 &&
			(unified ? !strcmp(type, "cgroup2")
				 : !strcmp(type, "cgroup") && listed(flags, "cpu"));
	if (file)
		fclose(file);
	return found;
}

/* Where we are in it: a line is number:controllers:path. */
static bool find_path(bool unified, char path[static 200])
{
	char line[1000], controllers[500];
	FILE *file = fopen("/proc/self/cgroup", "re");
	bool found = false;

	while (file && !found && fgets(line, sizeof(line), file))
		found = unified ? sscanf(line, "0::%199s", path) == 1
				: sscanf(line, "%*u:%499[^:]:%199s", controllers, path) ==
						  2 &&
					  listed(controllers, "cpu");
	if (file)
		fclose(file);
	return found;
}

static bool put(const char *directory, const char *file, const char *text)
{
	char path[600];
	bool done;
	int fd;

	snprintf(path, sizeof(path), "%s/%s", directory, file);
	fd = open(path, O_WRONLY | O_CLOEXEC);
	if (fd < 0)
		return false;
	done = write(fd, text, strlen(text)) > 0;
	close(fd);
	return done;
}

static bool set_quota(bool unified, const char *directory)
{
	if (unified)
		return put(directory, "cpu.max", QUOTA_US " " PERIOD_US);
	return put(directory, "cpu.cfs_period_us", PERIOD_US) &&
	       put(directory, "cpu.cfs_quota_us", QUOTA_US);
}

/* Moves the process to a cgroup of its own, which is removed when it has ended. */
static bool enter(bool unified)
{
	char mount[200], path[200], parent[420], child[sizeof(outcome->cgroup)];
	int n;

	errno = ENOENT;
	if (!find_mount(unified, mount) || !find_path(unified, path))
		return false;
	snprintf(parent, sizeof(parent), "%s%s", mount, path);
	n = snprintf(child, sizeof(child), "%s/rdv-stress-%d", parent, (int)getpid());
	if (n >= (int)sizeof(child) || mkdir(child, 0755))
		return false;
	memcpy(outcome->cgroup, child, sizeof(child));
	if (unified)
		put(parent, "cgroup.subtree_control", "+cpu");
	return set_quota(unified, child) && put(child, "cgroup.procs", "0");
}

void scenario_quota(void)
{
	int error;

	if (!enter(false)) {
		error = errno;
		if (outcome->cgroup[0])
			rmdir(outcome->cgroup);
		if (!enter(true))
			skip("no cgroup with a quota: version 1: %s; version 2: %s",
			     strerror(error), strerror(errno));
	}
	crew_work(ops_mixed, 20, NULL);
}
