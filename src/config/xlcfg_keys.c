// SPDX-License-Identifier: Apache-2.0
// The keys of a configuration file: one table, and how the value of each kind is taken.
#include "config/xlcfg_keys.h"

#include <ctype.h>
#include <errno.h>
#include <string.h>

#include "kernel/compiler.h"
#include "kernel/task.h"

#define MEMORY_MIB_MAX ((int64_t)1 << 32) // beyond what the architecture knows, and far from overflow

static void *field(struct xlcfg_reader *reader, size_t offset)
{
	return (char *)&reader->file->config + offset;
}

// ---- Single values ----

static int take_text(struct xlcfg_reader *reader, const struct xlcfg_key *key,
		     const struct xlcfg_value *value)
{
	*(const char **)field(reader, key->offset) = value->text;
	return 0;
}

static int take_file(struct xlcfg_reader *reader, const struct xlcfg_key *key,
		     const struct xlcfg_value *value)
{
	if (!*value->text)
		return xlcfg_refuse(reader, value->position, "%s: the name of a file is missing", key->name);
	return take_text(reader, key, value);
}

static int take_u32(struct xlcfg_reader *reader, const struct xlcfg_key *key, const struct xlcfg_value *value)
{
	int64_t number;
	int error = xlcfg_number(reader, value, key->name, key->least, key->most, &number);

	if (!error)
		*(uint32_t *)field(reader, key->offset) = (uint32_t)number;
	return error;
}

static int take_i32(struct xlcfg_reader *reader, const struct xlcfg_key *key, const struct xlcfg_value *value)
{
	int64_t number;
	int error = xlcfg_number(reader, value, key->name, key->least, key->most, &number);

	if (!error)
		*(int32_t *)field(reader, key->offset) = (int32_t)number;
	return error;
}

static int take_mib(struct xlcfg_reader *reader, const struct xlcfg_key *key, const struct xlcfg_value *value)
{
	int64_t number;
	int error = xlcfg_number(reader, value, key->name, key->least, key->most, &number);

	if (!error)
		*(uint64_t *)field(reader, key->offset) = KIB(number);
	return error;
}

static int take_kib(struct xlcfg_reader *reader, const struct xlcfg_key *key, const struct xlcfg_value *value)
{
	int64_t number;
	int error = xlcfg_number(reader, value, key->name, key->least, key->most, &number);

	if (!error)
		*(uint64_t *)field(reader, key->offset) = (uint64_t)number;
	return error;
}

static int take_bool(struct xlcfg_reader *reader, const struct xlcfg_key *key,
		     const struct xlcfg_value *value)
{
	int64_t number;
	int error = xlcfg_number(reader, value, key->name, key->least, key->most, &number);

	if (!error)
		*(bool *)field(reader, key->offset) = number;
	return error;
}

static int take_word(struct xlcfg_reader *reader, const struct xlcfg_key *key,
		     const struct xlcfg_value *value)
{
	unsigned int meaning;
	int error = xlcfg_word(reader, value->position, key->name, key->words, value->text, &meaning);

	if (!error)
		memcpy(field(reader, key->offset), &meaning, sizeof(meaning)); // the enums are of this size
	return error;
}

static int take_flag_word(struct xlcfg_reader *reader, const struct xlcfg_key *key,
			  const struct xlcfg_value *value)
{
	unsigned int meaning;
	int error = xlcfg_word(reader, value->position, key->name, key->words, value->text, &meaning);

	if (!error)
		*(bool *)field(reader, key->offset) = meaning;
	return error;
}

// Only what it doesn't say matters: every domain on Arm64 is what xl calls PVH, also where a file says PV.
static int check_word(struct xlcfg_reader *reader, const struct xlcfg_key *key,
		      const struct xlcfg_value *value)
{
	unsigned int meaning;

	return xlcfg_word(reader, value->position, key->name, key->words, value->text, &meaning);
}

// 8-4-4-4-12 hexadecimal digits.
static bool parse_uuid(const char *text, uint8_t uuid[16])
{
	for (unsigned int i = 0; i < 16; i++) {
		bool dash = i == 4 || i == 6 || i == 8 || i == 10;

		if (dash && *text++ != '-')
			return false;
		if (!isxdigit((unsigned char)text[0]) || !isxdigit((unsigned char)text[1]))
			return false;
		const char pair[] = { text[0], text[1], '\0' }, *digits = pair;
		uint64_t byte = 0;
		xlcfg_digits(&digits, 16, &byte);
		uuid[i] = (uint8_t)byte;
		text += 2;
	}
	return !*text;
}

