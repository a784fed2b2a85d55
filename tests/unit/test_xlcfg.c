// SPDX-License-Identifier: Apache-2.0
// Configuration files: each key and what it makes, each fault and its place, the way back to text, files as
// people have them, and files as nobody has them.
#include <errno.h>
#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include <cmocka.h>

#include "config/xlcfg.h"
#include "kernel/compiler.h"
#include "kernel/memory.h"
#include "model/model.h"

#define FILE_NAME   "/SD:/dom0/test.cfg"
#define KERNEL      "kernel='Image'\n" // in front of what is tested, which begins in line 2
#define PRINTED_MAX 20000

// ---- Reading and printing ----

static struct config_file *read_bytes(const char *text, size_t size, struct failure *failure)
{
	// A copy of its own, so that the sanitizer sees a byte read too many.
	char *copy = malloc(size ? size : 1);

	assert_non_null(copy);
	memcpy(copy, text, size);
	struct config_file *file = config_file_read(FILE_NAME, copy, size, failure);
	memset(copy, 'x', size); // nothing of it may be needed any more
	free(copy);
	return file;
}

static struct config_file *read_text(const char *text)
{
	struct failure failure = { 0 };
	struct config_file *file = read_bytes(text, strlen(text), &failure);

	if (!file)
		fail_msg("%s", failure.text);
	assert_int_equal(failure.error, 0);
	return file;
}

struct printed {
	char text[PRINTED_MAX];
	size_t length;
};

static void write_piece(const char *text, void *context)
{
	struct printed *printed = context;
	size_t length = strlen(text);

	assert_true(printed->length + length < sizeof(printed->text));
	memcpy(printed->text + printed->length, text, length + 1);
	printed->length += length;
}

// What is printed reads to what prints the same, without a warning.
static void assert_round_trip(const struct domain_config *config)
{
	static struct printed first, second;

	first.length = second.length = 0;
	config_print(config, write_piece, &first);
	struct config_file *again = read_text(first.text);
	config_print(&again->config, write_piece, &second);
	assert_string_equal(first.text, second.text);
	assert_null(again->warnings);
	config_file_free(again);
}

static void assert_warned(const struct config_file *file, const char *words)
{
	for (const struct config_warning *warning = file->warnings; warning; warning = warning->next)
		if (strstr(warning->text, words))
			return;
	fail_msg("no warning has '%s'; the first is '%s'", words,
		 file->warnings ? file->warnings->text : "missing");
}

static void warned(const char *text, const char *words)
{
	struct config_file *file = read_text(text);

	assert_warned(file, words);
	config_file_free(file);
}

// `place` is "LINE:COLUMN: " and the beginning of the reason.
static void refused(const char *text, const char *place)
{
	char expected[FAILURE_TEXT_MAX];
	struct failure failure = { 0 };

	if (read_bytes(text, strlen(text), &failure))
		fail_msg("accepted: %s", text);
	snprintf(expected, sizeof(expected), FILE_NAME ":%s", place);
	if (strncmp(failure.text, expected, strlen(expected)))
		fail_msg("'%s' begins otherwise than '%s'", failure.text, expected);
	assert_int_equal(failure.error, -EINVAL);
	assert_null(read_bytes(text, strlen(text), NULL));
}

// Reads KERNEL and a text, checks what it makes, and that it can be printed and read again.
#define MAKES(settings, condition)                                                                           \
	do {                                                                                                 \
		struct config_file *made = read_text(KERNEL settings);                                       \
		const struct domain_config *config = &made->config;                                          \
		if (made->warnings)                                                                          \
			fail_msg("%s", made->warnings->text);                                                \
		assert_true(condition);                                                                      \
		assert_round_trip(config);                                                                   \
		config_file_free(made);                                                                      \
	} while (0)

#define TEXT_IS(text, expected) ((text) && !strcmp(text, expected))

// ---- Syntax ----

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
		{ "memory = 64 MB", "1:13: 'M': keys are written in small letters" },
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
		{ "\xff", "1:1: byte 0xff has no place here: is this a text file?" },
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
			    FILE_NAME ":1:2: byte 0x00 has no place here: is this a text file?");

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

// ---- Keys ----

static void names(void **state)
{
	(void)state;
	MAKES("", TEXT_IS(config->name, "test") && !config->domain_name);
	MAKES("name = 'guest'", TEXT_IS(config->name, "test") && TEXT_IS(config->domain_name, "guest"));
	refused(KERNEL "name = ''", "2:8: the domain's name is empty");
	refused(KERNEL "name = 'a b'", "2:8: the domain's name has a space");
	refused(KERNEL "name = 17", "2:8: the domain's name is a number");
	refused(KERNEL "name = ['a']", "2:8: 'name' wants a single value, not a list");

	struct failure failure = { 0 };
	assert_null(config_file_read("a b.cfg", KERNEL, strlen(KERNEL), &failure));
	assert_string_equal(failure.text, "a b.cfg:1:1: its name has a space or another character that can't "
					  "be typed as one word");
	struct config_file *file = config_file_read(".cfg", KERNEL, strlen(KERNEL), NULL);
	assert_non_null(file);
	assert_string_equal(file->config.name, ".cfg");
	config_file_free(file);
}

