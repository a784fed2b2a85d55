// SPDX-License-Identifier: Apache-2.0
// How a configuration file is written: values, strings, lists, and each error with its place.
#include "xlcfg_text.h"

#include "kernel/compiler.h"

static void values_can_be_written_in_many_ways(void **state)
{
	(void)state;
	MAKES("memory=64", config->memory_kib == 65536);
	MAKES("memory = 0x40", config->memory_kib == 65536);
	MAKES("memory\t=\t0100;", config->memory_kib == 65536);
	MAKES("memory = \"64\"", config->memory_kib == 65536);
	MAKES("memory = '64' # in MiB", config->memory_kib == 65536);
	MAKES("# memory = 1\n\n;;\nmemory = 64 ; vcpus=2;\n",
	      config->memory_kib == 65536 && config->vcpus == 2);
	MAKES("memory = 64\r\nvcpus = 2\r\n", config->memory_kib == 65536 && config->vcpus == 2);
}

static void strings_have_escapes(void **state)
{
	(void)state;
	MAKES("cmdline = 'a \"b\" c'", TEXT_IS(config->command_line, "a \"b\" c"));
	MAKES("cmdline = \"it's # no; comment\"", TEXT_IS(config->command_line, "it's # no; comment"));
	MAKES("cmdline = '\\a\\b\\f\\n\\r\\t\\v\\\\\\'\\\"'",
	      TEXT_IS(config->command_line, "\a\b\f\n\r\t\v\\'\""));
	MAKES("cmdline = '\\x41\\x4a2\\101\\7z'", TEXT_IS(config->command_line, "AJ2A\az"));
	MAKES("cmdline = '\303\244'", TEXT_IS(config->command_line, "\303\244"));
}

static void lists_can_have_many_lines(void **state)
{
	(void)state;
	MAKES("irqs = [ ]", config->irq_count == 0);
	MAKES("irqs = [\n\n 40 # first\n , # second\n 41,\n\n]\nvcpus=3",
	      config->irq_count == 2 && config->irqs[1] == 41 && config->vcpus == 3);
	MAKES("irqs=[40,\"41\",'042']", config->irq_count == 3 && config->irqs[2] == 42);
}

static void plus_adds(void **state)
{
	(void)state;
	MAKES("cmdline='a'\ncmdline += ' b'\ncmdline+=' c'", TEXT_IS(config->command_line, "a b c"));
	MAKES("cmdline += 'a'", TEXT_IS(config->command_line, "a"));
	MAKES("irqs=[40]\nirqs+=[]\nirqs += [41,42]", config->irq_count == 3 && config->irqs[2] == 42);
	MAKES("irqs=[]\nirqs += [41]", config->irq_count == 1 && config->irqs[0] == 41);
	refused(KERNEL "irqs=[40]\n irqs += 41", "3:10: += wants a list");
	refused(KERNEL "cmdline=''\ncmdline += ['x']", "3:12: += wants a single value");
	refused(KERNEL "memory=1\nmemory += 2", "2:1: += is for texts and lists");
}

static void syntax_errors_have_a_place(void **state)
{
	static const struct {
		const char *text, *place;
	} faults[] = {
		{ "name", "1:5: '=' is missing behind 'name'" },
		{ "name 'x'", "1:6: '=' is missing" },
		{ "\n = 5", "2:2: a key is missing" },
		{ "5 = 5", "1:1: a key is missing" },
		{ "'name' = 5", "1:1: a key is missing" },
		{ "name =", "1:7: a value is missing" },
		{ "name =\n'x'", "1:7: a value is missing" },
		{ "name = x", "1:8: 'x' stands where a value belongs: put it in quotes" },
		{ "name = 'x' 'y'", "1:12: the value ends before this" },
		{ "memory = 64 MB", "1:13: 'M' behind a number: numbers have no units, memory is in MiB" },
		{ "memory = 512M", "1:13: 'M' behind a number" },
		{ "memory = 1g", "1:11: 'g' behind a number" },
		{ "memory = 0x1F", "1:13: 'F' behind a number" },
		{ "memory = 4 vcpus = 2", "1:12: the value ends before this" },
		{ "memory = 64 mb", "1:13: the value ends before this" },
		{ "Name = 'x'", "1:1: 'N': keys are written in small letters" },
		{ "name = 'x", "1:8: the string isn't closed in its line: a ' is missing" },
		{ "name = \"x\n\"", "1:8: the string isn't closed in its line: a \" is missing" },
		{ "name = 'x\\", "1:8: the string isn't closed" },
		{ "name = 'x\\\n'", "1:8: the string isn't closed" },
		{ "name = 'x\\q'", "1:11: unknown escape" },
		{ "name = '\\xg'", "1:10: unknown escape" },
		{ "name = '\\9'", "1:10: unknown escape" },
		{ "name = '\\0'", "1:10: an escape of byte 0" },
		{ "name = '\\x00'", "1:10: an escape of byte 0" },
		{ "name = '\\777'", "1:10: an escape of byte 511" },
		{ "irqs = [ 40", "1:8: the list isn't closed: a ] is missing" },
		{ "irqs = [ 40,", "1:8: the list isn't closed" },
		{ "irqs = [\n40\nname = 'x'", "3:1: a comma or a ] is missing" },
		{ "irqs = [ 40 41 ]", "1:13: a comma or a ] is missing" },
		{ "irqs = [ , ]", "1:10: a value is missing" },
		{ "irqs = ]", "1:8: a value is missing" },
		{ "irqs = [ x ]", "1:10: 'x' stands where a value belongs" },
		{ "irqs = [[[[[[[[[1]]]]]]]]]", "1:16: lists within lists are taken 8 deep" },
		{ "print('x')",
		  "1:6: '(' has no place here: write KEY = VALUE, strings in quotes, no Python" },
		{ "memory = -1", "1:10: '-' has no place here" },
		{ "a + b", "1:3: '+' has no place here" },
		{ "memory = %", "1:10: '%' has no place here" },
		{ "memory = \001", "1:10: byte 0x01 has no place here" },
		{ "\xff", "1:1: byte 0xff has no place here: is this a text file, with plain quotes?" },
		{ "name = \xe2\x80\x9cx\xe2\x80\x9d", "1:8: byte 0xe2 has no place here" },
		{ "irqs = [40,\n\t41 42]", "2:5: a comma or a ] is missing" },
	};

	(void)state;
	for (size_t i = 0; i < ARRAY_SIZE(faults); i++)
		refused(faults[i].text, faults[i].place);
}

