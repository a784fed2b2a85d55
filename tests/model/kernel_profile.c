// SPDX-License-Identifier: Apache-2.0
// kernel/profile.h on the host, where nothing interrupts: a profile of two stacks, one in the other.
#include "kernel/profile.h"

#include <errno.h>
#include <stdbool.h>
#include <stdlib.h>
#include <string.h>

static bool running;

int profile_start(uint32_t period, struct profile **profile)
{
	if (running)
		return -EBUSY;
	*profile = calloc(1, sizeof(**profile));
	if (!*profile)
		return -ENOMEM;
	running = true;
	(*profile)->period = period;
	(*profile)->count = 8;
	(*profile)->lost = 1;
	strcpy((*profile)->build, "abc");
	(*profile)->stacks[1] = (struct profile_stack){ 2, { 0x1234, 0x500, 0x40 } };
	(*profile)->stacks[PROFILE_STACKS - 1] = (struct profile_stack){ 5, { 0x500, 0x40 } };
	return 0;
}

void profile_stop(void)
{
	running = false;
}
