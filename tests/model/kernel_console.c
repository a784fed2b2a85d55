// SPDX-License-Identifier: Apache-2.0
// kernel/console.h on the host, and what Dom0 has printed.
#include "kernel/console.h"

#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include "kernel/log.h"
#include "model/internal.h"

#define OUTPUT_MAX ((size_t)1 << 20)

static char output[OUTPUT_MAX + 1];
static size_t output_length;

// Of stdout, which isn't the program's here.
void console_flush(void)
{
}

void output_append(const char *text, size_t length)
{
	if (getenv("MODEL_SHOW_OUTPUT"))
		fwrite(text, 1, length, stderr);
	if (length > OUTPUT_MAX - output_length) // the oldest goes
		output_length = 0;
	if (length > OUTPUT_MAX)
		length = OUTPUT_MAX;
	memcpy(output + output_length, text, length);
	output_length += length;
	output[output_length] = '\0';
}

const char *model_output(void)
{
	return output;
}

void model_output_clear(void)
{
	output_length = 0;
	output[0] = '\0';
}

void output_reset(void)
{
	model_output_clear();
	log_clear();
	log_set_level(LOG_LEVEL_INFO);
	log_set_printer(NULL);
}
