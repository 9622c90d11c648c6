/* SPDX-License-Identifier: MIT */
#include "fence.h"

#include <errno.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/syscall.h>
#include <unistd.h>

#ifdef RDV_DISABLE_MEMBARRIER

bool rdv_fence_register(void)
{
	return false;
}

void rdv_fence_all(void)
{
}

#else

#include <linux/membarrier.h>

static int membarrier(int command)
{
	int saved_errno = errno;
	int ret = (int)syscall(SYS_membarrier, command, 0, 0);

	if (ret < 0)
		ret = -errno;
	errno = saved_errno;
	return ret;
}

/*
 * Registers without a query before.  A sandbox that kills the process for the
 * registration would kill it for the query too; RDV_NO_MEMBARRIER in the environment
 * avoids both.
 */
bool rdv_fence_register(void)
{
	if (getenv("RDV_NO_MEMBARRIER"))
		return false;
	return membarrier(MEMBARRIER_CMD_REGISTER_PRIVATE_EXPEDITED) == 0;
}

/*
 * After the registration this fails only if a seccomp filter was added since.  Other
 * threads have left out their fences by then, so the process cannot go on.
 */
void rdv_fence_all(void)
{
	int ret = membarrier(MEMBARRIER_CMD_PRIVATE_EXPEDITED);

	if (!ret)
		return;
	fprintf(stderr,
		"librdv: membarrier was granted and is now denied (%s); "
		"set RDV_NO_MEMBARRIER=1 to do without it\n",
		strerror(-ret));
	abort();
}

#endif
