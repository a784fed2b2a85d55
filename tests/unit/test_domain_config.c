// SPDX-License-Identifier: Apache-2.0
// config/: what is refused in a configuration, the C form turned into it, the catalogue.
#include <errno.h>
#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>
#include <stdlib.h>
#include <string.h>

#include <cmocka.h>

#include "config/builtin.h"
#include "config/catalog.h"
#include "config/domain_config.h"
#include "kernel/compiler.h"
#include "model/model.h"

// ---- configurations ----

static int any_size(void *context, uint64_t *size)
{
	(void)context;
	*size = 1;
	return 0;
}

static int any_read(void *context, void *buffer, size_t size, uint64_t offset)
{
	(void)context, (void)offset;
	memset(buffer, 0, size);
	return 0;
}

static struct domain_config good_config(void)
{
	return (struct domain_config){
		.name = "good",
		.memory_kib = 16384,
		.vcpus = 1,
		.max_grant_frames = -1,
		.max_maptrack_frames = -1,
		.kernel = { .name = "kernel", .size = any_size, .read = any_read },
		.command_line = "",
	};
}

static void assert_good(const struct domain_config *config)
{
	struct failure failure = { 0 };

	if (domain_config_check(config, &failure))
		fail_msg("%s", failure.text);
	assert_int_equal(failure.error, 0);
	assert_int_equal(domain_config_check(config, NULL), 0);
}

static void assert_bad(const struct domain_config *config, const char *words)
{
	struct failure failure = { 0 };

	assert_int_equal(domain_config_check(config, &failure), -EINVAL);
	assert_int_equal(failure.error, -EINVAL);
	if (!strstr(failure.text, words))
		fail_msg("'%s' isn't in '%s'", words, failure.text);
	assert_non_null(strstr(failure.text, "configuration '"));
	assert_int_equal(domain_config_check(config, NULL), -EINVAL);
}

#define GOOD(change)                                                                                         \
	do {                                                                                                 \
		struct domain_config config = good_config();                                                 \
		change;                                                                                      \
		assert_good(&config);                                                                        \
	} while (0)

#define BAD(words, change)                                                                                   \
	do {                                                                                                 \
		struct domain_config config = good_config();                                                 \
		change;                                                                                      \
		assert_bad(&config, words);                                                                  \
	} while (0)

#define NAME_63 "123456789012345678901234567890123456789012345678901234567890abc"

static void names(void **state)
{
	(void)state;
	GOOD((void)0);
	GOOD(config.name = NAME_63);
	GOOD(config.domain_name = "x");
	GOOD((config.name = "17", config.domain_name = "seventeen"));
	BAD("its name is missing", config.name = NULL);
	BAD("its name is empty", config.name = "");
	BAD("63 bytes", config.name = NAME_63 "d");
	BAD("one word", config.name = "two words");
	BAD("one word", config.name = "esc\033[2J");
	BAD("the domain's name is empty", config.domain_name = "");
	BAD("63 bytes", config.domain_name = NAME_63 "d");
	BAD("taken for an id", config.domain_name = "17");
	BAD("taken for an id", config.name = "17");
	BAD("Domain-", config.domain_name = "Domain-0");
}

static void sizes(void **state)
{
	(void)state;
	GOOD(config.memory_kib = 4);
	GOOD(config.memory_kib = UINT64_C(1) << 40);
	BAD("memory of 0 KiB", config.memory_kib = 0);
	BAD("multiple of 4", config.memory_kib = 16383);
	BAD("architecture", config.memory_kib = UINT64_MAX - 3);
	BAD("architecture", config.memory_kib = UINT64_C(1) << 42);
	GOOD(config.vcpus = 128);
	BAD("0 CPUs", config.vcpus = 0);
	BAD("129 CPUs", config.vcpus = 129);
	GOOD(config.max_event_channels = 131071);
	BAD("event channels", config.max_event_channels = 131072);
	GOOD(config.max_grant_frames = 1);
	BAD("grant frames", config.max_grant_frames = 0);
	BAD("grant frames", config.max_grant_frames = -2);
	GOOD(config.max_maptrack_frames = 0);
	BAD("maptrack frames", config.max_maptrack_frames = INT32_MIN);
	BAD("GIC version 3", config.gic = (enum config_gic)3);
	BAD("TEE type 3", config.tee = (enum config_tee)3);
}

