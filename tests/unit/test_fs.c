// SPDX-License-Identifier: Apache-2.0
// The commands of `fs` at the prompt, on a card made by mkfs.vfat and mtools: what they print, what fsck.fat and mcopy
// find afterwards.
#include "volume.h"

#include <errno.h>

#include "config/xen_domain_cfg.h"
#include "kernel/fault_test.h"
#include "shell/shell.h"
#include "storage/mount.h"
#include "xen/console_io.h"
#include "xen/event.h"

#define PROMPT "uart:~$ "

// ---- What else the shell wants ----

struct dom0_domain_cfg domain_cfgs[] = { { 0 } };
const char *const kernel_test_faults[] = { NULL };

void kernel_test_fault(const char *kind)
{
	(void)kind;
}

// ---- A card, a prompt ----

static struct model_disk *disk;

static void run_shell(void *unused)
{
	(void)unused;
	shell_run();
}

static int start(void **state)
{
	if (enter_folder(state))
		return -1;
	shell("printf 'name = \"a\"\\nmemory = 16\\n' >a.cfg; printf 'a\\033[2J\\302\\233b\\r\\nno end' >wild;"
	      "seq 200000 >large; : >empty");
	shell("truncate -s 16M card; mkfs.vfat --mbr=n -F 16 -n TESTCARD card >/dev/null;"
	      "export SOURCE_DATE_EPOCH=1735689600 TZ=UTC;"
	      "mmd -i card dom0; mcopy -i card a.cfg wild large empty ::dom0;"
	      "mcopy -i card a.cfg '::dom0/two words.cfg'; mattrib -i card +r ::dom0/empty");
	model_start(NULL);
	if (event_init() || console_io_init() || !task_create("shell", run_shell, NULL))
		return -1;
	disk = model_disk_open("card", 512);
	model_disk_insert(disk);
	assert_int_equal(mount_all(), 1);
	model_run(MILLISECONDS(10));
	return 0;
}

static int end(void **state)
{
	mount_none();
	model_disk_close(disk);
	return leave_folder(state);
}

static const char *typed(const char *keys)
{
	model_output_clear();
	for (char key[2] = ""; *keys; keys++) {
		key[0] = *keys;
		model_type(key);
		model_run(MILLISECONDS(1));
	}
	return model_output();
}

// Runs a command; what it printed, without its own line and the prompt.
static const char *run(const char *line)
{
	static char text[65536];

	typed(line);
	model_output_clear();
	model_type("\r");
	for (int i = 0; i < 1000 && !strstr(model_output(), PROMPT); i++)
		model_run(MILLISECONDS(10));
	assert_non_null(strstr(model_output(), PROMPT));
	snprintf(text, sizeof(text), "%s", model_output() + 1); // behind the end of the command's line
	*strstr(text, PROMPT) = '\0';
	return text;
}

// What the volume holds, as others see it.
static void check_volume(const char *file, const char *path)
{
	shell("fsck.fat -n card >fsck.log 2>&1 || { cat fsck.log; false; }");
	if (file)
		shell("mtype -i card '::%s' | cmp - '%s'", path, file);
}

// ---- Tests ----

static void test_looking(void **state)
{
	(void)state;
	assert_string_equal(run("fs mounts"), "/0: disk0 16 MiB\n");
	assert_string_equal(run("fs ls"), "/0: disk0 16 MiB\n");
	assert_string_equal(run("fs ls /"), "/0: disk0 16 MiB\n");
	assert_string_equal(run("fs ls /0:"), "           2025-01-01 00:00 dom0/\n");
	assert_string_equal(run("fs ls /0:/dom0/"), "        23 2025-01-01 00:00 a.cfg\n"
						     "        16 2025-01-01 00:00 wild\n"
						     "   1288895 2025-01-01 00:00 large\n"
						     "         0 2025-01-01 00:00 empty\n"
						     "        23 2025-01-01 00:00 two words.cfg\n");
	assert_string_equal(run("fs ls /0:/dom0/WILD"), "        16 2025-01-01 00:00 wild\n");
	assert_string_equal(run("fs stat /0:/dom0/empty"),
			    "Path:    /0:/dom0/empty\nKind:    file, read-only\nSize:    0 bytes\n"
			    "Changed: 2025-01-01 00:00\n");
	assert_string_equal(run("fs stat /0:/"), "Path:    /0:/\nKind:    folder\n");
	assert_string_equal(run("fs df"), "Volume Kind  Label               KiB        Used        Free\n"
					  "/0:    FAT16 TESTCARD          16334        1268       15066\n");
	assert_string_equal(run("fs sync"), "");
}

