/* SPDX-License-Identifier: MIT */
#include "contender-loops.h"
#include "machine.h"
#include "measure.h"
#include "settings.h"
#include "syscall-count.h"

#include <dlfcn.h>
#include <limits.h>
#include <linux/membarrier.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/syscall.h>
#include <sys/utsname.h>
#include <unistd.h>
#ifdef __GLIBC__
#include <gnu/libc-version.h>
#endif
#ifdef HAVE_CK
#include <ck_md.h>
#endif

/* Not every architecture tells its model in that file. */
static void cpu_model(char *text, size_t size)
{
	FILE *f = fopen("/proc/cpuinfo", "re");
	char line[256], *value;

	snprintf(text, size, "unknown");
	while (f && fgets(line, sizeof(line), f)) {
		value = strstr(line, ": ");
		if (!value || strncmp(line, "model name", strlen("model name")))
			continue;
		value[strcspn(value, "\n")] = '\0';
		snprintf(text, size, "%s", value + 2);
		break;
	}
	if (f)
		fclose(f);
}

static const char *membarrier(void)
{
	long commands = syscall(SYS_membarrier, MEMBARRIER_CMD_QUERY, 0, 0);

	if (commands < 0)
		return "not available";
	if (!(commands & MEMBARRIER_CMD_PRIVATE_EXPEDITED))
		return "available, but not private expedited";
	return "private expedited available";
}

static const char *compiler(void)
{
#ifdef __clang__
	return __VERSION__;
#else
	return "gcc " __VERSION__;
#endif
}

static const char *liburcu(void)
{
#if defined(HAVE_URCU_QSBR) || defined(HAVE_URCU_MEMB) || defined(HAVE_URCU_MB) || \
	defined(HAVE_URCU_BP)
	return URCU_VERSION " (on x86 its barrier is an mfence before 0.15.5, "
			    "then a locked instruction: several times faster)";
#else
	return "not built in";
#endif
}

static const char *ck(void)
{
#ifdef HAVE_CK
	return CK_VERSION;
#else
	return "not built in";
#endif
}

/* nsync tells its version only in the name of its file. */
static void nsync(char *text, size_t size)
{
#if defined(BENCH_STATIC) && !defined(HAVE_NSYNC)
	snprintf(text, size, "not built in");
#elif defined(BENCH_STATIC)
	snprintf(text, size, "version unknown");
#else
	void *symbol = dlsym(RTLD_DEFAULT, "nsync_mu_lock");
	char path[PATH_MAX];
	const char *version;
	Dl_info info;

	snprintf(text, size, "not built in");
	if (!symbol || !dladdr(symbol, &info) || !realpath(info.dli_fname, path))
		return;
	version = strstr(path, ".so.");
	snprintf(text, size, "%s",
		 version ? version + strlen(".so.") : "version unknown");
#endif
}

static const char *linked(void)
{
#ifdef BENCH_STATIC
	return "statically, without what has no static library (see --list)";
#else
	return "with shared libraries";
#endif
}

static const char *libc(void)
{
#ifdef __GLIBC__
	return gnu_get_libc_version();
#else
	return "not glibc";
#endif
}

static const char *form(void)
{
	if (!strcmp(CONTENDER_FORM, "call"))
		return "compiled without optimisation: the figures mean little";
	return "fast paths inline in all contenders (_LGPL_SOURCE for liburcu), isolate "
	       "and "
	       "release called; columns named called: fast paths called too";
}

static void add(struct fact **fact, const char *name, const char *value)
{
	*(*fact)++ = (struct fact){name, value};
}

const struct fact *machine_facts(void)
{
	static char load[64], cpu[256], cpus[32], kernel[256], nsync_version[64],
		cgroup[256];
	static struct fact facts[MAX_FACTS];
	struct fact *next = facts;
	struct utsname uts;

	cpu_model(cpu, sizeof(cpu));
	snprintf(cpus, sizeof(cpus), "%u", cpu_count());
	if (!uname(&uts))
		snprintf(kernel, sizeof(kernel), "%.60s %.100s %.60s", uts.sysname,
			 uts.release, uts.machine);
	add(&next, "librdv", PACKAGE_VERSION);
	add(&next, "liburcu", liburcu());
	nsync(nsync_version, sizeof(nsync_version));
	cgroup_limits(cgroup, sizeof(cgroup));
	add(&next, "ck", ck());
	add(&next, "nsync", nsync_version);
	add(&next, "glibc", libc());
	add(&next, "cpu", cpu);
	add(&next, "cpus", cpus);
	add(&next, "cgroup", cgroup);
	add(&next, "kernel", kernel);
	add(&next, "membarrier", membarrier());
	add(&next, "compiler", compiler());
	add(&next, "linked", linked());
	add(&next, "form", form());
	if (settings.load)
		snprintf(load, sizeof(load),
			 "%u computing processes beside the benchmark (--load)",
			 settings.load);
	else
		snprintf(load, sizeof(load), "none, but for what else runs here");
	add(&next, "load", load);
	add(&next, "futex_counts",
	    syscall_count_works() ? "by thread, through syscall()"
				  : "do not work: the libraries find another syscall()");
	add(&next, NULL, NULL);
	return facts;
}