static void images(void **state)
{
	static char line[COMMAND_LINE_MAX + 1];

	(void)state;
	memset(line, 'x', sizeof(line) - 1);
	BAD("command line has more than 2047", config.command_line = line);
	line[COMMAND_LINE_MAX - 1] = '\0';
	GOOD(config.command_line = line);
	BAD("command line is missing", config.command_line = NULL);
	BAD("no kernel", config.kernel = (struct image_source){ 0 });
}

static void lists(void **state)
{
	static const char *const words[] = { "a,b", "" }, *const paths[] = { "/dma@1000", "/", "relative" };
	static char long_path[300] = "/";

	(void)state;
	memset(long_path + 1, 'p', sizeof(long_path) - 2);
	const char *const long_paths[] = { long_path };

	GOOD((config.machine_compatible = words, config.machine_compatible_count = 1));
	BAD("compatible 1 is empty",
	    (config.machine_compatible = words, config.machine_compatible_count = 2));
	BAD("list is missing", config.machine_compatible_count = 1);
	BAD("list is missing", config.irq_count = 1);
	BAD("list is missing", config.iomem_count = 1);
	BAD("list is missing", config.dtdev_count = 1);
	BAD("at most 4096", (config.dtdevs = paths, config.dtdev_count = UINT32_MAX));
	GOOD((config.dtdevs = paths, config.dtdev_count = 1));
	BAD("dtdev 1 is not a path", (config.dtdevs = paths, config.dtdev_count = 2));
	BAD("dtdev 0 is not a path", (config.dtdevs = paths + 2, config.dtdev_count = 1));
	BAD("dtdev 0 is not a path", (config.dtdevs = long_paths, config.dtdev_count = 1));
}

static void files_are_images_to_come(void **state)
{
	struct failure failure = { 0 };
	struct domain_config named = good_config();
	struct config_place place = { 0 };

	(void)state;
	named.kernel = (struct image_source){ 0 };
	named.kernel_file = "Image";
	assert_int_equal(domain_config_find_fault(&named, &place, &failure), 0);
	assert_bad(&named, "no kernel");
	named.vcpus = 0;
	assert_int_equal(domain_config_find_fault(&named, &place, &failure), -EINVAL);
	assert_string_equal(failure.text, "0 CPUs: give 1 to 128");
	assert_string_equal(place.key, "vcpus");
	assert_int_equal(place.element, CONFIG_WHOLE);
	assert_int_equal(domain_config_find_fault(&named, NULL, NULL), -EINVAL);
	GOOD((config.dt_passthrough = (const char *const[]){ "/leds" }, config.dt_passthrough_count = 1,
	      config.partial_tree_file = "guest.dtb"));
}

static void devices(void **state)
{
	static const uint8_t mac[] = { 0x00, 0x16, 0x3e, 1, 2, 3 }, group[] = { 0x01, 0, 0x5e, 0, 0, 1 };
	static const struct config_vif vifs[] = { { .mac = mac }, { .mac = NULL }, { .mac = mac } };
	static const struct config_vif group_vif = { .mac = group };
	static const struct config_disk nameless = { .target = "a" };
	static const struct config_disk disks[] = { { .target = "a", .vdev = "xvda" },
						    { .target = "b", .vdev = "xvda" } };
	static const struct cpu_set cpus[] = { { { 1 } }, { { 0 } } };

	(void)state;
	BAD("1 vifs are announced", config.vif_count = 1);
	BAD("1 disks are announced", config.disk_count = 1);
	BAD("1 cpus are announced", config.cpu_count = 1);
	GOOD((config.vifs = vifs, config.vif_count = 2));
	BAD("vifs 0 and 2 have the same MAC", (config.vifs = vifs, config.vif_count = 3));
	BAD("vif 0: the MAC is one for groups", (config.vifs = &group_vif, config.vif_count = 1));
	GOOD((config.disks = disks, config.disk_count = 1));
	BAD("both called xvda", (config.disks = disks, config.disk_count = 2));
	BAD("129 vifs: at most 128", (config.vifs = vifs, config.vif_count = 129));
	BAD("129 disks: at most 128", (config.disks = disks, config.disk_count = 129));
	BAD("disk 0 has no vdev", (config.disks = &nameless, config.disk_count = 1));
	GOOD((config.cpus = cpus, config.cpu_count = 1));
	BAD("no CPU is left for virtual CPU 1", (config.cpus = cpus, config.cpu_count = 2));
	BAD("cpus for 129 virtual CPUs", (config.cpus = cpus, config.cpu_count = 129));
	BAD("maxmem of 3 KiB is less", config.max_memory_kib = 3);
	BAD("give whole MiB", config.max_memory_kib = 16385);
	BAD("129 CPUs", config.max_vcpus = 129);
}

