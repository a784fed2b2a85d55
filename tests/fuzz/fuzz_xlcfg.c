// SPDX-License-Identifier: Apache-2.0
// Configuration files: any bytes are read without harm, and what is read prints to what reads the same.
#include <stdint.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include "config/xlcfg.h"
#include "config/xlcfg_parser.h"
#include "fuzz/fuzz.h"

#define PRINTED_MAX ((size_t)1 << 20) // a file has 64 KB at most; what is printed is some four times longer

static char first[PRINTED_MAX], second[PRINTED_MAX];

struct printed {
	char *text;
	size_t length;
};

static void write_piece(const char *text, void *context)
{
	struct printed *printed = context;
	size_t length = strlen(text);

	FUZZ_CHECK(printed->length + length < PRINTED_MAX);
	memcpy(printed->text + printed->length, text, length + 1);
	printed->length += length;
}

static void print(const struct config_file *file, char *text)
{
	struct printed printed = { .text = text };

	config_print(&file->config, write_piece, &printed);
}

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size)
{
	struct failure failure = { 0 };
	struct config_file *file = config_file_read("fuzz.cfg", data, size, &failure);

	FUZZ_CHECK((file != NULL) == (failure.error == 0));
	if (!file)
		return 0;
	print(file, first);
	config_file_free(file);
	if (strlen(first) > XLCFG_FILE_MAX)
		return 0;
	file = config_file_read("fuzz.cfg", first, strlen(first), &failure);
	if (!file)
		fprintf(stderr, "%s\n", failure.text);
	FUZZ_CHECK(file);
	print(file, second);
	config_file_free(file);
	FUZZ_CHECK(!strcmp(first, second));
	return 0;
}
