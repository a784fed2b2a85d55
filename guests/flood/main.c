// SPDX-License-Identifier: Apache-2.0
// A guest that prints numbered lines as fast as it can: without end, for the tests of the console server, or until `bytes=N` are
// printed, and then how long they took.
#include <inttypes.h>
#include <stdio.h>

#include "common/guest.h"
#include "kernel/task.h"

int main(void)
{
	guest_start("flood");
	uint64_t limit = guest_option("bytes", UINT64_MAX, UINT64_MAX), printed = 0, start = time_now();

	for (unsigned long line = 0; printed < limit; line++)
		printed += (uint64_t)printf("flood line %lu\n", line);
	printf("flood: %" PRIu64 " bytes in %" PRIu64 " us\n", printed, (time_now() - start) / MICROSECONDS(1));
	return 0;
}