static void iomem(void **state)
{
	(void)state;
#define IOMEM(...)                                                                                           \
	const struct config_iomem range[] = { __VA_ARGS__ };                                                 \
	config.iomem = range;                                                                                \
	config.iomem_count = ARRAY_SIZE(range)
	GOOD(IOMEM({ CONFIG_GFN_SAME, 0x9030, 1 }));
	GOOD(IOMEM({ 0, 0, 1 }));
	GOOD(IOMEM({ CONFIG_GFN_SAME, (UINT64_C(1) << 40) - 1, 1 }));
	BAD("iomem range 0", IOMEM({ CONFIG_GFN_SAME, 0x9030, 0 }));
	BAD("iomem range 0", IOMEM({ CONFIG_GFN_SAME, UINT64_C(1) << 40, 1 }));
	BAD("iomem range 0", IOMEM({ CONFIG_GFN_SAME, 1, UINT64_MAX }));
	BAD("iomem range 0", IOMEM({ UINT64_MAX - 1, 1, 2 }));
	BAD("iomem range 1", IOMEM({ 5, 5, 1 }, { 5, UINT64_MAX, 1 }));
}

static void interrupts(void **state)
{
	(void)state;
#define IRQS(...)                                                                                            \
	const uint32_t list[] = { __VA_ARGS__ };                                                             \
	config.irqs = list;                                                                                  \
	config.irq_count = ARRAY_SIZE(list)
	GOOD(IRQS(32, 991));
	BAD("interrupt 31", IRQS(31));
	BAD("interrupt 992", IRQS(992));
	BAD("interrupt 4294967295", IRQS(UINT32_MAX));
	BAD("interrupt 40 is listed twice", IRQS(40, 41, 40));
	GOOD(IRQS(40); config.nr_spis = 9);
	BAD("give 9 or 0", IRQS(40); config.nr_spis = 8);
	BAD("961 SPIs", config.nr_spis = 961);
}

// ---- the C form ----

static const char image_bytes[] = "0123456789", tree_bytes[] = "tree";

static int load_bytes(uint8_t *buf, size_t bufsize, uint64_t read_offset, void *image_info)
{
	memcpy(buf, (const char *)image_info + read_offset, bufsize);
	return 0;
}

static ssize_t get_size(void *image_info, uint64_t *size)
{
	*size = strlen(image_info);
	return 0;
}

static int get_tree_size(void *image_info, size_t *size)
{
	(void)image_info;
	*size = 3;
	return 0;
}

static struct xen_domain_cfg good_cfg(void)
{
	return (struct xen_domain_cfg){
		.name = "c_form",
		.mem_kb = 4096,
		.flags = XEN_DOMCTL_CDF_hvm | XEN_DOMCTL_CDF_hap,
		.max_vcpus = 2,
		.load_image_bytes = load_bytes,
		.get_image_size = get_size,
		.image_info = (void *)(uintptr_t)image_bytes,
	};
}

