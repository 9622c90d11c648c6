/* SPDX-License-Identifier: MIT */
/* The ten calls of port.c, by liburcu's QSBR flavour. */
#include <urcu/urcu-qsbr.h>

typedef struct rcu_head rcu_item;

#define RCU_REGISTER()        urcu_qsbr_register_thread()
#define RCU_UNREGISTER()      urcu_qsbr_unregister_thread()
#define RCU_QUIESCENT_STATE() urcu_qsbr_quiescent_state()
#define RCU_OFFLINE()         urcu_qsbr_thread_offline()
#define RCU_ONLINE()          urcu_qsbr_thread_online()
#define RCU_DEREFERENCE(p)    rcu_dereference(p)
#define RCU_ASSIGN(p, value)  rcu_assign_pointer(p, value)
#define RCU_SYNCHRONIZE()     urcu_qsbr_synchronize_rcu()
#define RCU_CALL(item, fn)    urcu_qsbr_call_rcu(item, fn)
#define RCU_BARRIER()         urcu_qsbr_barrier()
