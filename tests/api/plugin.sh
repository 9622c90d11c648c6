#!/bin/sh
# SPDX-License-Identifier: MIT
# A plugin that contains librdv.a, or uses librdv.so, is closed while a thread of it is
# still a member of a domain; the thread ends, and the program forks.  And a domain is of
# no use to another copy of the library than the one that has made it.
libs=$top_builddir/src/.libs

[ -z "$SANITIZE" ] || { echo "skipped: a sanitizer wants plugins to be built like it"; exit 77; }
[ -e "$libs/librdv.a" ] && [ -e "$libs/librdv.so" ] ||
	{ echo "skipped: not both kinds of library were built"; exit 77; }

tmp=$(mktemp -d) || exit 99
trap 'rm -rf "$tmp"' EXIT
failed=0

cat >"$tmp/plugin.c" <<'EOS'
#include <rdv/rdv.h>

int join_in(void);
int visit(rdv_domain *host);

int join_in(void)
{
	static rdv_domain *domain;
	rdv_thread *self;

	return (!domain && rdv_domain_create(&domain, NULL)) ||
	       rdv_thread_register(domain, "plugin", &self);
}

int visit(rdv_domain *host)
{
	rdv_thread *self;

	return rdv_thread_register(host, "visitor", &self);
}
EOS

cat >"$tmp/host.c" <<'EOS'
#include <dlfcn.h>
#include <errno.h>
#include <pthread.h>
#include <rdv/rdv.h>
#include <semaphore.h>
#include <stdio.h>
#include <sys/wait.h>
#include <unistd.h>

static int (*join_in)(void);
static sem_t joined, closed;

static void *member(void *arg)
{
	if (join_in())
		_exit(2);
	sem_post(&joined);
	while (sem_wait(&closed))
		;
	return arg;
}

static int forks(void)
{
	int status;
	pid_t child = fork();

	if (!child)
		_exit(0);
	return waitpid(child, &status, 0) == child && !status;
}

int main(int argc, char **argv)
{
	void *plugin = dlopen(argv[1], RTLD_NOW | RTLD_LOCAL);
	int (*visit)(rdv_domain *) = NULL;
	rdv_domain *domain;
	rdv_thread *self;
	pthread_t thread;
	int ret;

	if (argc < 3 || !plugin) {
		printf("%s\n", dlerror());
		return 3;
	}
	*(void **)&join_in = dlsym(plugin, "join_in");
	*(void **)&visit = dlsym(plugin, "visit");
	if (rdv_domain_create(&domain, NULL) || rdv_thread_register(domain, "host", &self))
		return 4;
	ret = visit(domain);
	if (ret != (argv[2][0] == 'o' ? -EINVAL : -EEXIST)) {
		printf("a visit by the plugin: %d\n", ret);
		return 5;
	}
	rdv_isolate(self);
	rdv_release(self);
	if (sem_init(&joined, 0, 0) || sem_init(&closed, 0, 0) ||
	    pthread_create(&thread, NULL, member, NULL))
		return 6;
	while (sem_wait(&joined))
		;
	dlclose(plugin);
	sem_post(&closed);
	pthread_join(thread, NULL);
	rdv_thread_unregister(self);
	return forks() ? rdv_domain_destroy(domain) : 7;
}
EOS

# try WHAT COPY HOSTLIBS PLUGINLIBS
try() {
	$CC $CFLAGS -I"$top_srcdir/include" -fPIC -shared "$tmp/plugin.c" \
		-o "$tmp/plugin.so" $LDFLAGS $4 -pthread &&
		$CC $CFLAGS -D_GNU_SOURCE -I"$top_srcdir/include" "$tmp/host.c" \
			-o "$tmp/host" $LDFLAGS $3 -pthread -ldl || exit 99
	LD_LIBRARY_PATH=$libs${LD_LIBRARY_PATH:+:$LD_LIBRARY_PATH} \
		"$tmp/host" "$tmp/plugin.so" "$2" && return
	echo "$1: exit status $?"
	failed=1
}
shared="-L$libs -lrdv"
own="$libs/librdv.a -Wl,--exclude-libs,ALL"
try "the plugin has the host's copy" same "$shared" "$shared"
try "a copy in the plugin, where the host's comes first" same "$shared" "$libs/librdv.a"
try "a copy in the plugin, of its own" other "$shared" "$own"
try "a copy in the host" other "$libs/librdv.a" "$shared"
try "two copies" other "$libs/librdv.a" "$own"

exit $failed