static int take_uuid(struct xlcfg_reader *reader, const struct xlcfg_key *key,
		     const struct xlcfg_value *value)
{
	uint8_t *uuid = xlcfg_alloc(reader, 16, 1);

	if (!uuid)
		return -ENOMEM;
	if (!parse_uuid(value->text, uuid))
		return xlcfg_refuse(reader, value->position,
				    "uuid: '%.40s': give hexadecimal digits in groups of 8-4-4-4-12",
				    value->text);
	*(const uint8_t **)field(reader, key->offset) = uuid;
	return 0;
}

// ---- Lists ----

// Makes an array of the list's elements.
static int take_list(struct xlcfg_reader *reader, const struct xlcfg_key *key, const struct xlcfg_value *list)
{
	char *array = xlcfg_alloc(reader, list->count, key->element_size), *element = array;

	if (!array)
		return -ENOMEM;
	for (const struct xlcfg_value *value = list->first; value; value = value->next) {
		if (value->is_list)
			return xlcfg_refuse(reader, value->position,
					    "%s: a list stands where a single value belongs", key->name);
		int error = key->take_element(reader, value, element);
		if (error)
			return error;
		element += key->element_size;
		if (task_should_yield())
			task_yield();
	}
	*(void **)field(reader, key->offset) = list->count ? array : NULL;
	*(uint32_t *)field(reader, key->count_offset) = list->count;
	return 0;
}

static int text_element(struct xlcfg_reader *reader, const struct xlcfg_value *value, void *element)
{
	(void)reader;
	*(const char **)element = value->text;
	return 0;
}

// Decimal, as with xl: a 0 in front isn't octal here.
static int irq_element(struct xlcfg_reader *reader, const struct xlcfg_value *value, void *element)
{
	const char *end = value->text;
	uint64_t number;

	if (!xlcfg_digits(&end, 10, &number) || *end || number > UINT32_MAX)
		return xlcfg_refuse(reader, value->position, "irqs: '%.40s' is not a decimal number",
				    value->text);
	*(uint32_t *)element = (uint32_t)number;
	return 0;
}

static void skip_blanks(const char **text)
{
	*text += strspn(*text, " \t");
}

// "START,NUMBER[@GFN]", all of them hexadecimal frame numbers.
static bool parse_iomem(const char *text, struct config_iomem *range)
{
	range->first_gfn = CONFIG_GFN_SAME;
	skip_blanks(&text);
	if (!xlcfg_digits(&text, 16, &range->first_mfn) || *text++ != ',')
		return false;
	skip_blanks(&text);
	if (!xlcfg_digits(&text, 16, &range->frames))
		return false;
	if (*text != '@')
		return !*text;
	text++;
	skip_blanks(&text);
	return xlcfg_digits(&text, 16, &range->first_gfn) && !*text;
}

static int iomem_element(struct xlcfg_reader *reader, const struct xlcfg_value *value, void *element)
{
	if (parse_iomem(value->text, element))
		return 0;
	return xlcfg_refuse(
		reader, value->position,
		"iomem: '%.40s': give \"START,NUMBER\" or \"START,NUMBER@GFN\", hexadecimal frames",
		value->text);
}

// "NAME=LIMIT". Which names there are, the store knows.
static int quota_element(struct xlcfg_reader *reader, const struct xlcfg_value *value, void *element)
{
	struct config_quota *quota = element;
	const char *sign = strchr(value->text, '='), *end = sign ? sign + 1 : NULL;
	uint64_t limit = 0;

	if (!sign || sign == value->text || !xlcfg_digits(&end, 10, &limit) || *end || limit > UINT32_MAX)
		return xlcfg_refuse(reader, value->position,
				    "xenstore_quota: '%.40s': give \"NAME=LIMIT\", such as \"nodes=100\"",
				    value->text);
	quota->name = xlcfg_text(reader, value->text, (size_t)(sign - value->text));
	quota->limit = (uint32_t)limit;
	return quota->name ? 0 : -ENOMEM;
}

static int vif_element(struct xlcfg_reader *reader, const struct xlcfg_value *value, void *element)
{
	return xlcfg_vif(reader, value, element);
}

