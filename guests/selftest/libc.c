// SPDX-License-Identifier: Apache-2.0
// The C library's printf as it is linked here, and the log's ring.
#include <stdint.h>
#include <stdio.h>
#include <string.h>

#include "kernel/log.h"
#include "selftest/selftest.h"

void test_printf(void)
{
	char text[80];

	snprintf(text, sizeof(text), "%d %5u|%-5d|%05d %x %#x", -7, 42u, 42, 42, 0xbeefu, 0xbeefu);
	CHECK(strcmp(text, "-7    42|42   |00042 beef 0xbeef") == 0);
	snprintf(text, sizeof(text), "%llu %lld %#018llx %zu", (unsigned long long)UINT64_MAX,
		 (long long)INT64_MIN, 0x123456789abcull, (size_t)7);
	CHECK(strcmp(text, "18446744073709551615 -9223372036854775808 0x0000123456789abc 7") == 0);
	snprintf(text, sizeof(text), "[%s|%.3s|%8s|%-8s|%*d|%c|%%]", "abc", "defghi", "right", "left", 4, 5,
		 'x');
	CHECK(strcmp(text, "[abc|def|   right|left    |   5|x|%]") == 0);
	CHECK(snprintf(text, 5, "%s", "longer than that") == 16 && strcmp(text, "long") == 0);
}

static const char *looked_for;
static unsigned int found;

static void look(const char *text, void *context)
{
	(void)context;
	found += strcmp(text, looked_for) == 0;
}

void test_log(void)
{
	log_warning("a %s of the self-test%c", "line", '\a');
	log_debug("not kept");
	looked_for = "W: a line of the self-test.";
	log_for_each_line(look, NULL);
	CHECK(found == 1);
	looked_for = "D: not kept";
	log_for_each_line(look, NULL);
	CHECK(found == 1);
	log_clear();
}
