/* SPDX-License-Identifier: MIT */
/* A program that knows librdv by its installed headers only; C11 and C++11. */
#include <rdv/rdv.h>
#include <rdv/debug.h>
#include <rdv/sync.h>
#include <rdv/hathreads.h>

#include <stdio.h>

/* other.c: the same inline functions, in another file */
#ifdef __cplusplus
extern "C" {
#endif
int other(rdv_thread *self);
void (*other_end(void))(rdv_thread *);
#ifdef __cplusplus
}
#endif

#define CHECK(condition)                                                             \
	do {                                                                         \
		if (!(condition)) {                                                  \
			fprintf(stderr, "%s:%d: not true: %s\n", __FILE__, __LINE__, \
				#condition);                                         \
			return 1;                                                    \
		}                                                                    \
	} while (0)

int main(void)
{
	rdv_domain_attr attr = RDV_DOMAIN_ATTR_INIT;
	rdv_domain *domain;
	rdv_thread *self;

	attr.name = "consumer";
	attr.max_threads = 4;
	CHECK(rdv_domain_create(&domain, &attr) == 0);
	CHECK(rdv_version() == RDV_VERSION);
	CHECK(rdv_thread_register(domain, "main", &self) == 0);
	CHECK(rdv_thread_self(domain) == self);

	rdv_harmless_now(self);
	rdv_harmless_end(self);
	CHECK(!rdv_checkpoint(self));
	CHECK(other(self) == 0);
	CHECK(other_end() == rdv_harmless_end);

	rdv_lock_taken();
	rdv_lock_dropped();
	rdv_isolate(self);
	CHECK(rdv_isolated(self));
	rdv_release(self);
	CHECK(!rdv_isolated(self));

	CHECK(rdv_sync_enable(domain) >= 0);
	rdv_sync_want(self);
	CHECK(rdv_sync_wanted(self) && !rdv_sync_my_turn(self));
	CHECK(rdv_sync_pending(domain));
	rdv_sync_enter(self);
	CHECK(rdv_sync_wanted(self) && rdv_sync_my_turn(self));
	rdv_sync_exit(self);
	CHECK(!rdv_sync_pending(domain));

	rdv_thread_unregister(self);
	CHECK(rdv_domain_destroy(domain) == 0);
	return 0;
}