static int disk_element(struct xlcfg_reader *reader, const struct xlcfg_value *value, void *element)
{
	return xlcfg_disk(reader, value, element);
}

// For keys of which several make one thing: xlcfg.c combines them.
static int take_later(struct xlcfg_reader *reader, const struct xlcfg_key *key,
		      const struct xlcfg_value *value)
{
	(void)reader, (void)key, (void)value;
	return 0;
}

// ---- The table ----

#define KEY(word, ...) { .name = word, __VA_ARGS__ }
#define AT(member) .offset = offsetof(struct domain_config, member)
#define LIST(array, count, function)                                                                         \
	.apply = take_list, AT(array), .count_offset = offsetof(struct domain_config, count),                \
	.take_element = function, .element_size = sizeof(*((struct domain_config *)NULL)->array)
#define ACTION(end)                                                                                          \
	.offset = offsetof(struct domain_config, actions) + (end) * sizeof(enum config_action),              \
	.words = config_action_words
#define RANGE(from, to) .is_number = true, .least = from, .most = to
#define U32             RANGE(0, UINT32_MAX)

static const struct config_word type_words[] = { { "pvh", 0 }, { "pv", 0 }, { 0 } };
static const struct config_word builder_words[] = { { "generic", 0 }, { 0 } };
static const struct config_word sci_words[] = { { "type=none", false }, { "type=scmi_smc", true }, { 0 } };
static const struct config_word vuart_words[] = { { "sbsa_uart", true }, { 0 } };

const struct xlcfg_key xlcfg_keys[] = {
	KEY("name", .apply = take_text, AT(domain_name)),
	KEY("uuid", .apply = take_uuid, AT(uuid)),
	KEY("type", .apply = check_word, .words = type_words),
	KEY("builder", .apply = check_word, .words = builder_words),

	KEY("kernel", .apply = take_file, AT(kernel_file)),
	KEY("ramdisk", .apply = take_file, AT(ramdisk_file)),
	KEY("device_tree", .apply = take_file, AT(partial_tree_file)),
	KEY("cmdline", .apply = take_later),
	KEY("root", .apply = take_later),
	KEY("extra", .apply = take_later),

	KEY("memory", .apply = take_mib, AT(memory_kib), RANGE(1, MEMORY_MIB_MAX)),
	KEY("maxmem", .apply = take_mib, AT(max_memory_kib), RANGE(1, MEMORY_MIB_MAX)),
	KEY("vcpus", .apply = take_u32, AT(vcpus), U32),
	KEY("maxvcpus", .apply = take_u32, AT(max_vcpus), RANGE(1, UINT32_MAX)),
	KEY("cpus", .apply = take_later, .may_be_list = true),
	KEY("cpus_soft", .apply = take_later, .may_be_list = true),
	KEY("pool", .apply = take_text, AT(pool)),
	KEY("cpu_weight", .apply = take_u32, AT(cpu_weight), RANGE(1, UINT32_MAX)),
	KEY("cap", .apply = take_u32, AT(cap), U32),

	KEY("on_poweroff", .apply = take_word, ACTION(CONFIG_END_POWEROFF)),
	KEY("on_reboot", .apply = take_word, ACTION(CONFIG_END_REBOOT)),
	KEY("on_watchdog", .apply = take_word, ACTION(CONFIG_END_WATCHDOG)),
	KEY("on_crash", .apply = take_word, ACTION(CONFIG_END_CRASH)),
	KEY("on_soft_reset", .apply = take_word, ACTION(CONFIG_END_SOFT_RESET)),

	KEY("seclabel", .apply = take_text, AT(security_label)),
	KEY("ssidref", .apply = take_u32, AT(ssidref), U32),
	KEY("max_grant_frames", .apply = take_i32, AT(max_grant_frames), RANGE(0, INT32_MAX)),
	KEY("max_maptrack_frames", .apply = take_i32, AT(max_maptrack_frames), RANGE(0, INT32_MAX)),
	KEY("max_event_channels", .apply = take_u32, AT(max_event_channels), U32),

	KEY("gic_version", .apply = take_word, AT(gic), .words = config_gic_words),
	KEY("nr_spis", .apply = take_u32, AT(nr_spis), U32),
	KEY("tee", .apply = take_word, AT(tee), .words = config_tee_words),
	KEY("arm_sci", .apply = take_flag_word, AT(scmi), .words = sci_words),
	KEY("vuart", .apply = take_flag_word, AT(vuart), .words = vuart_words),

	KEY("iomem", LIST(iomem, iomem_count, iomem_element)),
	KEY("irqs", LIST(irqs, irq_count, irq_element)),
	KEY("dtdev", LIST(dtdevs, dtdev_count, text_element)),
	KEY("passthrough", .apply = take_later),
	KEY("xenstore_quota", LIST(quotas, quota_count, quota_element)),
	KEY("vif", LIST(vifs, vif_count, vif_element)),
	KEY("disk", LIST(disks, disk_count, disk_element)),

	// Not xl's.
	KEY("autostart", .apply = take_u32, AT(autostart), U32),
	KEY("autostart_wait", LIST(autostart_waits, autostart_wait_count, text_element)),
	KEY("autostart_timeout", .apply = take_u32, AT(autostart_timeout), RANGE(1, UINT32_MAX)),
	KEY("console_log", .apply = take_word, AT(console_log), .words = config_console_log_words),
	KEY("paused", .apply = take_bool, AT(paused), RANGE(0, INT64_MAX)),
	KEY("memory_kib", .apply = take_kib, AT(memory_kib), RANGE(1, MEMORY_MIB_MAX * 1024)),
	KEY("dt_passthrough", LIST(dt_passthrough, dt_passthrough_count, text_element)),
	KEY("machine_compatible", LIST(machine_compatible, machine_compatible_count, text_element)),
	{ 0 },
};

