/* SPDX-License-Identifier: MIT */
/*
 * A domain that rdv-top can watch: see top.sh.
 *
 *	exported FILE
 *
 * Says "exported" when the file is there.  Isolates ten times a second and updates the
 * file, until standard input ends.  The name of its thread has an
 * escape sequence, a quote and a backslash.
 */
#include <rdv/blocking.h>
#include <rdv/export.h>
#include <stdio.h>
#include <string.h>

int main(int argc, char **argv)
{
	struct pollfd input = {.events = POLLIN};
	rdv_domain_attr attr = RDV_DOMAIN_ATTR_INIT;
	rdv_domain *domain;
	rdv_thread *self;
	rdv_export *export;
	int err;

	if (argc != 2)
		return 99;
	attr.name = "watched";
	if (rdv_domain_create(&domain, &attr) ||
	    rdv_thread_register(domain, "watcher\033[2J\"\\", &self))
		return 99;
	err = rdv_export_open(domain, argv[1], &export);
	if (err) {
		fprintf(stderr, "%s: %s\n", argv[1], strerror(-err));
		return 1;
	}
	puts("exported");
	fflush(stdout);
	while (!rdv_poll(self, &input, 1, 100)) {
		rdv_isolate(self);
		rdv_release(self);
		rdv_export_update(export);
	}
	rdv_export_close(export);
	rdv_thread_unregister(self);
	return rdv_domain_destroy(domain) ? 1 : 0;
}
