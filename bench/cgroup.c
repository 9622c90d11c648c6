/* SPDX-License-Identifier: MIT */
#include "machine.h"

#include <stdio.h>
#include <string.h>

static bool read_line(const char *path, char *line, size_t size)
{
	FILE *f = fopen(path, "re");
	bool got = f && fgets(line, (int)size, f);

	if (f)
		fclose(f);
	if (got)
		line[strcspn(line, "\n")] = '\0';
	return got;
}

/*
 * The group that has this controller, "" for version 2's only hierarchy: the line of
 * /proc/self/cgroup is hierarchy:controllers:path.
 */
static bool group_of(const char *controller, char *path, size_t size)
{
	FILE *f = fopen("/proc/self/cgroup", "re");
	char line[512], names[128], where[300];
	bool found = false;

	while (f && !found && fgets(line, sizeof(line), f)) {
		names[0] = '\0';
		if (sscanf(line, "%*u:%127[^:]:%299s", names, where) != 2 &&
		    sscanf(line, "%*u::%299s", where) != 1)
			continue;
		names[strcspn(names, ",")] = '\0'; /* cpu,cpuacct */
		found = !strcmp(names, controller);
	}
	if (f)
		fclose(f);
	if (found)
		snprintf(path, size, "%s", where);
	return found;
}

/* Without a limit version 1 has -1, or a number that no machine reaches. */
static bool is_limit(const char *value)
{
	return strncmp(value, "max", 3) && strcmp(value, "-1") && strlen(value) < 19;
}

/* Appends "NAME VALUE" if the file is there. */
static void append(char *text, size_t size, const char *hierarchy, const char *group,
		   const char *name)
{
	char path[512], value[64];
	size_t n = strlen(text);

	snprintf(path, sizeof(path), "/sys/fs/cgroup%s%s/%s", hierarchy,
		 strcmp(group, "/") ? group : "", name);
	if (read_line(path, value, sizeof(value)))
		snprintf(text + n, size - n, "%s%s %s", n ? ", " : "", name,
			 is_limit(value) ? value : "none");
}

void cgroup_limits(char *text, size_t size)
{
	char group[300];

	text[0] = '\0';
	if (group_of("", group, sizeof(group))) {
		append(text, size, "", group, "cpu.max");
		append(text, size, "", group, "cpuset.cpus.effective");
		append(text, size, "", group, "memory.max");
	}
	if (group_of("cpu", group, sizeof(group)))
		append(text, size, "/cpu", group, "cpu.cfs_quota_us");
	if (group_of("memory", group, sizeof(group)))
		append(text, size, "/memory", group, "memory.limit_in_bytes");
	if (!text[0])
		snprintf(text, size, "none found");
}