static void odd_files(void **state)
{
	struct failure failure = { 0 };

	(void)state;
	refused("", "1:1: the file names no kernel");
	refused("\n\n# nothing", "1:1: the file names no kernel");
	assert_null(read_bytes("a\0b", 3, &failure));
	assert_string_equal(failure.text,
			    FILE_NAME ":1:2: byte 0x00 has no place here: is this a text file, with plain quotes?");

	failure = (struct failure){ 0 };
	assert_null(read_bytes("a='b\0'", 6, &failure));
	assert_non_null(strstr(failure.text, ":1:5: a byte 0 in a string"));

	struct config_file *file = read_text("\xef\xbb\xbf" KERNEL);
	config_file_free(file);

	static char large[65537];
	memset(large, ' ', sizeof(large));
	memcpy(large, KERNEL, strlen(KERNEL));
	failure = (struct failure){ 0 };
	assert_null(read_bytes(large, 65537, &failure));
	assert_int_equal(failure.error, -E2BIG);
	assert_non_null(strstr(failure.text, ":1:1: the file has 65537 bytes"));
	file = read_bytes(large, 65536, NULL);
	assert_non_null(file);
	config_file_free(file);
	config_file_free(NULL);
}

static void long_lines_and_many_values(void **state)
{
	static char text[60000];
	struct failure failure = { 0 };
	size_t length = (size_t)sprintf(text, KERNEL "cmdline = '");

	(void)state;
	memset(text + length, 'c', 10240);
	strcpy(text + length + 10240, "'\n");
	refused(text, "2:11: its command line has more than 2047 bytes");

	length = (size_t)sprintf(text, KERNEL "comment = '");
	memset(text + length, 'c', 10240);
	strcpy(text + length + 10240, "' x");
	refused(text, "2:10254: the value ends before this");

	length = (size_t)sprintf(text, KERNEL "unheard_of = [");
	for (int i = 0; i < 4094; i++)
		length += (size_t)sprintf(text + length, "%d, ", i);
	strcpy(text + length, "]");
	warned(text, "2:1: unknown key 'unheard_of' is ignored");
	strcpy(text + length, "1 ]");
	assert_null(read_bytes(text, strlen(text), &failure));
	assert_int_equal(failure.error, -E2BIG);
	assert_non_null(strstr(failure.text, "more than 4096 values"));

	// Adding little by little takes no more memory than the result.
	length = (size_t)sprintf(text, KERNEL "seclabel = '");
	memset(text + length, 's', 30000);
	length += 30000;
	length += (size_t)sprintf(text + length, "'\n");
	for (int i = 0; i < 1500; i++)
		length += (size_t)sprintf(text + length, "seclabel+='+'\n");
	struct config_file *file = read_text(text);
	assert_int_equal(strlen(file->config.security_label), 31500);
	config_file_free(file);
}

int main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test(values_can_be_written_in_many_ways),
		cmocka_unit_test(strings_have_escapes),
		cmocka_unit_test(lists_can_have_many_lines),
		cmocka_unit_test(plus_adds),
		cmocka_unit_test(syntax_errors_have_a_place),
		cmocka_unit_test(odd_files),
		cmocka_unit_test(long_lines_and_many_values),
	};

	return cmocka_run_group_tests(tests, NULL, NULL);
}
