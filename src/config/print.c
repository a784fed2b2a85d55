// SPDX-License-Identifier: Apache-2.0
// A configuration as a file in the syntax of xl.cfg(5). What has its default isn't written.
#include <inttypes.h>
#include <stdarg.h>
#include <stdio.h>
#include <string.h>

#include "config/words.h"
#include "config/xlcfg.h"
#include "kernel/compiler.h"
#include "kernel/terminal.h"

#define PIECE_MAX 128

struct printer {
	config_writer *write;
	void *context;
	const char *between; // before the next element of a list, or option of a device
};

static void put(struct printer *printer, const char *text)
{
	printer->write(text, printer->context);
}

static void put_format(struct printer *printer, const char *format, ...) PRINTF_LIKE(2, 3);

// For numbers and words: at most PIECE_MAX - 1 bytes.
static void put_format(struct printer *printer, const char *format, ...)
{
	char piece[PIECE_MAX];
	va_list arguments;

	va_start(arguments, format);
	vsnprintf(piece, sizeof(piece), format, arguments);
	va_end(arguments);
	put(printer, piece);
}

// What stands between the quotes: a backslash in front of what would end the string or steer a terminal.
static void put_quoted_part(struct printer *printer, const char *text)
{
	char piece[PIECE_MAX];
	size_t length = 0;
	uint8_t last = 0;

	for (; *text; text++) {
		uint8_t c = (uint8_t)*text;

		if (terminal_is_control(last, c))
			length += (size_t)snprintf(piece + length, 5, "\\x%02x", c);
		else if (c == '"' || c == '\\')
			length += (size_t)snprintf(piece + length, 5, "\\%c", c);
		else
			piece[length++] = (char)c;
		last = c;
		if (length >= PIECE_MAX - 5 || !text[1]) {
			piece[length] = '\0';
			put(printer, piece);
			length = 0;
		}
	}
}

static void put_quoted(struct printer *printer, const char *text)
{
	put(printer, "\"");
	put_quoted_part(printer, text);
	put(printer, "\"");
}

// ---- Settings ----

static void print_text(struct printer *printer, const char *key, const char *text)
{
	if (!text)
		return;
	put_format(printer, "%s = ", key);
	put_quoted(printer, text);
	put(printer, "\n");
}

static void print_number(struct printer *printer, const char *key, uint64_t number, uint64_t standard)
{
	if (number != standard)
		put_format(printer, "%s = %" PRIu64 "\n", key, number);
}

static void print_word(struct printer *printer, const char *key, const struct config_word *words,
		       unsigned int value, unsigned int standard)
{
	if (value != standard)
		put_format(printer, "%s = \"%s\"\n", key, config_word_of(words, value));
}

static void print_image(struct printer *printer, const char *key, const struct image_source *image,
			const char *file)
{
	if (!file && image_source_is_given(image))
		put_format(printer, "# %s: %.100s\n", key, image->name);
	print_text(printer, key, file);
}

static void print_uuid(struct printer *printer, const uint8_t *uuid)
{
	if (!uuid)
		return;
	put(printer, "uuid = \"");
	for (unsigned int i = 0; i < 16; i++)
		put_format(printer, "%s%02x", i == 4 || i == 6 || i == 8 || i == 10 ? "-" : "", uuid[i]);
	put(printer, "\"\n");
}

static void print_memory(struct printer *printer, const struct domain_config *config)
{
	if (config->memory_kib % 1024)
		print_number(printer, "memory_kib", config->memory_kib, 0);
	else
		print_number(printer, "memory", config->memory_kib / 1024, 0);
	print_number(printer, "maxmem", config->max_memory_kib / 1024, 0);
}

// ---- Lists ----

static void open_list(struct printer *printer, const char *key)
{
	put_format(printer, "%s = [", key);
	printer->between = " ";
}

static void next_element(struct printer *printer)
{
	put(printer, printer->between);
	printer->between = ", ";
}

static void close_list(struct printer *printer)
{
	put(printer, " ]\n");
}

static void print_texts(struct printer *printer, const char *key, const char *const *texts, uint32_t count)
{
	if (!count)
		return;
	open_list(printer, key);
	for (uint32_t i = 0; i < count; i++) {
		next_element(printer);
		put_quoted(printer, texts[i]);
	}
	close_list(printer);
}

static void print_iomem(struct printer *printer, const struct domain_config *config)
{
	if (!config->iomem_count)
		return;
	open_list(printer, "iomem");
	for (uint32_t i = 0; i < config->iomem_count; i++) {
		const struct config_iomem *range = &config->iomem[i];

		next_element(printer);
		put_format(printer, "\"0x%" PRIx64 ",0x%" PRIx64, range->first_mfn, range->frames);
		if (range->first_gfn != CONFIG_GFN_SAME)
			put_format(printer, "@0x%" PRIx64, range->first_gfn);
		put(printer, "\"");
	}
	close_list(printer);
}

static void print_irqs(struct printer *printer, const struct domain_config *config)
{
	if (!config->irq_count)
		return;
	open_list(printer, "irqs");
	for (uint32_t i = 0; i < config->irq_count; i++) {
		next_element(printer);
		put_format(printer, "%" PRIu32, config->irqs[i]);
	}
	close_list(printer);
}

