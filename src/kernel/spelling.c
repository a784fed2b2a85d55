// SPDX-License-Identifier: Apache-2.0
// Levenshtein's distance, row by row.
#include "kernel/spelling.h"

#include <stddef.h>
#include <string.h>

#include "kernel/compiler.h"

#define LENGTH_MAX 32

// before[j] is the distance of the first i - 1 letters of `a` to the first j of `b`.
unsigned int spelling_distance(const char *a, const char *b)
{
	unsigned int before[LENGTH_MAX + 1], now[LENGTH_MAX + 1];
	size_t a_length = strnlen(a, LENGTH_MAX), b_length = strnlen(b, LENGTH_MAX);

	for (size_t j = 0; j <= b_length; j++)
		before[j] = (unsigned int)j;
	for (size_t i = 1; i <= a_length; i++) {
		now[0] = (unsigned int)i;
		for (size_t j = 1; j <= b_length; j++) {
			unsigned int replaced = before[j - 1] + (a[i - 1] != b[j - 1]);

			now[j] = MIN(replaced, MIN(before[j], now[j - 1]) + 1);
		}
		memcpy(before, now, (b_length + 1) * sizeof(now[0]));
	}
	return before[b_length];
}