static void test_contents(void **state)
{
	char sum[65];
	size_t size;
	uint8_t *large = load_file("large", &size);

	(void)state;
	assert_string_equal(run("fs cat /0:/dom0/a.cfg"), "name = \"a\"\nmemory = 16\n");
	assert_string_equal(run("fs cat '/0:/dom0/two words.cfg'"), "name = \"a\"\nmemory = 16\n");
	assert_string_equal(run("fs cat /0:/dom0/wild"), "a?[2J\302?b\nno end\n");
	assert_string_equal(run("fs cat /0:/dom0/empty"), "");
	assert_string_equal(run("fs read /0:/dom0/wild"),
			    "00000000  61 1b 5b 32 4a c2 9b 62 0d 0a 6e 6f 20 65 6e 64  a.[2J..b..no end\n");
	assert_string_equal(run("fs read /0:/dom0/large 0x100000 20"),
			    "00100000  39 0a 31 36 35 36 37 30 0a 31 36 35 36 37 31 0a  9.165670.165671.\n"
			    "00100010  31 36 35 36                                      1656\n");
	assert_memory_equal(large + 0x100000, "9\n165670\n165671\n1656", 20);
	shell("sha256sum large | cut -c -64 | tr -d '\\n' >sum");
	uint8_t *wanted = load_file("sum", &size);
	snprintf(sum, sizeof(sum), "%s", run("fs sum /0:/dom0/large"));
	assert_memory_equal(sum, wanted, 64);
	test_free(wanted);
	test_free(large);
}

static void test_bench(void **state)
{
	(void)state;
	assert_non_null(strstr(run("fs bench /0:/dom0/large"), "/0:/dom0/large: "));
	assert_non_null(strstr(model_output(), " bytes in 0."));
	assert_non_null(strstr(model_output(), " MB/s\n"));
	assert_non_null(strstr(run("fs bench disk0 1000 1000"), "disk0: 1536 bytes in 0."));
	// Without a size, to the device's end at most.
	assert_non_null(strstr(run("fs bench disk0 0xfffc00"), "disk0: 1024 bytes in 0."));
	assert_non_null(strstr(run("fs bench disk0 0x1000001"), "fs bench: 'disk0' ends before that, at byte 16777216\n"));
	assert_string_equal(strstr(run("fs bench /0:/dom0/empty"), " bytes"), " bytes in 0.000001 s: 0.0 MB/s\n");
}

static void test_changing(void **state)
{
	(void)state;
	assert_string_equal(run("fs mkdir /0:/new"), "");
	assert_string_equal(run("fs cp /0:/dom0/large /0:/new/copy"), "");
	check_volume("large", "new/copy");
	assert_string_equal(run("fs mv /0:/new/copy /0:/dom0/moved.bin"), "");
	check_volume("large", "dom0/moved.bin");
	assert_string_equal(run("fs write /0:/new/note one 'two  three'"), "");
	assert_string_equal(run("fs write -a /0:/new/note -- -4"), "");
	shell("printf 'one two  three\\n-4\\n' >note");
	check_volume("note", "new/note");
	assert_string_equal(run("fs write /0:/new/note short"), "");
	assert_string_equal(run("fs cat /0:/new/note"), "short\n");
	assert_string_equal(run("fs rm /0:/new"), "fs rm: /0:/new: the folder isn't empty\n");
	assert_string_equal(run("fs rm /0:/new/note"), "");
	assert_string_equal(run("fs rm /0:/new"), "");
	assert_string_equal(run("fs rm /0:/dom0/moved.bin"), "");
	check_volume(NULL, NULL);
}

static const struct {
	const char *line, *part;
} errors[] = {
	{ "fs cat /0:/nothing", "fs cat: /0:/nothing: there is no such file or folder\n" },
	{ "fs cat /0:/dom0", "fs cat: /0:/dom0: this is a folder, not a file\n" },
	{ "fs ls /0:/dom0/a.cfg/b", "fs ls: /0:/dom0/a.cfg/b: a part of the path is a file" },
	{ "fs ls /7:/dom0", "fs ls: /7:/dom0: no volume is mounted there: a path begins with one, as /0:/ does; "
			  "'fs mounts' shows them\n" },
	{ "fs sum dom0", "fs sum: dom0: no volume is mounted there" },
	{ "fs cp /0:/dom0/a.cfg /0:/dom0/wild", "fs cp: /0:/dom0/wild: there is something of that name already\n" },
	{ "fs cp /0:/nothing /0:/dom0/x", "fs cp: /0:/nothing: there is no such file or folder\n" },
	{ "fs stat /0:/dom0/x", "fs stat: /0:/dom0/x: there is no such file or folder\n" }, // what cp began is gone
	{ "fs mv /0:/nothing /0:/x", "fs mv: /0:/nothing: there is no such file or folder\n" },
	{ "fs mv /0:/dom0 /0:/dom0/x", "fs mv: /0:/dom0/x: this can't be done with this name" },
	{ "fs mkdir /0:/dom0", "fs mkdir: /0:/dom0: there is something of that name already\n" },
	{ "fs mkdir /0:/a?", "fs mkdir: /0:/a?: this can't be done with this name; FAT has no " },
	{ "fs write /0:/dom0/empty x", "fs write: /0:/dom0/empty: the file is read-only\n" },
	{ "fs bench /0:/dom0/x", "fs bench: /0:/dom0/x: there is no such file or folder\n" },
	{ "fs bench /0:/dom0/wild 1", "fs bench: a file is read as a whole\n" },
	{ "fs bench nosuch", "fs bench: 'nosuch' is neither a path nor a device; 'fs mounts' shows both\n" },
	{ "fs bench disk0 0 1x", "fs bench: '1x' is not a number of bytes\n" },
	{ "fs bench disk0 0 0x1000000000", "fs bench: 'disk0' ends before that, at byte " },
	{ "fs read /0:/dom0/wild x", "fs read: 'x' is not a number of bytes\n" },
};