static void print_quotas(struct printer *printer, const struct domain_config *config)
{
	if (!config->quota_count)
		return;
	open_list(printer, "xenstore_quota");
	for (uint32_t i = 0; i < config->quota_count; i++) {
		next_element(printer);
		put(printer, "\"");
		put_quoted_part(printer, config->quotas[i].name);
		put_format(printer, "=%" PRIu32 "\"", config->quotas[i].limit);
	}
	close_list(printer);
}

static void put_cpus(struct printer *printer, const struct cpu_set *cpus)
{
	char text[CPU_SET_CPUS * sizeof("127,")];

	cpu_set_print(cpus, CPU_SET_CPUS, text, sizeof(text));
	put_format(printer, "\"%s\"", cpu_set_count(cpus) ? text : "");
}

// One set where all virtual CPUs have the same.
static void print_cpus(struct printer *printer, const char *key, const struct cpu_set *sets, uint32_t count,
		       uint32_t vcpus)
{
	bool is_one = count >= vcpus;

	if (!count)
		return;
	for (uint32_t i = 1; i < count; i++)
		is_one &= !memcmp(&sets[0], &sets[i], sizeof(sets[0]));
	if (is_one) {
		put_format(printer, "%s = ", key);
		put_cpus(printer, &sets[0]);
		put(printer, "\n");
		return;
	}
	open_list(printer, key);
	for (uint32_t i = 0; i < count; i++) {
		next_element(printer);
		put_cpus(printer, &sets[i]);
	}
	close_list(printer);
}

// ---- Devices: options with commas between them, a device in a line ----

static void open_device(struct printer *printer)
{
	put(printer, "\n\t\"");
	printer->between = "";
}

static void next_option(struct printer *printer, const char *name)
{
	put(printer, printer->between);
	put(printer, name);
	printer->between = ",";
}

static void put_option(struct printer *printer, const char *name, const char *value)
{
	if (!value)
		return;
	next_option(printer, name);
	put(printer, "=");
	put_quoted_part(printer, value);
}

static void put_flag(struct printer *printer, const char *name, bool is_set)
{
	if (is_set)
		next_option(printer, name);
}

static void put_word_option(struct printer *printer, const char *name, const struct config_word *words,
			    unsigned int value, unsigned int standard)
{
	if (value != standard)
		put_option(printer, name, config_word_of(words, value));
}

static void put_mac(struct printer *printer, const uint8_t *mac)
{
	if (!mac)
		return;
	next_option(printer, "mac");
	for (unsigned int i = 0; i < CONFIG_MAC_SIZE; i++)
		put_format(printer, "%c%02x", i ? ':' : '=', mac[i]);
}

static void put_rate(struct printer *printer, const struct config_vif *vif)
{
	static const struct {
		const char *letter;
		uint64_t factor;
	} units[] = { { "G", 1000 * 1000 * 1000 }, { "M", 1000 * 1000 }, { "K", 1000 }, { "", 1 } };
	size_t unit = 0;

	if (!vif->bytes_per_second)
		return;
	while (vif->bytes_per_second % units[unit].factor)
		unit++;
	next_option(printer, "rate");
	put_format(printer, "=%" PRIu64 "%sB/s", vif->bytes_per_second / units[unit].factor,
		   units[unit].letter);
	if (vif->interval_us)
		put_format(printer, "@%" PRIu32 "us", vif->interval_us);
}

static void put_vif(struct printer *printer, const struct config_vif *vif)
{
	put_mac(printer, vif->mac);
	put_option(printer, "bridge", vif->bridge);
	put_option(printer, "backend", vif->backend);
	put_option(printer, "gatewaydev", vif->gateway);
	put_option(printer, "ip", vif->ip);
	put_option(printer, "script", vif->script);
	put_option(printer, "vifname", vif->name);
	put_option(printer, "vlan", vif->vlan);
	put_rate(printer, vif);
	if (vif->mtu) {
		next_option(printer, "mtu");
		put_format(printer, "=%" PRIu32, vif->mtu);
	}
	if (vif->devid >= 0) {
		next_option(printer, "devid");
		put_format(printer, "=%" PRId32, vif->devid);
	}
	put_flag(printer, "untrusted", vif->untrusted);
}

// The target comes last, since it may have commas in it; a comma at its end wants another.
static void put_disk(struct printer *printer, const struct config_disk *disk)
{
	put_option(printer, "vdev", disk->vdev);
	put_word_option(printer, "format", config_disk_format_words, disk->format, CONFIG_DISK_RAW);
	put_option(printer, "access", disk->read_only ? "ro" : NULL);
	put_option(printer, "backend", disk->backend);
	put_word_option(printer, "backendtype", config_disk_backend_words, disk->backend_type,
			CONFIG_DISK_BACKEND_DEFAULT);
	put_word_option(printer, "specification", config_disk_protocol_words, disk->protocol,
			CONFIG_DISK_XEN);
	put_option(printer, "script", disk->script);
	put_flag(printer, "cdrom", disk->cdrom);
	put_flag(printer, "direct-io-safe", disk->direct_io_safe);
	put_flag(printer, "no-discard", disk->no_discard);
	put_flag(printer, "untrusted", disk->untrusted);
	if (!disk->target)
		return;
	put_option(printer, "target", disk->target);
	if (disk->target[strlen(disk->target) - 1] == ',')
		put(printer, ",");
}