static void identity(void **state)
{
	static const uint8_t uuid[] = { 0x01, 0x23, 0x45, 0x67, 0x89, 0xab, 0xcd, 0xef,
					0xfe, 0xdc, 0xba, 0x98, 0x76, 0x54, 0x32, 0x10 };

	(void)state;
	MAKES("uuid = '01234567-89ab-CDEF-fedc-ba9876543210'",
	      config->uuid && !memcmp(config->uuid, uuid, sizeof(uuid)));
	MAKES("", !config->uuid);
	refused(KERNEL "uuid = '0123456789abcdeffedcba9876543210'", "2:8: uuid: '0123456789abcdef");
	refused(KERNEL "uuid = '01234567-89ab-cdef-fedc-ba987654321'", "2:8: uuid");
	refused(KERNEL "uuid = '01234567-89ab-cdef-fedc-ba98765432100'", "2:8: uuid");
	refused(KERNEL "uuid = '0x234567-89ab-cdef-fedc-ba9876543210'", "2:8: uuid");
	refused(KERNEL "uuid = ''", "2:8: uuid");
	MAKES("type = 'pvh'", true);
	MAKES("type = 'PV'", true);
	MAKES("builder = 'generic'", true);
	refused(KERNEL "type = 'hvm'", "2:8: type: there is no 'hvm': give pvh or pv");
	refused(KERNEL "builder = 'hvm'", "2:11: builder: there is no 'hvm': give generic");
}

static void files(void **state)
{
	(void)state;
	MAKES("ramdisk='initrd.gz'\ndevice_tree='a.dtb'",
	      TEXT_IS(config->kernel_file, "Image") && TEXT_IS(config->ramdisk_file, "initrd.gz") &&
		      TEXT_IS(config->partial_tree_file, "a.dtb") && !image_source_is_given(&config->kernel));
	MAKES("", !config->ramdisk_file && !config->partial_tree_file);
	refused("name = 'x'", "1:1: the file names no kernel");
	refused("kernel = ''", "1:10: kernel: the name of a file is missing");
	refused(KERNEL "ramdisk = ''", "2:11: ramdisk: the name");
	refused(KERNEL "device_tree = ['x']", "2:15: 'device_tree' wants a single value");
}

static void command_lines(void **state)
{
	(void)state;
	MAKES("", TEXT_IS(config->command_line, ""));
	MAKES("cmdline='console=hvc0'", TEXT_IS(config->command_line, "console=hvc0"));
	MAKES("root='/dev/xvda'", TEXT_IS(config->command_line, "root=/dev/xvda"));
	MAKES("extra='quiet'", TEXT_IS(config->command_line, "quiet"));
	MAKES("extra='quiet ro'\nroot='/dev/xvda'", TEXT_IS(config->command_line, "root=/dev/xvda quiet ro"));
	warned(KERNEL "cmdline='a'\nextra='b'", ":3:1: root and extra are ignored, since there is a cmdline");
	warned(KERNEL "root='b'\ncmdline='a'", ":2:1: root and extra are ignored");
}

static void memory(void **state)
{
	(void)state;
	MAKES("", config->memory_kib == 32 << 10 && !config->max_memory_kib);
	MAKES("memory=16", config->memory_kib == 16 << 10);
	MAKES("memory=16\nmaxmem=32", config->memory_kib == 16 << 10 && config->max_memory_kib == 32 << 10);
	MAKES("maxmem=48", config->memory_kib == 48 << 10 && config->max_memory_kib == 48 << 10);
	MAKES("memory_kib=16388", config->memory_kib == 16388);
	refused(KERNEL "memory=0", "2:8: memory: 0 is not from 1 to 4294967296");
	refused(KERNEL "memory='-5'", "2:8: memory: -5 is not from 1");
	refused(KERNEL "memory='64M'", "2:8: memory: '64M' is not a number");
	refused(KERNEL "memory=''", "2:8: memory: '' is not a number");
	refused(KERNEL "memory=09", "2:8: memory: '09' is not a number");
	refused(KERNEL "memory=0x", "2:8: memory: '0x' is not a number");
	refused(KERNEL "memory=99999999999999999999", "2:8: memory: '99999999999999999999' is not a number");
	refused(KERNEL "memory=4294967296", "2:8: memory of 4398046511104 KiB is more");
	refused(KERNEL "maxmem=4294967296", "2:8: memory of 4398046511104 KiB is more");
	refused(KERNEL "memory_kib=5", "2:12: memory of 5 KiB: give a multiple of 4 KiB");
	refused(KERNEL "memory_kib=4\nmemory=1", "2:1: give memory or memory_kib, not both");
	refused(KERNEL "maxmem=16\nmemory=32", "2:8: maxmem of 16384 KiB is less");
}

static void cpus(void **state)
{
	(void)state;
	MAKES("", config->vcpus == 1 && !config->max_vcpus && !config->cpu_count);
	MAKES("vcpus=4", config->vcpus == 4);
	MAKES("vcpus=2\nmaxvcpus=4", config->vcpus == 2 && config->max_vcpus == 4);
	refused(KERNEL "vcpus=0", "2:7: 0 CPUs: give 1 to 128");
	refused(KERNEL "vcpus=129", "2:7: 129 CPUs");
	refused(KERNEL "maxvcpus=200", "2:10: 200 CPUs");
	refused(KERNEL "maxvcpus=2\nvcpus=3", "2:10: at most 2 CPUs are less than the 3");
	MAKES("cpu_weight=512\ncap=100", config->cpu_weight == 512 && config->cap == 100);
	refused(KERNEL "cpu_weight=0", "2:12: cpu_weight: 0 is not from 1");
	refused(KERNEL "cpu_weight=65536", "2:12: a weight of 65536");
	MAKES("vcpus=2\ncap=200", config->cap == 200);
	refused(KERNEL "vcpus=2\ncap=201", "3:5: a cap of 201 %: 2 CPUs have 200 %");
}