static void fields_keep_their_meaning(void **state)
{
	struct xen_domain_iomem ranges[] = { { .first_mfn = 0x9030, .nr_mfns = 1 }, { 7, 8, 9 } };
	uint32_t irqs[] = { 39 };
	char *devices[] = { "/dma@1000" };
	struct xen_domain_cfg cfg = good_cfg();
	struct dom0_domain_cfg entry = { .domain_cfg = &cfg };
	char bytes[4] = "";
	uint64_t size;

	(void)state;
	strcpy(cfg.domain_name, "guest");
	cfg.max_evtchns = 10;
	cfg.gnt_frames = 32;
	cfg.max_maptrack_frames = 1;
	cfg.ssidref = 12;
	cfg.flags |= XEN_DOMCTL_CDF_iommu;
	cfg.gic_version = XEN_DOMCTL_CONFIG_GIC_V3;
	cfg.tee_type = XEN_DOMCTL_CONFIG_TEE_OPTEE;
	cfg.iomems = ranges;
	cfg.nr_iomems = 2;
	cfg.irqs = irqs;
	cfg.nr_irqs = 1;
	cfg.dtdevs = devices;
	cfg.nr_dtdevs = 1;
	cfg.cmdline = "console=hvc0";
	cfg.dtb_start = tree_bytes;
	cfg.dtb_end = tree_bytes + 4;
	cfg.f_paused = true;

	struct domain_config *config = builtin_config(&entry, NULL);
	assert_non_null(config);
	assert_string_equal(config->name, "c_form");
	assert_string_equal(config->domain_name, "guest");
	assert_int_equal(config->memory_kib, 4096);
	assert_int_equal(config->vcpus, 2);
	assert_int_equal(config->max_event_channels, 10);
	assert_int_equal(config->max_grant_frames, 32);
	assert_int_equal(config->max_maptrack_frames, 1);
	assert_int_equal(config->ssidref, 12);
	assert_true(config->iommu);
	assert_true(config->paused);
	assert_int_equal(config->gic, CONFIG_GIC_V3);
	assert_int_equal(config->tee, CONFIG_TEE_OPTEE);
	assert_int_equal(config->iomem_count, 2);
	assert_int_equal(config_iomem_gfn(&config->iomem[0]), 0x9030);
	assert_int_equal(config_iomem_gfn(&config->iomem[1]), 7);
	assert_int_equal(config->iomem[1].first_mfn, 8);
	assert_int_equal(config->iomem[1].frames, 9);
	assert_int_equal(config->irqs[0], 39);
	assert_string_equal(config->dtdevs[0], "/dma@1000");
	assert_string_equal(config->command_line, "console=hvc0");

	assert_int_equal(config->kernel.size(config->kernel.context, &size), 0);
	assert_int_equal(size, 10);
	assert_int_equal(config->kernel.read(config->kernel.context, bytes, 3, 4), 0);
	assert_string_equal(bytes, "456");
	assert_int_equal(config->partial_tree.size(config->partial_tree.context, &size), 0);
	assert_int_equal(size, 4);
	assert_int_equal(config->partial_tree.read(config->partial_tree.context, bytes, 2, 2), 0);
	assert_memory_equal(bytes, "ee", 2);
	assert_false(image_source_is_given(&config->ramdisk));
	assert_int_equal(domain_config_check(config, NULL), 0);
	free(config);
}

static void fields_have_defaults(void **state)
{
	struct xen_domain_cfg cfg = good_cfg();
	struct dom0_domain_cfg entry = { .domain_cfg = &cfg };
	struct domain_config *config = builtin_config(&entry, NULL);

	(void)state;
	assert_non_null(config);
	assert_null(config->domain_name);
	assert_string_equal(config->command_line, "");
	assert_int_equal(config->max_grant_frames, -1);
	assert_int_equal(config->gic, CONFIG_GIC_DEFAULT);
	assert_false(image_source_is_given(&config->partial_tree));
	assert_int_equal(domain_config_check(config, NULL), 0);
	free(config);
}

static void a_tree_can_come_by_callback(void **state)
{
	struct xen_domain_cfg cfg = good_cfg();
	struct dom0_domain_cfg entry = { .domain_cfg = &cfg };
	char bytes[4] = "";
	uint64_t size;

	(void)state;
	cfg.image_dt_read = load_bytes;
	cfg.image_dt_get_size = get_tree_size;
	struct domain_config *config = builtin_config(&entry, NULL);
	assert_non_null(config);
	assert_int_equal(config->partial_tree.size(config->partial_tree.context, &size), 0);
	assert_int_equal(size, 3);
	assert_int_equal(config->partial_tree.read(config->partial_tree.context, bytes, 3, 0), 0);
	assert_string_equal(bytes, "012");
	free(config);
}

static void refused(struct xen_domain_cfg *cfg, const char *kernel_path, const char *tree_path, int error,
		    const char *words)
{
	struct dom0_domain_cfg entry = { cfg, kernel_path, tree_path };
	struct failure failure = { 0 };

	assert_null(builtin_config(&entry, &failure));
	assert_int_equal(failure.error, error);
	if (!strstr(failure.text, words))
		fail_msg("'%s' isn't in '%s'", words, failure.text);
}

#define REFUSED(error, words, change)                                                                        \
	do {                                                                                                 \
		struct xen_domain_cfg cfg = good_cfg();                                                      \
		change;                                                                                      \
		refused(&cfg, NULL, NULL, error, words);                                                     \
	} while (0)