static void test_errors(void **state)
{
	(void)state;
	for (size_t i = 0; i < ARRAY_SIZE(errors); i++)
		if (!strstr(run(errors[i].line), errors[i].part))
			fail_msg("%s: %s", errors[i].line, model_output());
	check_volume(NULL, NULL);
}

static void test_completion(void **state)
{
	(void)state;
	assert_string_equal(typed("fs cat \t"), "fs cat /0:/");
	assert_string_equal(typed("\t"), "dom0/");
	assert_string_equal(typed("a\t"), "a.cfg ");
	typed("\003");
	assert_string_equal(typed("xu config_check tw\t"), "xu config_check two\\ words.cfg ");
	typed("\003");
	assert_string_equal(typed("xu config_check \t"),
			    "xu config_check \na.cfg          two words.cfg\n" PROMPT "xu config_check ");
	assert_string_equal(typed("/\t"), "/0:/");
	typed("\003");
	assert_string_equal(typed("fs sum /0:/dom0/\t"),
			    "fs sum /0:/dom0/\n/0:/dom0/a.cfg          /0:/dom0/wild           /0:/dom0/large\n"
			    "/0:/dom0/empty          /0:/dom0/two words.cfg\n" PROMPT "fs sum /0:/dom0/");
	assert_string_equal(typed("t\t\r"), "two\\ words.cfg \n"
					    "a247c358b77871322ea09999e9410246c5ef66cb2441ba44b396e8b819c31ca6  /0:/dom0/two words.cfg\n" PROMPT);
}

// A copy stopped by Ctrl-C isn't left behind.
static void test_interrupted_copy(void **state)
{
	(void)state;
	disk->latency = MILLISECONDS(100);
	typed("fs cp /0:/dom0/large /0:/part\r");
	model_run(MILLISECONDS(300));
	typed("\003");
	disk->latency = 0;
	model_run(SECONDS(10));
	assert_non_null(strstr(model_output(), "fs cp: /0:/dom0/large: stopped\n" PROMPT));
	assert_string_equal(run("fs stat /0:/part"), "fs stat: /0:/part: there is no such file or folder\n");
	check_volume(NULL, NULL);
}

static void test_pulled(void **state)
{
	(void)state;
	model_disk_pull(disk);
	assert_string_equal(run("fs sum /0:/dom0/large"), "fs sum: /0:/dom0/large: the card was pulled\n");
	assert_string_equal(run("fs mounts"), "/0: disk0 16 MiB, pulled\n");
	assert_non_null(strstr(run("fs df"), "fs df: /0:: the card was pulled\n"));
	assert_int_equal(mount_all(), 0);
	assert_string_equal(run("fs ls"), "No volume is mounted.\n");
	model_disk_insert(disk);
	assert_int_equal(mount_all(), 1);
	assert_string_equal(run("fs cat /0:/dom0/a.cfg"), "name = \"a\"\nmemory = 16\n");
}

static void follow(void *unused)
{
	(void)unused;
	mount_follow(block_arrivals());
}

// Put in again, it has its name again: after the last user of the one that was pulled.
static void test_put_in_again(void **state)
{
	struct mount *mount, *other;
	const char *rest;

	(void)state;
	assert_non_null(task_create("storage", follow, NULL));
	model_run(MILLISECONDS(1));
	assert_int_equal(mount_find("/0:/dom0", &mount, &rest), 0);
	model_disk_pull(disk);
	model_disk_insert(disk);
	model_run(SECONDS(1));
	assert_int_equal(mount_find("/0:/dom0", &other, &rest), -ENODEV);
	mount_put(mount);
	model_run(SECONDS(1));
	assert_string_equal(run("fs mounts"), "/0: disk0 16 MiB\n");
	assert_string_equal(run("fs cat /0:/dom0/a.cfg"), "name = \"a\"\nmemory = 16\n");
}

int main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test(test_looking),
		cmocka_unit_test(test_contents), cmocka_unit_test(test_bench),
		cmocka_unit_test(test_changing),
		cmocka_unit_test(test_errors),
		cmocka_unit_test(test_completion),
		cmocka_unit_test(test_interrupted_copy),
		cmocka_unit_test(test_pulled),
		cmocka_unit_test(test_put_in_again),
	};

	return cmocka_run_group_tests(tests, start, end);
}