static void affinity(void **state)
{
	(void)state;
	MAKES("vcpus=2\ncpus='1'",
	      config->cpu_count == 2 && config->cpus[0].bits[0] == 2 && config->cpus[1].bits[0] == 2);
	MAKES("maxvcpus=3\ncpus=1", config->cpu_count == 3);
	MAKES("cpus='0-3,5,^1,127'", config->cpus[0].bits[0] == 0x2d && config->cpus[0].bits[1] >> 63);
	MAKES("cpus='all,^0'", config->cpus[0].bits[0] == UINT64_MAX - 1);
	MAKES("cpus='nodes:0,^3'", config->cpus[0].bits[0] == UINT64_MAX - 8);
	MAKES("cpus='^2,node:0'", config->cpus[0].bits[1] == UINT64_MAX);
	MAKES("vcpus=4\ncpus=['2', '3-8,^5', 0]",
	      config->cpu_count == 3 && config->cpus[1].bits[0] == 0x1d8 && config->cpus[2].bits[0] == 1);
	MAKES("cpus=[]", !config->cpu_count);
	warned(KERNEL "vcpus=2\ncpus=[0, 1, 2]", ":3:13: cpus: only the first 2 count");
	refused(KERNEL "cpus='128'", "2:6: cpus: '128': give numbers from 0 to 127");
	refused(KERNEL "cpus='0,3-1'", "2:6: cpus: '3-1'");
	refused(KERNEL "cpus='^all'", "2:6: cpus: '^all'");
	refused(KERNEL "cpus='allx'", "2:6: cpus: 'allx'");
	refused(KERNEL "cpus='nodes:1'", "2:6: cpus: 'nodes:1'");
	refused(KERNEL "cpus='x'", "2:6: cpus: 'x'");
	refused(KERNEL "cpus='1-'", "2:6: cpus: '1-'");
	refused(KERNEL "cpus='0,^0'", "2:6: no CPU is left for virtual CPU 0");
	refused(KERNEL "vcpus=2\ncpus=['0',\n '']", "4:2: no CPU is left for virtual CPU 1");
	refused(KERNEL "cpus=[[0]]", "2:7: cpus: a list stands where");
}

static void ends(void **state)
{
	static const struct domain_config none = { .vcpus = 1 };

	(void)state;
	assert_int_equal(config_action(&none, CONFIG_END_POWEROFF), CONFIG_ACTION_DESTROY);
	assert_int_equal(config_action(&none, CONFIG_END_REBOOT), CONFIG_ACTION_RESTART);
	assert_int_equal(config_action(&none, CONFIG_END_CRASH), CONFIG_ACTION_DESTROY);
	assert_int_equal(config_action(&none, CONFIG_END_WATCHDOG), CONFIG_ACTION_DESTROY);
	assert_int_equal(config_action(&none, CONFIG_END_SOFT_RESET), CONFIG_ACTION_SOFT_RESET);
	MAKES("on_poweroff='preserve'", config_action(config, CONFIG_END_POWEROFF) == CONFIG_ACTION_PRESERVE);
	MAKES("on_reboot='destroy'", config_action(config, CONFIG_END_REBOOT) == CONFIG_ACTION_DESTROY);
	MAKES("on_crash='coredump-restart'",
	      config_action(config, CONFIG_END_CRASH) == CONFIG_ACTION_COREDUMP_RESTART);
	MAKES("on_crash='coredump-destroy'",
	      config_action(config, CONFIG_END_CRASH) == CONFIG_ACTION_COREDUMP_DESTROY);
	MAKES("on_watchdog='rename-restart'",
	      config_action(config, CONFIG_END_WATCHDOG) == CONFIG_ACTION_RENAME_RESTART);
	MAKES("on_soft_reset='soft-reset'",
	      config_action(config, CONFIG_END_SOFT_RESET) == CONFIG_ACTION_SOFT_RESET);
	refused(KERNEL "on_crash='explode'",
		"2:10: on_crash: there is no 'explode': give destroy, restart, rename-restart, preserve, "
		"coredump-destroy, coredump-restart or soft-reset");
}

static void limits(void **state)
{
	(void)state;
	MAKES("", config->max_grant_frames == -1 && config->max_maptrack_frames == -1 &&
			  !config->max_event_channels && !config->nr_spis && !config->ssidref);
	MAKES("max_grant_frames=64\nmax_maptrack_frames=0\nmax_event_channels=10\nnr_spis=5\nssidref=7",
	      config->max_grant_frames == 64 && config->max_maptrack_frames == 0 &&
		      config->max_event_channels == 10 && config->nr_spis == 5 && config->ssidref == 7);
	refused(KERNEL "max_grant_frames=0", "2:18: 0 grant frames");
	refused(KERNEL "max_grant_frames=0x80000000", "2:18: max_grant_frames: 0x80000000 is not from");
	refused(KERNEL "max_maptrack_frames='-1'", "2:21: max_maptrack_frames: -1 is not from 0");
	refused(KERNEL "max_event_channels=131072", "2:20: 131072 event channels");
	refused(KERNEL "nr_spis=961", "2:9: 961 SPIs");
	refused(KERNEL "nr_spis=8\nirqs=[40]", "2:9: 8 SPIs are too few");
	refused(KERNEL "ssidref=0x100000000", "2:9: ssidref: 0x100000000 is not");
	MAKES("seclabel='system_u:system_r:domU_t'",
	      TEXT_IS(config->security_label, "system_u:system_r:domU_t"));
	refused(KERNEL "seclabel='x'\nssidref=1", "3:9: give seclabel or ssidref, not both");
}

