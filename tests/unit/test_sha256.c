// SPDX-License-Identifier: Apache-2.0
// kernel/sha256.c: the examples of FIPS 180-4, and every length around a block in pieces of every size.
#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>
#include <stdio.h>
#include <string.h>

#include <cmocka.h>

#include "kernel/compiler.h"
#include "kernel/sha256.h"

static const char *sum_of(const void *data, size_t size, size_t piece)
{
	static char text[2 * SHA256_BYTES + 1];
	uint8_t digest[SHA256_BYTES];
	struct sha256 sum;

	sha256_begin(&sum);
	for (size_t at = 0; at < size; at += piece)
		sha256_add(&sum, (const uint8_t *)data + at, MIN(piece, size - at));
	sha256_end(&sum, digest);
	for (int i = 0; i < SHA256_BYTES; i++)
		snprintf(text + 2 * i, 3, "%02x", digest[i]);
	return text;
}

static void test_known(void **state)
{
	static const struct {
		const char *text, *sum;
	} known[] = {
		{ "", "e3b0c44298fc1c149afbf4c8996fb92427ae41e4649b934ca495991b7852b855" },
		{ "abc", "ba7816bf8f01cfea414140de5dae2223b00361a396177a9cb410ff61f20015ad" },
		{ "abcdbcdecdefdefgefghfghighijhijkijkljklmklmnlmnomnopnopq",
		  "248d6a61d20638b8e5c026930c3e6039a33ce45964ff2167f6ecedd419db06c1" },
	};
	static char many[1000000];

	(void)state;
	for (size_t i = 0; i < ARRAY_SIZE(known); i++)
		assert_string_equal(sum_of(known[i].text, strlen(known[i].text), 64), known[i].sum);
	memset(many, 'a', sizeof(many));
	assert_string_equal(sum_of(many, sizeof(many), 4096),
			    "cdc76e5c9914fb9281a1c7e284d73e67f1809a48a497200e046d39ccc7112cd0");
}

static void test_pieces(void **state)
{
	uint8_t data[200];
	char whole[2 * SHA256_BYTES + 1];

	(void)state;
	for (size_t i = 0; i < sizeof(data); i++)
		data[i] = (uint8_t)(i * 7);
	for (size_t size = 1; size <= sizeof(data); size++) {
		strcpy(whole, sum_of(data, size, size));
		for (size_t piece = 1; piece < size; piece++)
			assert_string_equal(sum_of(data, size, piece), whole);
	}
}

int main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test(test_known),
		cmocka_unit_test(test_pieces),
	};

	return cmocka_run_group_tests(tests, NULL, NULL);
}