static void print_vifs(struct printer *printer, const struct domain_config *config)
{
	if (!config->vif_count)
		return;
	put(printer, "vif = [");
	for (uint32_t i = 0; i < config->vif_count; i++) {
		open_device(printer);
		put_vif(printer, &config->vifs[i]);
		put(printer, "\",");
	}
	put(printer, "\n]\n");
}

static void print_disks(struct printer *printer, const struct domain_config *config)
{
	if (!config->disk_count)
		return;
	put(printer, "disk = [");
	for (uint32_t i = 0; i < config->disk_count; i++) {
		open_device(printer);
		put_disk(printer, &config->disks[i]);
		put(printer, "\",");
	}
	put(printer, "\n]\n");
}

// ---- All of it ----

static void print_actions(struct printer *printer, const struct domain_config *config)
{
	static const char *const keys[CONFIG_ENDS] = {
		[CONFIG_END_POWEROFF] = "on_poweroff",     [CONFIG_END_REBOOT] = "on_reboot",
		[CONFIG_END_WATCHDOG] = "on_watchdog",     [CONFIG_END_CRASH] = "on_crash",
		[CONFIG_END_SOFT_RESET] = "on_soft_reset",
	};

	for (size_t i = 0; i < CONFIG_ENDS; i++)
		print_word(printer, keys[i], config_action_words, config->actions[i], CONFIG_ACTION_DEFAULT);
}

static void print_limits(struct printer *printer, const struct domain_config *config)
{
	// -1, Xen's default, isn't written.
	if (config->max_grant_frames >= 0)
		put_format(printer, "max_grant_frames = %" PRId32 "\n", config->max_grant_frames);
	if (config->max_maptrack_frames >= 0)
		put_format(printer, "max_maptrack_frames = %" PRId32 "\n", config->max_maptrack_frames);
	print_number(printer, "max_event_channels", config->max_event_channels, 0);
	print_number(printer, "nr_spis", config->nr_spis, 0);
}

void config_print(const struct domain_config *config, config_writer *write, void *context)
{
	struct printer printer = { .write = write, .context = context };

	put_format(&printer, "# %.*s\n", DOMAIN_NAME_MAX, config->name);
	print_text(&printer, "name", config->domain_name);
	print_uuid(&printer, config->uuid);
	print_image(&printer, "kernel", &config->kernel, config->kernel_file);
	print_image(&printer, "ramdisk", &config->ramdisk, config->ramdisk_file);
	print_image(&printer, "device_tree", &config->partial_tree, config->partial_tree_file);
	print_text(&printer, "cmdline", *config->command_line ? config->command_line : NULL);
	print_memory(&printer, config);
	print_number(&printer, "vcpus", config->vcpus, 0);
	print_number(&printer, "maxvcpus", config->max_vcpus, 0);
	print_cpus(&printer, "cpus", config->cpus, config->cpu_count, config_max_vcpus(config));
	print_cpus(&printer, "cpus_soft", config->soft_cpus, config->soft_cpu_count, config_max_vcpus(config));
	print_text(&printer, "pool", config->pool);
	print_number(&printer, "cpu_weight", config->cpu_weight, 0);
	print_number(&printer, "cap", config->cap, 0);
	print_actions(&printer, config);
	print_text(&printer, "seclabel", config->security_label);
	print_number(&printer, "ssidref", config->ssidref, 0);
	print_limits(&printer, config);
	print_word(&printer, "gic_version", config_gic_words, config->gic, CONFIG_GIC_DEFAULT);
	print_word(&printer, "tee", config_tee_words, config->tee, CONFIG_TEE_NONE);
	print_text(&printer, "arm_sci", config->scmi ? "type=scmi_smc" : NULL);
	print_text(&printer, "vuart", config->vuart ? "sbsa_uart" : NULL);
	print_iomem(&printer, config);
	print_irqs(&printer, config);
	print_texts(&printer, "dtdev", config->dtdevs, config->dtdev_count);
	print_text(&printer, "passthrough", config->iommu ? "enabled" : NULL);
	print_vifs(&printer, config);
	print_disks(&printer, config);
	print_number(&printer, "autostart", config->autostart, 0);
	print_texts(&printer, "autostart_wait", config->autostart_waits, config->autostart_wait_count);
	print_number(&printer, "autostart_timeout", config->autostart_timeout, 0);
	print_word(&printer, "console_log", config_console_log_words, config->console_log, CONFIG_CONSOLE_DEFAULT);
	print_number(&printer, "paused", config->paused, 0);
	print_quotas(&printer, config);
	print_texts(&printer, "dt_passthrough", config->dt_passthrough, config->dt_passthrough_count);
	print_texts(&printer, "machine_compatible", config->machine_compatible,
		    config->machine_compatible_count);
}