static void choices(void **state)
{
	(void)state;
	MAKES("gic_version='v2'", config->gic == CONFIG_GIC_V2);
	MAKES("gic_version='V3'", config->gic == CONFIG_GIC_V3);
	MAKES("gic_version='default'", config->gic == CONFIG_GIC_DEFAULT);
	refused(KERNEL "gic_version='v4'", "2:13: gic_version: there is no 'v4': give default, v2 or v3");
	MAKES("tee='optee'", config->tee == CONFIG_TEE_OPTEE);
	MAKES("tee='ffa'", config->tee == CONFIG_TEE_FFA);
	MAKES("tee='none'", config->tee == CONFIG_TEE_NONE);
	refused(KERNEL "tee=1", "2:5: tee: there is no '1': give none, optee or ffa");
	MAKES("vuart='sbsa_uart'", config->vuart);
	refused(KERNEL "vuart='pl011'", "2:7: vuart: there is no 'pl011': give sbsa_uart");
	refused(KERNEL "vuart='sbsa_uart'\nirqs=[33,32]", "3:10: interrupt 32 is the vuart's");
}

static void devices(void **state)
{
	(void)state;
	MAKES("iomem=['9030,1', \"0xfe215,2@0x22000\", ' 1, 2@ 3']",
	      config->iomem_count == 3 && config->iomem[0].first_mfn == 0x9030 &&
		      config->iomem[0].first_gfn == CONFIG_GFN_SAME && config->iomem[1].frames == 2 &&
		      config->iomem[1].first_gfn == 0x22000 && config->iomem[2].first_gfn == 3);
	refused(KERNEL "iomem=['9030']", "2:8: iomem: '9030': give \"START,NUMBER\"");
	refused(KERNEL "iomem=['1,1',\n'9030,1x']", "3:1: iomem: '9030,1x'");
	refused(KERNEL "iomem=['1,1@']", "2:8: iomem");
	refused(KERNEL "iomem=['1,10000000000000000']", "2:8: iomem");
	refused(KERNEL "iomem=['1,1','1,0']", "2:14: iomem range 1, 0x0 frames at 0x1, is empty");
	refused(KERNEL "iomem='1,1'", "2:7: 'iomem' wants a list: write iomem = [ ... ]");
	MAKES("irqs=[ 33, 991 ]", config->irq_count == 2 && config->irqs[1] == 991);
	refused(KERNEL "irqs=[ 0x21 ]", "2:8: irqs: '0x21' is not a decimal number");
	refused(KERNEL "irqs=[ 33, 31 ]", "2:12: interrupt 31: give 32 to 991");
	refused(KERNEL "irqs=[ 33,\n 33 ]", "3:2: interrupt 33 is listed twice");
	refused(KERNEL "irqs=[ 4294967296 ]", "2:8: irqs: '4294967296' is not");
	MAKES("dtdev=['/soc/dma@1000']",
	      config->dtdev_count == 1 && TEXT_IS(config->dtdevs[0], "/soc/dma@1000"));
	refused(KERNEL "dtdev=['/a', 'soc']", "2:14: dtdev 1 is not a path in a device tree");
	refused(KERNEL "dtdev=[['/a']]", "2:8: dtdev: a list stands where a single value belongs");
	MAKES("passthrough='default'", !config->iommu);
	MAKES("passthrough='disabled'", !config->iommu);
	MAKES("passthrough='enabled'", config->iommu);
	MAKES("passthrough='share_pt'", config->iommu);
	refused(KERNEL "passthrough='sync_pt'", "2:13: passthrough: there is no 'sync_pt'");
	refused(KERNEL "passthrough='disabled'\ndtdev=['/a']", "2:13: passthrough is disabled, but dtdev");
}

static void our_own_keys(void **state)
{
	(void)state;
	MAKES("autostart=3", config->autostart == 3);
	MAKES("autostart=0", !config->autostart);
	MAKES("paused=1", config->paused);
	MAKES("paused=0", !config->paused);
	MAKES("console_log='card'", config->console_log == CONFIG_CONSOLE_CARD && config_keeps_console(config));
	MAKES("console_log='none'", config->console_log == CONFIG_CONSOLE_NONE && !config_keeps_console(config));
	MAKES("paused=0", config->console_log == CONFIG_CONSOLE_DEFAULT && !config_keeps_console(config));
	refused(KERNEL "console_log=1", "2:13: console_log: there is no '1'");
	MAKES("device_tree='x'\ndt_passthrough=['/leds']",
	      config->dt_passthrough_count == 1 && TEXT_IS(config->dt_passthrough[0], "/leds"));
	refused(KERNEL "dt_passthrough=['/leds']",
		"2:16: dt_passthrough names nodes, but there is no partial");
	MAKES("machine_compatible=['raspberrypi,4-model-b', 'brcm,bcm2711']",
	      config->machine_compatible_count == 2 &&
		      TEXT_IS(config->machine_compatible[1], "brcm,bcm2711"));
	refused(KERNEL "machine_compatible=['']", "2:21: machine compatible 0 is empty");
}

