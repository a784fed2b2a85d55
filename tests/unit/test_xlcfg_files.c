// SPDX-License-Identifier: Apache-2.0
// Configuration files as people have them and as nobody has them, and with too little memory.
#include "xlcfg_text.h"

#include "kernel/compiler.h"
#include "kernel/task.h"
#include "model/model.h"

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
	"arm_sci = \"type=scmi_smc\"\n"
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

static unsigned int turns;
static bool is_read;

static void take_turns(void *unused)
{
	(void)unused;
	while (!is_read) {
		turns++;
		task_yield();
	}
}

// Keys that each have to be looked for among all that there are.
static void others_run_while_a_file_is_read(void **state)
{
	static char text[50000];
	char *end = stpcpy(text, KERNEL);

	(void)state;
	for (int i = 0; i < 4000; i++)
		end += sprintf(end, "k%x=1\n", i);
	model_start(NULL);
	turns = 0;
	is_read = false;
	assert_non_null(task_create("other", take_turns, NULL));
	config_file_free(read_text(text));
	is_read = true;
	task_yield();
	assert_true(turns > 100);
}

static void what_files_are_called(void **state)
{
	(void)state;
	assert_int_equal(config_file_stem("linux.cfg"), 5);
	assert_int_equal(config_file_stem("LINUX.CFG"), 5);
	assert_int_equal(config_file_stem("a.b.Cfg"), 3);
	assert_int_equal(config_file_stem(".cfg"), 0);
	assert_int_equal(config_file_stem("cfg"), 0);
	assert_int_equal(config_file_stem("linux.cfg.bak"), 0);
	assert_int_equal(config_file_stem(""), 0);
}

int main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test(examples_are_read),
		cmocka_unit_test(mutated_files_do_no_harm),
		cmocka_unit_test(memory_can_be_short),
		cmocka_unit_test(others_run_while_a_file_is_read),
		cmocka_unit_test(what_files_are_called),
	};

	return cmocka_run_group_tests(tests, NULL, NULL);
}
