/* SPDX-License-Identifier: MIT */
/*
 * A domain that rdv-top can watch: see top.sh.
 *
 *	exported FILE
 *
 * Says "exported" when the file is there.  Ten times a second it isolates, retires an item,
 * and updates the file, until standard input ends.  The name of its thread has an escape
 * sequence, a quote and a backslash.
 */
#include <rdv/blocking.h>
#include <rdv/export.h>
#include <rdv/handshake.h>
#include <stdio.h>
#include <string.h>

static void ignore(struct rdv_retired *item)
{
	(void)item;
}

/* What there is to see.  The thread asks itself in the first rdv_retire_run(), and answers. */
static void turn(rdv_thread *self, rdv_export *export)
{
	static struct rdv_retired item;

	rdv_isolate(self);
	rdv_release(self);
	rdv_retire(self, &item, ignore);
	rdv_retire_run(self);
	(void)rdv_checkpoint(self);
	rdv_retire_run(self); /* calls it */
	rdv_synchronize(self);
	rdv_export_update(export);
}

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
	turn(self, export);
	puts("exported");
	fflush(stdout);
	while (!rdv_poll(self, &input, 1, 100))
		turn(self, export);
	rdv_export_close(export);
	rdv_thread_unregister(self);
	return rdv_domain_destroy(domain) ? 1 : 0;
}