static void vifs(void **state)
{
	static const uint8_t mac[] = { 0x00, 0x16, 0x3e, 0x0a, 0xbc, 0xde };

	(void)state;
	MAKES("vif=['']", config->vif_count == 1 && !config->vifs[0].mac && config->vifs[0].devid == -1);
	MAKES("vif=['mac=00:16:3E:a:bc:de, bridge=xenbr0,backend=DomD', 'type=vif,untrusted,trusted']",
	      config->vif_count == 2 && !memcmp(config->vifs[0].mac, mac, sizeof(mac)) &&
		      TEXT_IS(config->vifs[0].bridge, "xenbr0") && TEXT_IS(config->vifs[0].backend, "DomD") &&
		      !config->vifs[1].untrusted);
	MAKES("vif=['ip=10.0.0.1 "
	      "10.0.0.2,script=vif-nat,vifname=eth7,vlan=3,gatewaydev=e0,untrusted,mtu=9000,"
	      "devid=4']",
	      TEXT_IS(config->vifs[0].ip, "10.0.0.1 10.0.0.2") &&
		      TEXT_IS(config->vifs[0].script, "vif-nat") && TEXT_IS(config->vifs[0].name, "eth7") &&
		      TEXT_IS(config->vifs[0].vlan, "3") && TEXT_IS(config->vifs[0].gateway, "e0") &&
		      config->vifs[0].untrusted && config->vifs[0].mtu == 9000 && config->vifs[0].devid == 4);
	MAKES("vif=['rate=10Mb/s']",
	      config->vifs[0].bytes_per_second == 1250000 && !config->vifs[0].interval_us);
	MAKES("vif=['rate=1GB/s@20ms']",
	      config->vifs[0].bytes_per_second == 1000000000 && config->vifs[0].interval_us == 20000);
	MAKES("vif=['rate=9b/s@5u']",
	      config->vifs[0].bytes_per_second == 1 && config->vifs[0].interval_us == 5);
	MAKES("vif=['rate=500KB/s@1s']", config->vifs[0].interval_us == 1000000);
	MAKES("vif=['rate=4294967291Kb/s']", config->vifs[0].bytes_per_second == 536870911375);
	static const char *const rates[] = { "0B/s",
					     "1",
					     "1B",
					     "1X/s",
					     "7b/s",
					     "1B/s@",
					     "1B/s@0",
					     "1B/s@1x",
					     "99999999999999999999B/s",
					     "99999999999GB/s",
					     "1B/s@5000s" };
	for (size_t i = 0; i < ARRAY_SIZE(rates); i++) {
		char text[100];

		snprintf(text, sizeof(text), KERNEL "vif=['rate=%s']", rates[i]);
		refused(text, "2:6: vif: rate=");
	}
	refused(KERNEL "vif=['mac=1:2:3:4:5']", "2:6: vif: mac=1:2:3:4:5: give six bytes");
	refused(KERNEL "vif=['mac=2:2:3:4:5:6:7']", "2:6: vif: mac=");
	refused(KERNEL "vif=['mac=2:2:3:4:5:100']", "2:6: vif: mac=");
	refused(KERNEL "vif=['mac=01:0:0:0:0:1']", "2:6: vif 0: the MAC is one for groups");
	refused(KERNEL "vif=['mac=0:0:0:0:0:1',\n'',\n'mac=0:0:0:0:0:1']",
		"4:1: vifs 0 and 2 have the same MAC");
	refused(KERNEL "vif=['type=ioemu']", "2:6: vif: type=ioemu: Arm64 has no emulated devices");
	refused(KERNEL "vif=['mtu=5']", "2:6: vif: mtu: 5 is not from 68 to 65535");
	refused(KERNEL "vif=['devid=x']", "2:6: vif: devid: 'x' is not a number");
	refused(KERNEL "vif=['brigde=xenbr0']", "2:6: vif: unknown option 'brigde=xenbr0'");
	warned(KERNEL "vif=['model=rtl8139']", ":2:6: vif: model=rtl8139 is ignored");
}

