// SPDX-License-Identifier: Apache-2.0
// Each key of a configuration file, and what it makes; disks and network devices have a file of their own.
#include "xlcfg_text.h"

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
	refused(KERNEL "memory='64M'", "2:8: memory: '64M' is not a number: it can't have a unit");
	refused(KERNEL "memory=''", "2:8: memory: '' is not a number");
	refused(KERNEL "memory=09", "2:8: memory: '09' is not a number: a 0 in front makes it octal");
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
	MAKES("arm_sci='type=scmi_smc'", config->scmi);
	MAKES("arm_sci='type=none'", !config->scmi);
	refused(KERNEL "arm_sci='type=scmi_smc_multiagent,agent_id=1'",
		"2:9: arm_sci: there is no 'type=scmi_smc_multiagent,agent_id=1': give type=none or type=scmi_smc");
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
	MAKES("dt_passthrough=['/pl061@9030000']", config->dt_passthrough_count == 1 && !config->partial_tree_file);
	MAKES("machine_compatible=['raspberrypi,4-model-b', 'brcm,bcm2711']",
	      config->machine_compatible_count == 2 &&
		      TEXT_IS(config->machine_compatible[1], "brcm,bcm2711"));
	refused(KERNEL "machine_compatible=['']", "2:21: machine compatible 0 is empty");
}

int main(void)
{
	const struct CMUnitTest tests[] = {
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
	};

	return cmocka_run_group_tests(tests, NULL, NULL);
}
