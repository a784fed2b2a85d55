// SPDX-License-Identifier: Apache-2.0
// A guest that prints numbered lines without end, as fast as it can: for the tests of the console server.
#include <stdio.h>

#include "common/guest.h"

int main(void)
{
	guest_start("flood");
	for (unsigned long line = 0;; line++)
		printf("flood line %lu\n", line);
}