static void disks(void **state)
{
	// The forms that xl-disk-configuration(5) calls equivalent.
	static const char *const same[] = {
		"/dev/vg/guest-volume,,xvda",
		"/dev/vg/guest-volume,raw,xvda,rw",
		"format=raw, vdev=xvda, access=rw, target=/dev/vg/guest-volume",
		"raw:/dev/vg/guest-volume,xvda,w",
		"phy:/dev/vg/guest-volume,xvda",
		"tap:aio:/dev/vg/guest-volume,xvda",
		",,xvda,target=/dev/vg/guest-volume",
		"devtype=disk,/dev/vg/guest-volume,vdev=xvda",
	};
	static const char *const empty[] = { ",,hdc,cdrom", "vdev=hdc,cdrom", ",hdc:cdrom", ",hdc:cdrom,ro" };
	char text[300];

	(void)state;
	for (size_t i = 0; i < ARRAY_SIZE(same); i++) {
		snprintf(text, sizeof(text), KERNEL "disk=['%s']", same[i]);
		struct config_file *file = read_text(text);
		const struct config_disk *disk = file->config.disks;

		assert_int_equal(file->config.disk_count, 1);
		assert_string_equal(disk->target, "/dev/vg/guest-volume");
		assert_string_equal(disk->vdev, "xvda");
		assert_int_equal(disk->format, CONFIG_DISK_RAW);
		assert_false(disk->read_only || disk->cdrom);
		assert_round_trip(&file->config);
		config_file_free(file);
	}
	for (size_t i = 0; i < ARRAY_SIZE(empty); i++) {
		snprintf(text, sizeof(text), KERNEL "disk=['%s']", empty[i]);
		struct config_file *file = read_text(text);
		const struct config_disk *disk = file->config.disks;

		assert_null(disk->target);
		assert_string_equal(disk->vdev, "hdc");
		assert_true(disk->cdrom && disk->read_only && disk->format == CONFIG_DISK_EMPTY);
		assert_round_trip(&file->config);
		config_file_free(file);
	}
	MAKES("disk=['/a.iso,,hdc,cdrom', 'qcow2:/b,hdd:disk,r']",
	      config->disks[0].cdrom && config->disks[0].format == CONFIG_DISK_RAW &&
		      config->disks[1].read_only && config->disks[1].format == CONFIG_DISK_QCOW2);
	MAKES("disk=['vdev=xvda,backend=DomD,backendtype=qdisk,specification=virtio,script=block-x,"
	      "direct-io-safe,no-discard,untrusted,format=vhd,target=a,b=c,']",
	      TEXT_IS(config->disks[0].backend, "DomD") && TEXT_IS(config->disks[0].script, "block-x") &&
		      TEXT_IS(config->disks[0].target, "a,b=c") &&
		      config->disks[0].backend_type == CONFIG_DISK_BACKEND_QDISK &&
		      config->disks[0].protocol == CONFIG_DISK_VIRTIO && config->disks[0].direct_io_safe &&
		      config->disks[0].no_discard && config->disks[0].untrusted &&
		      config->disks[0].format == CONFIG_DISK_VHD);
	MAKES("disk=['vdev=xvda,target=a,,']", TEXT_IS(config->disks[0].target, "a,"));
	MAKES("disk=['no-discard,discard,untrusted,trusted,vdev=xvda,target=a']",
	      !config->disks[0].no_discard && !config->disks[0].untrusted);
	MAKES("disk=['nbd:server 1234,xvdb']", TEXT_IS(config->disks[0].script, "block-nbd") &&
						       TEXT_IS(config->disks[0].target, "server 1234"));
	warned(KERNEL "disk=['vdev=xvda,grant_usage=1,target=a']", ":2:7: disk: grant_usage=1 is ignored");
	refused(KERNEL "disk=['/dev/a']", "2:7: disk 0 has no vdev");
	refused(KERNEL "disk=['vdev=xvda']", "2:7: disk 0 has no target");
	refused(KERNEL "disk=['a,,xvda',\n 'b,,xvda']", "3:2: disks 0 and 1 are both called xvda");
	refused(KERNEL "disk=['a,bmp,xvda']", "2:7: disk: format: there is no 'bmp': give raw, qcow");
	refused(KERNEL "disk=['a,,xvda,x']", "2:7: disk: access: there is no 'x': give rw, w, ro or r");
	refused(KERNEL "disk=['a,,xvda,w,w']", "2:7: disk: 'w' is one too many");
	refused(KERNEL "disk=['a,vdev=x,vdev=y']", "2:7: disk: 'x' and 'y': give one");
	refused(KERNEL "disk=['a,,xvda,target=b']", "2:7: disk: 'a' and 'b': give one");
	refused(KERNEL "disk=['a,,xvda,backendtype=x']", "2:7: disk: backendtype: there is no 'x'");
	refused(KERNEL "disk=['a,,xvda,specification=x']", "2:7: disk: specification: there is no 'x'");
	refused(KERNEL "disk=['a,,xvda,devtype=x']", "2:7: disk: devtype: there is no 'x'");
	refused(KERNEL "disk=['a,,xvda:floppy']", "2:7: disk: devtype: there is no 'floppy'");
	refused(KERNEL "disk=['a,,xvda,acess=r']", "2:7: disk: unknown option 'acess=r'");
	memset(text, 'o', sizeof(text));
	memcpy(text, KERNEL "disk=['", strlen(KERNEL "disk=['"));
	strcpy(text + sizeof(text) - 3, "']");
	refused(text, "2:7: 'oooooooooooooooooooo...': an option has more than 255 bytes");
}

// ---- What is ignored ----

static void other_keys_are_ignored_with_a_warning(void **state)
{
	(void)state;
	warned(KERNEL "vnc = 1", ":2:1: 'vnc' is ignored: it has no meaning on Arm64");
	warned(KERNEL "vnuma = [ [ 'pnode=0', 'size=1' ], [] ]", ":2:1: 'vnuma' is ignored");
	warned(KERNEL "\n  virtio = [ 'x' ]", ":3:3: 'virtio' is ignored: it is not supported");
	warned(KERNEL "vcpu = 2", ":2:1: unknown key 'vcpu' is ignored; perhaps you mean 'vcpus'");
	warned(KERNEL "onreboot = 'destroy'", "perhaps you mean 'on_reboot'");
	warned(KERNEL "favourite_colour = 'blue'", ":2:1: unknown key 'favourite_colour' is ignored");
	warned(KERNEL "memory = 4\nmemory = 8", ":2:1: 'memory' doesn't count: it is set again in line 3");

	struct config_file *file = read_text(KERNEL "memory=4\nvnc=1\nmemory=8\nsdl=1");
	assert_int_equal(file->config.memory_kib, 8 << 10);
	assert_string_equal(file->warnings->next->text,
			    FILE_NAME ":3:1: 'vnc' is ignored: it has no meaning on "
				      "Arm64");
	assert_null(file->warnings->next->next->next);
	config_file_free(file);
}

