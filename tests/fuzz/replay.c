// SPDX-License-Identifier: Apache-2.0
// A fuzz target without libFuzzer: runs it once with each of the files that are named.
#include <stdio.h>
#include <stdlib.h>

#include "fuzz/fuzz.h"

#define FILE_MAX ((size_t)16 << 20)

static int replay(const char *name)
{
	FILE *file = fopen(name, "rb");
	uint8_t *bytes = malloc(FILE_MAX);

	if (!file || !bytes) {
		perror(name);
		return 1;
	}
	size_t size = fread(bytes, 1, FILE_MAX, file);
	uint8_t *exact = malloc(size ? size : 1); // so that the sanitizer sees a byte read too many
	FUZZ_CHECK(exact);
	for (size_t i = 0; i < size; i++)
		exact[i] = bytes[i];
	fclose(file);
	free(bytes);
	LLVMFuzzerTestOneInput(exact, size);
	free(exact);
	return 0;
}

int main(int argc, char **argv)
{
	int failed = 0;

	for (int i = 1; i < argc; i++)
		failed |= replay(argv[i]);
	printf("%d files\n", argc - 1);
	return failed;
}
