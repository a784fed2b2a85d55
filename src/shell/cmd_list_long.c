// SPDX-License-Identifier: Apache-2.0
// Domains in all detail, as `xl list -l` shows them: libxl's domain_config (tools/libs/light/libxl_types.idl) as JSON.
// What isn't given is left out, as libxl does.
#include <inttypes.h>
#include <stdio.h>

#include "config/words.h"
#include "domain/domain.h"
#include "domain/pool.h"
#include "domain/store_nodes.h"
#include "domain/uuid.h"
#include "kernel/compiler.h"
#include "shell/commands.h"
#include "shell/domains.h"
#include "shell/json.h"
#include "xen/flask.h"
#include "xenstore/xenstore.h"

// A number that 0 leaves out.
static void given_number(struct json *json, const char *key, uint64_t number)
{
	if (number)
		json_number(json, key, number);
}

static void print_identity(struct json *json, const struct domain_info *info, const struct domain_config *config)
{
	char name[DOMAIN_NAME_MAX], uuid[UUID_TEXT_SIZE], label[FLASK_LABEL_MAX], pool[POOL_NAME_MAX];

	json_open(json, "c_info", '{');
	json_text(json, "type", "pvh");
	if (info) {
		domain_name(info->domid, name, sizeof(name));
		json_text(json, "name", name);
		uuid_print(info->handle, uuid);
		json_text(json, "uuid", uuid);
		json_text(json, "ssid_label", flask_label_of_sid(info->ssidref, label) ? NULL : label);
		pool_name(info->cpupool, pool);
		json_text(json, "pool_name", pool);
	} else {
		json_text(json, "name", config->domain_name ? config->domain_name : config->name);
		if (config->uuid) {
			uuid_print(config->uuid, uuid);
			json_text(json, "uuid", uuid);
		}
		json_text(json, "ssid_label", config->security_label);
		json_text(json, "pool_name", config->pool);
	}
	json_close(json, '}');
}

static void print_cpus(struct json *json, const struct domain_info *info, const struct domain_config *config)
{
	uint32_t most = info ? info->max_vcpus : config_max_vcpus(config);
	struct vcpu_info_summary vcpu;

	json_number(json, "max_vcpus", most);
	json_open(json, "avail_vcpus", '[');
	for (uint32_t i = 0; i < most; i++)
		if (info ? !domctl_get_vcpu_info(info->domid, i, &vcpu) && vcpu.online : i < config->vcpus)
			json_number(json, NULL, i);
	json_close(json, ']');
}

static void print_memory(struct json *json, const struct domain_info *info, const struct domain_config *config)
{
	uint64_t most = config ? config_max_memory(config) : 0, target = config ? config->memory_kib : 0;

	if (info) {
		char path[STORE_PATH_SIZE], text[24];

		if (info->max_pages < UINT32_MAX && !config) // Xen's answer for a domain without a limit is more
			most = info->max_pages * (PAGE_SIZE / 1024);
		target = info->pages * (PAGE_SIZE / 1024);
		store_home_path(info->domid, "memory/target", path);
		if (xs_read(XS_NO_TRANSACTION, path, text, sizeof(text)) > 0)
			shell_number(text, UINT64_MAX, &target);
	}
	given_number(json, "max_memkb", most);
	json_number(json, "target_memkb", target);
}

static const char *image_name(const char *file, const struct image_source *image)
{
	return file || !image_source_is_given(image) ? file : image->name;
}

static void print_iomem(struct json *json, const struct domain_config *config)
{
	if (!config->iomem_count)
		return;
	json_open(json, "iomem", '[');
	for (uint32_t i = 0; i < config->iomem_count; i++) {
		json_open(json, NULL, '{');
		json_number(json, "start", config->iomem[i].first_mfn);
		json_number(json, "number", config->iomem[i].frames);
		json_number(json, "gfn", config_iomem_gfn(&config->iomem[i]));
		json_close(json, '}');
	}
	json_close(json, ']');
}

// What a configuration alone tells.
static void print_build(struct json *json, const struct domain_config *config)
{
	if (config->max_grant_frames >= 0)
		json_number(json, "max_grant_frames", (uint64_t)config->max_grant_frames);
	if (config->max_maptrack_frames >= 0)
		json_number(json, "max_maptrack_frames", (uint64_t)config->max_maptrack_frames);
	json_open(json, "sched_params", '{');
	given_number(json, "weight", config->cpu_weight);
	given_number(json, "cap", config->cap);
	json_close(json, '}');
	if (config->irq_count) {
		json_open(json, "irqs", '[');
		for (uint32_t i = 0; i < config->irq_count; i++)
			json_number(json, NULL, config->irqs[i]);
		json_close(json, ']');
	}
	print_iomem(json, config);
	given_number(json, "event_channels", config->max_event_channels);
	json_text(json, "kernel", image_name(config->kernel_file, &config->kernel));
	json_text(json, "cmdline", config->command_line);
	json_text(json, "ramdisk", image_name(config->ramdisk_file, &config->ramdisk));
	json_text(json, "device_tree", image_name(config->partial_tree_file, &config->partial_tree));
	if (config->tee)
		json_text(json, "tee", config_word_of(config_tee_words, config->tee));
	json_open(json, "arch_arm", '{');
	json_text(json, "gic_version", config_word_of(config_gic_words, config->gic));
	given_number(json, "nr_spis", config->nr_spis);
	if (config->scmi) {
		json_open(json, "arm_sci", '{');
		json_text(json, "type", "scmi_smc");
		json_close(json, '}');
	}
	json_close(json, '}');
}

