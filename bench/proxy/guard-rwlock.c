/* SPDX-License-Identifier: MIT */
#define _GNU_SOURCE
#include "proxy.h"

/* The default kind lets readers starve the writer. */
pthread_rwlock_t guard_lock = PTHREAD_RWLOCK_WRITER_NONRECURSIVE_INITIALIZER_NP;
