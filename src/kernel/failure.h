// SPDX-License-Identifier: Apache-2.0
// What went wrong, in words for a person: which thing failed, why, and what to do. Passed down by pointer;
// the place where the error arises fills it, everybody above only hands the number on.
#pragma once

#include "kernel/compiler.h"

#define FAILURE_TEXT_MAX 256

struct failure {
	int error; // negative errno, 0: none
	char text[FAILURE_TEXT_MAX]; // one line, no newline, NUL-terminated; cut when longer
};

// Records the first failure (later ones are kept out) and returns `error`. `failure` may be NULL.
int failure_set(struct failure *failure, int error, const char *format, ...) PRINTF_LIKE(3, 4);