static void print_disk(struct json *json, const struct config_disk *disk)
{
	json_open(json, NULL, '{');
	json_text(json, "backend_domname", disk->backend);
	json_text(json, "pdev_path", disk->target);
	json_text(json, "vdev", disk->vdev);
	json_text(json, "format", config_word_of(config_disk_format_words, disk->format));
	json_text(json, "script", disk->script);
	json_number(json, "readwrite", !disk->read_only);
	json_number(json, "is_cdrom", disk->cdrom);
	json_bool(json, "direct_io_safe", disk->direct_io_safe);
	json_bool(json, "discard_enable", !disk->no_discard);
	json_bool(json, "trusted", !disk->untrusted);
	json_close(json, '}');
}

static void print_nic(struct json *json, const struct config_vif *vif, uint32_t place)
{
	char mac[3 * CONFIG_MAC_SIZE + 1]; // with a colon too many at first

	json_open(json, NULL, '{');
	json_text(json, "backend_domname", vif->backend);
	json_number(json, "devid", vif->devid < 0 ? place : (uint32_t)vif->devid);
	given_number(json, "mtu", vif->mtu);
	if (vif->mac) {
		for (unsigned int i = 0; i < CONFIG_MAC_SIZE; i++)
			snprintf(mac + 3 * i, 4, "%02x:", vif->mac[i]);
		mac[sizeof(mac) - 2] = '\0';
		json_text(json, "mac", mac);
	}
	json_text(json, "ip", vif->ip);
	json_text(json, "bridge", vif->bridge);
	json_text(json, "ifname", vif->name);
	json_text(json, "script", vif->script);
	given_number(json, "rate_bytes_per_interval",
		     vif->bytes_per_second * (vif->interval_us ? vif->interval_us : 50000) / 1000000);
	json_text(json, "gatewaydev", vif->gateway);
	json_text(json, "vlan", vif->vlan);
	json_bool(json, "trusted", !vif->untrusted);
	json_close(json, '}');
}

static void print_devices(struct json *json, const struct domain_config *config)
{
	if (config->disk_count) {
		json_open(json, "disks", '[');
		for (uint32_t i = 0; i < config->disk_count; i++)
			print_disk(json, &config->disks[i]);
		json_close(json, ']');
	}
	if (config->vif_count) {
		json_open(json, "nics", '[');
		for (uint32_t i = 0; i < config->vif_count; i++)
			print_nic(json, &config->vifs[i], i);
		json_close(json, ']');
	}
	if (config->dtdev_count) {
		json_open(json, "dtdevs", '[');
		for (uint32_t i = 0; i < config->dtdev_count; i++) {
			json_open(json, NULL, '{');
			json_text(json, "path", config->dtdevs[i]);
			json_close(json, '}');
		}
		json_close(json, ']');
	}
}

static void print_actions(struct json *json, const struct domain_config *config)
{
	static const char *const keys[] = {
		[CONFIG_END_POWEROFF] = "on_poweroff",
		[CONFIG_END_REBOOT] = "on_reboot",
		[CONFIG_END_WATCHDOG] = "on_watchdog",
		[CONFIG_END_CRASH] = "on_crash",
		[CONFIG_END_SOFT_RESET] = "on_soft_reset",
	};

	for (unsigned int end = 0; end < CONFIG_ENDS; end++)
		json_text(json, keys[end], config_word_of(config_action_words, config_action(config, end)));
}

void list_long(struct json *json, const struct domain_info *info, const struct domain_config *config)
{
	json_open(json, NULL, '{');
	if (info)
		json_number(json, "domid", info->domid);
	else
		json_null(json, "domid");
	json_open(json, "config", '{');
	print_identity(json, info, config);
	json_open(json, "b_info", '{');
	print_cpus(json, info, config);
	print_memory(json, info, config);
	if (config)
		print_build(json, config);
	json_close(json, '}');
	if (config) {
		print_devices(json, config);
		print_actions(json, config);
	}
	json_close(json, '}');
	json_close(json, '}');
}
