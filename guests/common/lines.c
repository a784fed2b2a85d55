// SPDX-License-Identifier: Apache-2.0
// Lines out of the console's bytes.
#include "common/lines.h"

#include <stdbool.h>
#include <stddef.h>

#include "kernel/task.h"
#include "xen/pv_console.h"

void lines_serve(void (*answer)(char *line, unsigned long received))
{
	static char line[1024];
	char input[256];
	size_t length = 0;
	unsigned long received = 0;

	for (;;) {
		long count = pv_console_read(input, sizeof(input), TIME_NEVER);
		if (count < 0)
			return;
		for (long i = 0; i < count; i++) {
			received++;
			bool ends = input[i] == '\r' || input[i] == '\n';
			if (!ends)
				line[length++] = input[i];
			if (ends || length == sizeof(line) - 1) {
				line[length] = '\0';
				length = 0;
				answer(line, received);
			}
		}
	}
}
