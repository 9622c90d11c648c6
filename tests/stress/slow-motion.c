/* SPDX-License-Identifier: MIT */
/*
 * Compiles the header once more, under other names and with other atomics, so that
 * there is no copy of it to go stale.
 */
#include "point.h"

#undef RDV_DEBUG /* it is the inline functions that we want */

#define __atomic_load_n(p, order)        (RDV_POINT(), __atomic_load_n(p, order))
#define __atomic_store_n(p, v, order)    (RDV_POINT(), __atomic_store_n(p, v, order))
#define __atomic_exchange_n(p, v, order) (RDV_POINT(), __atomic_exchange_n(p, v, order))

#define rdv_priv_state_set slow_motion_state_set
#define rdv_harmless_now   slow_motion_now
#define rdv_harmless_end   slow_motion_end
#define rdv_checkpoint     slow_motion_checkpoint

#include <rdv/rdv.h>

extern inline uint32_t slow_motion_state_set(rdv_thread *self, uint32_t state);
extern inline void slow_motion_now(rdv_thread *self);
extern inline void slow_motion_end(rdv_thread *self);
extern inline bool slow_motion_checkpoint(rdv_thread *self);