// What the original's linux_pv_domu has.
static void pv_devices_are_taken_over(void **state)
{
	struct xen_domain_cfg cfg = good_cfg();
	struct dom0_domain_cfg from = { .domain_cfg = &cfg };
	struct failure failure = { 0 };

	(void)state;
	cfg.back_cfg.vifs[1] = (struct pv_net_configuration){
		.configured = true,
		.backend_domain_id = 1,
		.script = "vif-bridge",
		.mac = "08:00:27:ff:cb:cf",
		.bridge = "xenbr0",
		.type = "vif",
		.ip = "192.168.0.2",
	};
	cfg.back_cfg.disks[2] = (struct pv_block_configuration){
		.configured = true,
		.backend_domain_id = 1,
		.backendtype = "phy",
		.format = "raw",
		.target = "/dev/mmcblk1p3",
		.vdev = "xvda",
		.access = "r",
	};
	struct domain_config *config = builtin_config(&from, &failure);
	if (!config)
		fail_msg("%s", failure.text);
	assert_int_equal(config->vif_count, 1);
	assert_memory_equal(config->vifs[0].mac, "\x08\x00\x27\xff\xcb\xcf", 6);
	assert_string_equal(config->vifs[0].backend, "1");
	assert_string_equal(config->vifs[0].bridge, "xenbr0");
	assert_string_equal(config->vifs[0].ip, "192.168.0.2");
	assert_int_equal(config->vifs[0].devid, -1);
	assert_int_equal(config->disk_count, 1);
	assert_string_equal(config->disks[0].target, "/dev/mmcblk1p3");
	assert_string_equal(config->disks[0].vdev, "xvda");
	assert_null(config->disks[0].script);
	assert_true(config->disks[0].read_only);
	assert_int_equal(config->disks[0].backend_type, CONFIG_DISK_BACKEND_PHY);
	free(config);
}

static void what_cannot_be_done_is_refused(void **state)
{
	(void)state;
	REFUSED(-ENOTSUP, "flags 0x80", cfg.flags |= 1u << 7);
	REFUSED(-EINVAL, "back_cfg: mac '00:16:3e:1:2' is wrong",
		(cfg.back_cfg.vifs[2] = (struct pv_net_configuration){ .configured = true, .mac = "00:16:3e:1:2" }));
	REFUSED(-EINVAL, "back_cfg: type 'ioemu' is wrong",
		(cfg.back_cfg.vifs[0] = (struct pv_net_configuration){ .configured = true, .type = "ioemu" }));
	REFUSED(-EINVAL, "back_cfg: access 'x' is wrong",
		(cfg.back_cfg.disks[0] = (struct pv_block_configuration){ .configured = true, .access = "x" }));
	REFUSED(-EINVAL, "back_cfg: format 'tar' is wrong",
		(cfg.back_cfg.disks[0] = (struct pv_block_configuration){ .configured = true, .format = "tar" }));
	REFUSED(-EINVAL, "back_cfg: vdev 'xxxx",
		(cfg.back_cfg.disks[1].configured = true,
		 memset(cfg.back_cfg.disks[1].vdev, 'x', sizeof(cfg.back_cfg.disks[1].vdev))));
	REFUSED(-EINVAL, "gic_version 3", cfg.gic_version = 3);
	REFUSED(-EINVAL, "tee_type 65535", cfg.tee_type = 65535);
	REFUSED(-EINVAL, "get_image_size", cfg.get_image_size = NULL);
	REFUSED(-EINVAL, "load_image_bytes", cfg.load_image_bytes = NULL);
	REFUSED(-EINVAL, "image_dt_get_size", cfg.image_dt_read = load_bytes);
	REFUSED(-EINVAL, "dtb_end", (cfg.dtb_start = tree_bytes + 1, cfg.dtb_end = tree_bytes));
	REFUSED(-EINVAL, "more than 63 bytes", memset(cfg.name, 'n', sizeof(cfg.name)));
	REFUSED(-EINVAL, "more than 63 bytes", memset(cfg.domain_name, 'n', sizeof(cfg.domain_name)));
	REFUSED(-EINVAL, "iomems is missing", cfg.nr_iomems = 1);
}

static void images_can_be_files(void **state)
{
	struct xen_domain_cfg cfg = good_cfg();
	struct dom0_domain_cfg entry = { &cfg, "Image.gz", "guest.dtb" };
	struct domain_config *config = builtin_config(&entry, NULL);

	(void)state;
	assert_non_null(config);
	assert_string_equal(config->kernel_file, "Image.gz");
	assert_string_equal(config->partial_tree_file, "guest.dtb");
	assert_false(image_source_is_given(&config->kernel));
	assert_int_equal(domain_config_find_fault(config, NULL, NULL), 0);
	free(config);
}

// ---- the catalogue ----