static void warnings_have_an_end(void **state)
{
	char text[4096] = KERNEL;
	unsigned int count = 0;
	const char *last = NULL;

	(void)state;
	for (int i = 0; i < 100; i++)
		sprintf(text + strlen(text), "unheard_of_%d = 1\n", i);
	struct config_file *file = read_text(text);
	for (const struct config_warning *warning = file->warnings; warning; warning = warning->next, count++)
		last = warning->text;
	assert_int_equal(count, 32);
	assert_string_equal(last, FILE_NAME ":33:1: there are more warnings, which are left out");
	config_file_free(file);
}

static void messages_do_not_steer_the_terminal(void **state)
{
	struct failure failure = { 0 };

	(void)state;
	assert_null(read_bytes(KERNEL "tee='\033[2J'", strlen(KERNEL "tee='\033[2J'"), &failure));
	assert_non_null(strstr(failure.text, "there is no '?[2J'"));
}

// ---- What this version can't do ----

static void unsupported(const char *settings, const char *words)
{
	struct failure failure = { 0 };
	struct config_file *file = read_text(settings);

	model_output_clear();
	int error = domain_config_check_support(&file->config, &failure);
	assert_int_equal(error, failure.error);
	assert_true(!error || error == -ENOTSUP);
	if (!strstr(error ? failure.text : model_output(), words))
		fail_msg("'%s' isn't said of '%s'", words, settings);
	config_file_free(file);
}

static void what_cannot_be_done_is_said(void **state)
{
	(void)state;
	model_start(NULL);
	unsupported(KERNEL, "");
	unsupported(KERNEL "memory=8\nmaxmem=8\nvcpus=2\nmaxvcpus=2", "");
	assert_string_equal(model_output(), "");
	unsupported(KERNEL "on_crash='preserve'", "on_poweroff and the like");
	unsupported(KERNEL "seclabel='x'", "configuration 'test': seclabel");
	unsupported(KERNEL "vuart='sbsa_uart'", "vuart: there is no emulated UART");
	unsupported(KERNEL "vif=['']", "configuration 'test': vif: Dom0 has no backends: name the domain that has");
	unsupported(KERNEL "vif=['backend=Domain-0']", "vif: Dom0 has no backends");
	unsupported(KERNEL "disk=['a,,xvda']", "disk xvda: Dom0 has no backends");
	unsupported(KERNEL "disk=['a,qcow2,xvda,w,backend=domd']", "disk xvda: of the formats only raw");
	unsupported(KERNEL "disk=['a,,xvda,w,backend=domd']\nvif=['backend=domd']", "");
}

// ---- Devices by themselves ----

static void single_devices(void **state)
{
	struct failure failure = { 0 };
	struct config_file *file = config_device_read("disk", "/disk.img,,xvdb,r,backend=domd", &failure);

	(void)state;
	assert_non_null(file);
	assert_int_equal(file->config.disk_count, 1);
	assert_string_equal(file->config.disks[0].vdev, "xvdb");
	assert_true(file->config.disks[0].read_only);
	config_file_free(file);
	file = config_device_read("vif", "backend=domd,model=e1000", &failure);
	assert_non_null(file);
	assert_int_equal(file->config.vif_count, 1);
	assert_string_equal(file->warnings->text, "vif:1:1: vif: model=e1000 is ignored: Arm64 has no emulated devices");
	config_file_free(file);
	assert_null(config_device_read("disk", "backend=domd", &failure));
	assert_string_equal(failure.text, "disk:1:1: disk 0 has no vdev: say what the guest shall call it, as xvda");
	memset(&failure, 0, sizeof(failure));
	assert_null(config_device_read("vif", "mac=1", &failure));
	assert_memory_equal(failure.text, "vif:1:1: vif: mac=1: give six bytes", 35);
}

// ---- Files as people have them ----

static const char *const examples[] = {
	// A Linux guest in the usual layout.
	"# Guest name\n"
	"name = \"linux-guest\"\n"
	"\n"
	"# Kernel image to boot\n"
	"kernel = \"/SD:/dom0/Image-virt\"\n"
	"ramdisk = \"/SD:/dom0/rootfs.cpio.gz\"\n"
	"extra = \"console=hvc0 earlycon=xen root=/dev/ram0 rw\"\n"
	"memory = 512\n"
	"vcpus = 2\n"
	"on_reboot = \"restart\"\n"
	"on_crash = 'preserve'\n"
	"vif = [ 'backend=DomD,mac=08:00:27:ff:cb:cd,bridge=xenbr0' ]\n"
	"disk = [ 'backend=DomD, phy:/dev/mmcblk1p3, xvda1' ]\n",
	// A driver domain with devices of the board.
	"name = \"DomD\"; memory = 1024; vcpus = 4\n"
	"kernel='linux-domd'\n"
	"device_tree=\"domd.dtb\"\n"
	"cmdline = 'console=hvc0 clk_ignore_unused root=/dev/mmcblk0p2'\n"
	"passthrough = \"enabled\"\n"
	"dtdev = [\n"
	"\t\"/soc/dma-controller@e6700000\",\n"
	"\t\"/soc/ethernet@e6800000\",\n"
	"]\n"
	"iomem = [\n"
	"    \"0xe6051,1\",   # gpio\n"
	"    \"e6055,2@e6055\",\n"
	"]\n"
	"irqs = [ 112, 113,\n"
	"         164 ]\n"
	"irqs += [ 200 ]\n"
	"gic_version = \"v2\"\n"
	"tee = \"optee\"\n"
	"autostart = 1\n"
	"dt_passthrough = [ \"/sound\" ]\n"
	"machine_compatible = [ \"renesas,h3ulcb\", \"renesas,r8a7795\" ]\n",
	// One that came from a PC.
	"type = \"pvh\"\r\n"
	"kernel = \"/boot/vmlinuz\"\r\n"
	"root = \"/dev/xvda2 ro\"\r\n"
	"extra = \"quiet\"\r\n"
	"uuid = \"c5f1ba3e-5a3e-4b7c-9b8b-0a1b2c3d4e5f\"\r\n"
	"maxmem = 2048\r\n"
	"cpus = \"0-3,^1\"\r\n"
	"disk = [\r\n"
	"    '/dev/vg0/guest-disk,raw,xvda2,rw',\r\n"
	"    'format=qcow2, vdev=xvdb, access=ro, target=/srv/images/a,b.qcow2'\r\n"
	"]\r\n"
	"vif = [ 'mac=00:16:3e:11:22:33,rate=10Mb/s@20ms', '' ]\r\n",
};