// Keys of xl without a meaning on Arm64, or for a guest without emulated devices.
const char *const xlcfg_meaningless_keys[] = {
	"acpi_firmware", "acpi_laptop_slate", "acpi_s3", "acpi_s4", "altp2m", "altp2m_count", "altp2mhvm",
	"apic", "bios", "bios_path_override", "blkdev_start", "boot", "bootloader_args",
	"bootloader_restrict", "bootloader_user", "cpuid", "device_model_args", "device_model_args_hvm",
	"device_model_args_pv", "device_model_override", "device_model_stubdomain_override",
	"device_model_stubdomain_seclabel", "device_model_user", "device_model_version", "dm_restrict",
	"e820_host", "firmware_override", "gfx_passthru", "hap", "hdtype", "hpet", "hvm_pirq", "ioports",
	"keymap", "localtime", "mca_caps", "mmio_hole", "ms_vm_genid", "msr_relaxed", "nestedhvm",
	"nographic", "nomigrate", "nx", "oos", "opengl", "pae", "pvshim", "pvshim_cmdline", "pvshim_extra",
	"pvshim_path", "rdm", "rdm_mem_boundary", "rtc_timeoffset", "sdl", "serial", "smbios",
	"smbios_firmware", "soundhw", "spice", "spice_clipboard_sharing", "spice_image_compression",
	"spice_streaming_video", "spiceagent_mouse", "spicedisable_ticketing", "spicehost", "spicepasswd",
	"spiceport", "spicetls_port", "spiceusbredirection", "spicevdagent", "stdvga", "stubdomain_cmdline",
	"stubdomain_kernel", "stubdomain_memory", "stubdomain_ramdisk", "timer_mode", "tsc_mode", "usb",
	"usbdevice", "usbversion", "vendor_device", "vga", "videoram", "viridian", "vkb_device",
	"vmtrace_buf_kb", "vnc", "vncdisplay", "vnclisten", "vncpasswd", "vncunused", "vncviewer", "vnuma",
	"vpt_align", "xen_platform_pci", "xen_platform_pci_bar_uc", NULL,
};

// Keys of xl that would have a meaning, which this version doesn't know.
const char *const xlcfg_unsupported_keys[] = {
	"acpi", "bootloader", "channel", "claim_mode", "driver_domain", "extratime",
	"firmware", "init_seclabel", "latency", "llc_colors", "max_grant_version", "p9", "pci",
	"pci_msitranslate", "pci_permissive", "pci_power_mgmt", "pci_seize", "period", "pvcalls",
	"shadow_memory", "slice", "sve", "trap_unmapped_accesses", "usbctrl", "usbdev", "vdispl", "vfb",
	"virtio", "vkb", "vpmu", "vsnd", "vtpm", "xend_suspend_evtchn_compat", "xenstore_feature_mask",
	NULL,
};