static struct xen_domain_cfg first = { .name = "first",
				       .cmdline = "loud",
				       .mem_kb = 4096,
				       .max_vcpus = 1,
				       .load_image_bytes = load_bytes,
				       .get_image_size = get_size };
static struct xen_domain_cfg no_memory = {
	.name = "no_memory", .max_vcpus = 1, .load_image_bytes = load_bytes, .get_image_size = get_size
};
static struct xen_domain_cfg namesake = { .name = "first",
					  .mem_kb = 8192,
					  .max_vcpus = 1,
					  .load_image_bytes = load_bytes,
					  .get_image_size = get_size };
static struct xen_domain_cfg last = { .name = "last",
				      .mem_kb = 8192,
				      .max_vcpus = 1,
				      .load_image_bytes = load_bytes,
				      .get_image_size = get_size };

struct dom0_domain_cfg domain_cfgs[] = {
	{ .domain_cfg = &first },
	{ .domain_cfg = &no_memory },
	{ .domain_cfg = &namesake },
	{ .domain_cfg = &last },
	{ 0 },
};

static void append_name(const char *name, void *context)
{
	strcat(strcat(context, name), " ");
}

static uint64_t memory_of(const char *name)
{
	struct catalog_entry *entry = catalog_find(name, NULL, NULL);
	uint64_t memory = entry ? entry->config.memory_kib : 0;

	catalog_release(entry);
	return memory;
}

static void wrong_ones_are_left_out_of_the_catalogue(void **state)
{
	char names[64] = "";

	(void)state;
	model_start(NULL);
	for (int i = 0; i < 2; i++)
		assert_int_equal(catalog_init(), 0);
	assert_int_equal(catalog_each(append_name, names, NULL), 0);
	assert_string_equal(names, "first last ");
	assert_int_equal(memory_of("first"), 4096);
	assert_int_equal(memory_of("last"), 8192);
	assert_null(catalog_find("no_memory", NULL, NULL));
	assert_null(catalog_find("", NULL, NULL));
	assert_non_null(strstr(model_output(), "configuration 'no_memory': memory of 0 KiB"));
	assert_non_null(strstr(model_output(), "configuration 'first': there is another of this name"));
}

static void a_built_in_one_can_be_changed(void **state)
{
	struct failure failure = { 0 };

	(void)state;
	model_start(NULL);
	assert_int_equal(catalog_init(), 0);
	struct catalog_entry *entry = catalog_find("first", "\nmemory=32\nname=\"other\"", &failure);
	assert_non_null(entry);
	assert_string_equal(entry->config.name, "first");
	assert_string_equal(entry->config.domain_name, "other");
	assert_int_equal(entry->config.memory_kib, 32 << 10);
	assert_string_equal(entry->config.command_line, "loud");
	assert_true(image_source_is_given(&entry->config.kernel));
	catalog_release(entry);

	entry = catalog_find("first", "\nkernel='/1:/Image'\nextra='quiet'", &failure);
	assert_non_null(entry);
	assert_false(image_source_is_given(&entry->config.kernel));
	assert_string_equal(entry->config.kernel_file, "/1:/Image");
	assert_string_equal(entry->config.command_line, "quiet");
	catalog_release(entry);

	assert_null(catalog_find("first", "\nmemory='much'", &failure));
	assert_non_null(strstr(failure.text, "setting 1 behind first: "));
	failure = (struct failure){ 0 };
	assert_null(catalog_find("other", "\nmemory=32", &failure));
	assert_non_null(strstr(failure.text, "there is no configuration 'other'"));
	assert_int_equal(memory_of("first"), 4096); // as it was
}

int main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test(names),
		cmocka_unit_test(sizes),
		cmocka_unit_test(images),
		cmocka_unit_test(lists),
		cmocka_unit_test(files_are_images_to_come),
		cmocka_unit_test(devices),
		cmocka_unit_test(iomem),
		cmocka_unit_test(interrupts),
		cmocka_unit_test(fields_keep_their_meaning),
		cmocka_unit_test(fields_have_defaults),
		cmocka_unit_test(a_tree_can_come_by_callback),
		cmocka_unit_test(pv_devices_are_taken_over),
		cmocka_unit_test(what_cannot_be_done_is_refused),
		cmocka_unit_test(images_can_be_files),
		cmocka_unit_test(wrong_ones_are_left_out_of_the_catalogue),
		cmocka_unit_test(a_built_in_one_can_be_changed),
	};

	return cmocka_run_group_tests(tests, NULL, NULL);
}