static void examples_are_read(void **state)
{
	(void)state;
	for (size_t i = 0; i < ARRAY_SIZE(examples); i++) {
		struct config_file *file = read_text(examples[i]);

		assert_round_trip(&file->config);
		if (file->warnings)
			fail_msg("%s", file->warnings->text);
		config_file_free(file);
	}
}

// ---- Files as nobody has them ----

static uint32_t random_state = 1;

static uint32_t random_below(uint32_t bound)
{
	random_state = random_state * 1664525 + 1013904223;
	return (random_state >> 8) % bound;
}

static size_t mutate(char *text, size_t size, size_t room)
{
	static const char interesting[] = "'\"[],;=+#\\\n0x@:^-";

	for (uint32_t changes = 1 + random_below(4); changes; changes--) {
		size_t place = random_below((uint32_t)size);

		switch (random_below(4)) {
		case 0:
			text[place] = (char)random_below(256);
			break;
		case 1:
			text[place] = interesting[random_below(sizeof(interesting) - 1)];
			break;
		case 2:
			memmove(text + place, text + place + 1, size - place - 1);
			size -= size > 1;
			break;
		default:
			if (size < room) {
				memmove(text + place + 1, text + place, size - place);
				size++;
			}
		}
	}
	return size;
}

// Whatever the bytes are: either a configuration that prints and reads again, or a reason with a place.
static void mutated_files_do_no_harm(void **state)
{
	char text[4096];

	(void)state;
	for (int round = 0; round < 20000; round++) {
		const char *example = examples[random_below(ARRAY_SIZE(examples))];
		struct failure failure = { 0 };
		size_t size = strlen(example);

		memcpy(text, example, size);
		size = mutate(text, size, sizeof(text));
		struct config_file *file = read_bytes(text, size, &failure);
		if (file) {
			assert_int_equal(failure.error, 0);
			assert_round_trip(&file->config);
			config_file_free(file);
		} else {
			assert_true(failure.error < 0);
			assert_memory_equal(failure.text, FILE_NAME ":", strlen(FILE_NAME ":"));
		}
	}
}

// With each allocation failing in turn: a reason, and nothing is left over.
static void memory_can_be_short(void **state)
{
	(void)state;
	for (size_t i = 0; i < ARRAY_SIZE(examples); i++) {
		bool struck = true;

		for (unsigned int nth = 1; struck; nth++) {
			struct failure failure = { 0 };

			model_start(NULL);
			struct model_snapshot before = model_snapshot();
			model_fail_allocation(nth);
			struct config_file *file =
				config_file_read(FILE_NAME, examples[i], strlen(examples[i]), &failure);
			struck = model_fault_struck();
			assert_int_equal(file == NULL, struck);
			assert_int_equal(failure.error, struck ? -ENOMEM : 0);
			config_file_free(file);
			model_fail_allocation(0);
			model_assert_equal(&before, "reading a file");
		}
	}
}

int main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test(single_devices),
		cmocka_unit_test(values_can_be_written_in_many_ways),
		cmocka_unit_test(strings_have_escapes),
		cmocka_unit_test(lists_can_have_many_lines),
		cmocka_unit_test(plus_adds),
		cmocka_unit_test(syntax_errors_have_a_place),
		cmocka_unit_test(odd_files),
		cmocka_unit_test(long_lines_and_many_values),
		cmocka_unit_test(names),
		cmocka_unit_test(identity),
		cmocka_unit_test(files),
		cmocka_unit_test(command_lines),
		cmocka_unit_test(memory),
		cmocka_unit_test(cpus),
		cmocka_unit_test(affinity),
		cmocka_unit_test(ends),
		cmocka_unit_test(limits),
		cmocka_unit_test(choices),
		cmocka_unit_test(devices),
		cmocka_unit_test(our_own_keys),
		cmocka_unit_test(vifs),
		cmocka_unit_test(disks),
		cmocka_unit_test(other_keys_are_ignored_with_a_warning),
		cmocka_unit_test(warnings_have_an_end),
		cmocka_unit_test(messages_do_not_steer_the_terminal),
		cmocka_unit_test(what_cannot_be_done_is_said),
		cmocka_unit_test(examples_are_read),
		cmocka_unit_test(mutated_files_do_no_harm),
		cmocka_unit_test(memory_can_be_short),
	};

	return cmocka_run_group_tests(tests, NULL, NULL);
}
