/* SPDX-License-Identifier: MIT */
/*
 * The ten calls of port.c, by librdv.  The domain is made before main(), as liburcu's is.
 *
 * RCU_BARRIER() is for what the calling thread has retired: it calls that itself, as there is
 * no thread in the background.
 */
#include <rdv/handshake.h>
#include <stdlib.h>

typedef struct rdv_retired rcu_item;

static rdv_domain *rcu_domain;
static _Thread_local rdv_thread *rcu_self;

static void rcu_must(int err)
{
	if (err)
		abort();
}

static __attribute__((constructor)) void rcu_init(void)
{
	rcu_must(rdv_domain_create(&rcu_domain, NULL));
}

#define RCU_REGISTER()        rcu_must(rdv_thread_register(rcu_domain, NULL, &rcu_self))
#define RCU_UNREGISTER()      rdv_thread_unregister(rcu_self)
#define RCU_QUIESCENT_STATE() rdv_checkpoint(rcu_self)
#define RCU_OFFLINE()         rdv_harmless_now(rcu_self)
#define RCU_ONLINE()          rdv_harmless_end(rcu_self)
#define RCU_DEREFERENCE(p)    __atomic_load_n(&(p), __ATOMIC_ACQUIRE)
#define RCU_ASSIGN(p, value)  __atomic_store_n(&(p), value, __ATOMIC_RELEASE)
#define RCU_SYNCHRONIZE()     rdv_synchronize(rcu_self)
#define RCU_CALL(item, fn)    rdv_retire(rcu_self, item, fn)
#define RCU_BARRIER()         rdv_synchronize(rcu_self)
