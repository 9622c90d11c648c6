/* SPDX-License-Identifier: MIT */
/*
 * The default domain of <rdv/hathreads.h>.
 */
#include "domain.h"

#include <limits.h>
#include <pthread.h>
#include <rdv/hathreads.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

static pthread_once_t once = PTHREAD_ONCE_INIT;
static rdv_domain *domain;
static unsigned long mask = 1;

static __thread unsigned int own_tid;
static __thread unsigned long own_bit = 1;

static void must_succeed(const char *what, int error)
{
	if (!error)
		return;
	fprintf(stderr, "librdv: hathreads: %s: %s\n", what, strerror(-error));
	abort();
}

static void create(void)
{
	rdv_domain_attr attr = RDV_DOMAIN_ATTR_INIT;

	attr.name = "hathreads";
	attr.max_threads = sizeof(unsigned long) * CHAR_BIT;
	must_succeed("cannot create the domain", rdv_domain_create(&domain, &attr));
}

rdv_domain *rdv_hathreads_domain(void)
{
	pthread_once(&once, create);
	return domain;
}

/* Looked up each time: the thread may have called rdv_thread_unregister() meanwhile. */
rdv_thread *rdv_hathreads_self(void)
{
	rdv_thread *self = rdv_thread_self(rdv_hathreads_domain());

	if (!self)
		must_succeed("cannot add a thread to the domain",
			     rdv_thread_register(domain, NULL, &self));
	return self;
}

unsigned int *rdv_hathreads_tid(void)
{
	return &own_tid;
}

unsigned long *rdv_hathreads_tid_bit(void)
{
	return &own_bit;
}

unsigned long *rdv_hathreads_all_threads_mask(void)
{
	return &mask;
}
