// SPDX-License-Identifier: Apache-2.0
// struct xen_domain_cfg turned into struct domain_config: arrays and numbers are handed on or copied,
// callbacks become image sources. What a field of the one means and the other can't say is refused, never
// dropped.
#include "config/builtin.h"

#include <errno.h>
#include <inttypes.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include "config/words.h"
#include "kernel/compiler.h"

#define IMAGE_NAME_MAX (CONTAINER_NAME_SIZE + 32)
#define BACKEND_SIZE   sizeof("-2147483648")

// An image in this program's own memory.
struct memory_image {
	const char *start, *end;
	char name[IMAGE_NAME_MAX];
};

struct builtin {
	struct domain_config config; // first: free() of it frees all
	const struct xen_domain_cfg *from;
	char kernel_name[IMAGE_NAME_MAX], tree_name[IMAGE_NAME_MAX];
	struct memory_image tree, ramdisk;
	struct config_vif vifs[MAX_PV_NET_DEVICES];
	struct config_disk disks[MAX_PV_BLOCK_DEVICES];
	uint8_t macs[MAX_PV_NET_DEVICES][CONFIG_MAC_SIZE];
	char backends[MAX_PV_NET_DEVICES + MAX_PV_BLOCK_DEVICES][BACKEND_SIZE];
	struct config_iomem iomem[];
};

// ---- Images by callback or in memory ----

static int kernel_size(void *context, uint64_t *size)
{
	const struct builtin *builtin = context;

	return (int)builtin->from->get_image_size(builtin->from->image_info, size);
}

static int kernel_read(void *context, void *buffer, size_t size, uint64_t offset)
{
	const struct builtin *builtin = context;

	return builtin->from->load_image_bytes(buffer, size, offset, builtin->from->image_info);
}

static int tree_size(void *context, uint64_t *size)
{
	const struct builtin *builtin = context;
	size_t bytes = 0;
	int error = builtin->from->image_dt_get_size(builtin->from->image_info, &bytes);

	*size = bytes;
	return error;
}

static int tree_read(void *context, void *buffer, size_t size, uint64_t offset)
{
	const struct builtin *builtin = context;

	return builtin->from->image_dt_read(buffer, size, offset, builtin->from->image_info);
}

static int memory_size(void *context, uint64_t *size)
{
	const struct memory_image *image = context;

	*size = (uint64_t)(image->end - image->start);
	return 0;
}

static int memory_read(void *context, void *buffer, size_t size, uint64_t offset)
{
	const struct memory_image *image = context;

	memcpy(buffer, image->start + offset, size);
	return 0;
}

// `what` names the fields: "dtb", "ramdisk".
static int take_memory(const struct xen_domain_cfg *cfg, struct memory_image *image, const char *what,
		       const char *start, const char *end, struct image_source *source, struct failure *failure)
{
	if (end < start)
		return failure_set(failure, -EINVAL, "configuration '%s': %s_end lies before %s_start", cfg->name,
				   what, what);
	image->start = start;
	image->end = end;
	snprintf(image->name, sizeof(image->name), "of '%s' (built in)", cfg->name);
	*source = (struct image_source){
		.name = image->name,
		.size = memory_size,
		.read = memory_read,
		.context = image,
	};
	return 0;
}

static int take_kernel(struct builtin *builtin, const struct dom0_domain_cfg *from, struct failure *failure)
{
	const struct xen_domain_cfg *cfg = from->domain_cfg;

	if (from->image_kernel_path) {
		builtin->config.kernel_file = from->image_kernel_path;
		return 0;
	}
	if (!cfg->load_image_bytes || !cfg->get_image_size)
		return failure_set(
			failure, -EINVAL,
			"configuration '%s': load_image_bytes and get_image_size must both be given",
			cfg->name);
	snprintf(builtin->kernel_name, sizeof(builtin->kernel_name), "of '%s' (built in)", cfg->name);
	builtin->config.kernel = (struct image_source){
		.name = builtin->kernel_name,
		.size = kernel_size,
		.read = kernel_read,
		.context = builtin,
	};
	return 0;
}

static int take_tree(struct builtin *builtin, const struct dom0_domain_cfg *from, struct failure *failure)
{
	const struct xen_domain_cfg *cfg = from->domain_cfg;
	struct image_source source = { .name = builtin->tree_name, .context = builtin };

	if (from->image_dt_path) {
		builtin->config.partial_tree_file = from->image_dt_path;
		return 0;
	}
	if (cfg->dtb_start)
		return take_memory(cfg, &builtin->tree, "dtb", cfg->dtb_start, cfg->dtb_end,
				   &builtin->config.partial_tree, failure);
	if (cfg->image_dt_read && cfg->image_dt_get_size) {
		source.size = tree_size;
		source.read = tree_read;
	} else if (cfg->image_dt_read || cfg->image_dt_get_size) {
		return failure_set(
			failure, -EINVAL,
			"configuration '%s': image_dt_read and image_dt_get_size must both be given",
			cfg->name);
	} else {
		return 0;
	}
	snprintf(builtin->tree_name, sizeof(builtin->tree_name), "of '%s' (built in)", cfg->name);
	builtin->config.partial_tree = source;
	return 0;
}

static int take_ramdisk(struct builtin *builtin, struct failure *failure)
{
	const struct xen_domain_cfg *cfg = builtin->from;

	if (!cfg->ramdisk_start)
		return 0;
	return take_memory(cfg, &builtin->ramdisk, "ramdisk", cfg->ramdisk_start, cfg->ramdisk_end,
			   &builtin->config.ramdisk, failure);
}

// ---- Numbers ----

static int check_flags(const struct xen_domain_cfg *cfg, struct failure *failure)
{
	uint32_t others = cfg->flags & ~(XEN_DOMCTL_CDF_hvm | XEN_DOMCTL_CDF_hap | XEN_DOMCTL_CDF_iommu);

	if (others)
		return failure_set(failure, -ENOTSUP,
				   "configuration '%s': flags 0x%" PRIx32
				   " are not supported: XEN_DOMCTL_CDF_hvm, _hap and _iommu are",
				   cfg->name, others);
	return 0;
}

static int take_gic(struct domain_config *config, const struct xen_domain_cfg *cfg, struct failure *failure)
{
	static const enum config_gic versions[] = {
		[XEN_DOMCTL_CONFIG_GIC_NATIVE] = CONFIG_GIC_DEFAULT,
		[XEN_DOMCTL_CONFIG_GIC_V2] = CONFIG_GIC_V2,
		[XEN_DOMCTL_CONFIG_GIC_V3] = CONFIG_GIC_V3,
	};

	if (cfg->gic_version >= ARRAY_SIZE(versions))
		return failure_set(
			failure, -EINVAL,
			"configuration '%s': gic_version %u: give XEN_DOMCTL_CONFIG_GIC_NATIVE, _V2 or _V3",
			cfg->name, cfg->gic_version);
	config->gic = versions[cfg->gic_version];
	return 0;
}

static int take_tee(struct domain_config *config, const struct xen_domain_cfg *cfg, struct failure *failure)
{
	static const enum config_tee types[] = {
		[XEN_DOMCTL_CONFIG_TEE_NONE] = CONFIG_TEE_NONE,
		[XEN_DOMCTL_CONFIG_TEE_OPTEE] = CONFIG_TEE_OPTEE,
		[XEN_DOMCTL_CONFIG_TEE_FFA] = CONFIG_TEE_FFA,
	};

	if (cfg->tee_type >= ARRAY_SIZE(types))
		return failure_set(
			failure, -EINVAL,
			"configuration '%s': tee_type %u: give XEN_DOMCTL_CONFIG_TEE_NONE, _OPTEE or _FFA",
			cfg->name, cfg->tee_type);
	config->tee = types[cfg->tee_type];
	return 0;
}

static void take_numbers(struct builtin *builtin)
{
	const struct xen_domain_cfg *cfg = builtin->from;
	struct domain_config *config = &builtin->config;

	config->name = cfg->name;
	config->domain_name = cfg->domain_name[0] ? cfg->domain_name : NULL;
	config->memory_kib = cfg->mem_kb;
	config->vcpus = cfg->max_vcpus;
	config->max_event_channels = cfg->max_evtchns;
	config->max_grant_frames = cfg->gnt_frames ? cfg->gnt_frames : -1; // no domain works without any
	config->max_maptrack_frames = cfg->max_maptrack_frames;
	config->ssidref = cfg->ssidref;
	config->iommu = cfg->flags & XEN_DOMCTL_CDF_iommu;
	config->paused = cfg->f_paused;
	config->console_log = cfg->f_console_log ? CONFIG_CONSOLE_CARD : CONFIG_CONSOLE_DEFAULT;
	config->command_line = cfg->cmdline ? cfg->cmdline : "";
	config->actions[CONFIG_END_POWEROFF] = cfg->on_poweroff;
	config->actions[CONFIG_END_REBOOT] = cfg->on_reboot;
	config->actions[CONFIG_END_WATCHDOG] = cfg->on_watchdog;
	config->actions[CONFIG_END_CRASH] = cfg->on_crash;
	config->actions[CONFIG_END_SOFT_RESET] = cfg->on_soft_reset;
	config->autostart = cfg->autostart;
	config->autostart_timeout = cfg->autostart_timeout;
	config->autostart_waits = cfg->autostart_waits;
	config->autostart_wait_count = cfg->nr_autostart_waits;
}

static void take_lists(struct builtin *builtin)
{
	const struct xen_domain_cfg *cfg = builtin->from;
	struct domain_config *config = &builtin->config;

	config->machine_compatible = cfg->machine_dt_compat;
	config->machine_compatible_count = cfg->nr_machine_dt_compat;
	config->irqs = cfg->irqs;
	config->irq_count = cfg->nr_irqs;
	config->dtdevs = (const char *const *)cfg->dtdevs;
	config->dtdev_count = cfg->nr_dtdevs;
	config->dt_passthrough = (const char *const *)cfg->dt_passthrough;
	config->dt_passthrough_count = cfg->nr_dt_passthrough;

	config->iomem = builtin->iomem;
	config->iomem_count = cfg->nr_iomems;
	for (uint32_t i = 0; i < cfg->nr_iomems; i++)
		builtin->iomem[i] = (struct config_iomem){
			.first_gfn = cfg->iomems[i].first_gfn ? cfg->iomems[i].first_gfn : CONFIG_GFN_SAME,
			.first_mfn = cfg->iomems[i].first_mfn,
			.frames = cfg->iomems[i].nr_mfns,
		};
}

// ---- PV devices ----

static int device_fault(const struct xen_domain_cfg *cfg, const char *what, const char *text,
			struct failure *failure)
{
	return failure_set(failure, -EINVAL, "configuration '%s': back_cfg: %s '%.40s' is wrong", cfg->name, what,
			   text);
}

// A field is a text that ends in its array. NULL: it is empty.
static int take_field(const struct xen_domain_cfg *cfg, const char *what,
		      const char field[INIT_XENSTORE_BUFF_SIZE], const char **text, struct failure *failure)
{
	if (!memchr(field, '\0', INIT_XENSTORE_BUFF_SIZE))
		return device_fault(cfg, what, field, failure);
	*text = field[0] ? field : NULL;
	return 0;
}

static int take_word(const struct xen_domain_cfg *cfg, const char *what, const struct config_word *words,
		     const char *text, unsigned int *value, struct failure *failure)
{
	const struct config_word *word = text ? config_word_find(words, text) : NULL;

	if (text && !word)
		return device_fault(cfg, what, text, failure);
	if (word)
		*value = word->value;
	return 0;
}

static int take_mac(const struct xen_domain_cfg *cfg, const char *text, uint8_t mac[CONFIG_MAC_SIZE],
		    struct failure *failure)
{
	const char *at = text;

	for (int i = 0; i < CONFIG_MAC_SIZE; i++) {
		char *end;
		unsigned long byte = strtoul(at, &end, 16);

		if (end == at || byte > 255 || *end != (i < CONFIG_MAC_SIZE - 1 ? ':' : '\0'))
			return device_fault(cfg, "mac", text, failure);
		mac[i] = (uint8_t)byte;
		at = end + 1;
	}
	return 0;
}

static int take_vif(struct builtin *builtin, const struct pv_net_configuration *from, uint32_t index,
		    struct failure *failure)
{
	const struct xen_domain_cfg *cfg = builtin->from;
	struct config_vif *vif = &builtin->vifs[index];
	const char *mac = NULL, *type = NULL;
	int error;

	if ((error = take_field(cfg, "script", from->script, &vif->script, failure)) ||
	    (error = take_field(cfg, "bridge", from->bridge, &vif->bridge, failure)) ||
	    (error = take_field(cfg, "ip", from->ip, &vif->ip, failure)) ||
	    (error = take_field(cfg, "type", from->type, &type, failure)) ||
	    (error = take_field(cfg, "mac", from->mac, &mac, failure)))
		return error;
	if (type && strcmp(type, "vif"))
		return device_fault(cfg, "type", type, failure);
	snprintf(builtin->backends[index], BACKEND_SIZE, "%d", from->backend_domain_id);
	vif->backend = builtin->backends[index];
	vif->devid = -1;
	if (!mac)
		return 0;
	vif->mac = builtin->macs[index];
	return take_mac(cfg, mac, builtin->macs[index], failure);
}

static int take_disk(struct builtin *builtin, const struct pv_block_configuration *from, uint32_t index,
		     struct failure *failure)
{
	static const struct config_word accesses[] = {
		{ "rw", false }, { "w", false }, { "ro", true }, { "r", true }, { 0 }
	};
	const struct xen_domain_cfg *cfg = builtin->from;
	struct config_disk *disk = &builtin->disks[index];
	unsigned int format = CONFIG_DISK_RAW, type = CONFIG_DISK_BACKEND_DEFAULT, read_only = false;
	char *backend = builtin->backends[MAX_PV_NET_DEVICES + index];
	const char *word = NULL;
	int error;

	if ((error = take_field(cfg, "script", from->script, &disk->script, failure)) ||
	    (error = take_field(cfg, "target", from->target, &disk->target, failure)) ||
	    (error = take_field(cfg, "vdev", from->vdev, &disk->vdev, failure)) ||
	    (error = take_field(cfg, "format", from->format, &word, failure)) ||
	    (error = take_word(cfg, "format", config_disk_format_words, word, &format, failure)) ||
	    (error = take_field(cfg, "backendtype", from->backendtype, &word, failure)) ||
	    (error = take_word(cfg, "backendtype", config_disk_backend_words, word, &type, failure)) ||
	    (error = take_field(cfg, "access", from->access, &word, failure)) ||
	    (error = take_word(cfg, "access", accesses, word, &read_only, failure)))
		return error;
	disk->format = (enum config_disk_format)format;
	disk->backend_type = (enum config_disk_backend)type;
	disk->read_only = read_only;
	snprintf(backend, BACKEND_SIZE, "%d", from->backend_domain_id);
	disk->backend = backend;
	return 0;
}

static int take_devices(struct builtin *builtin, struct failure *failure)
{
	const struct backend_configuration *from = &builtin->from->back_cfg;
	struct domain_config *config = &builtin->config;
	int error = 0;

	config->vifs = builtin->vifs;
	for (size_t i = 0; i < MAX_PV_NET_DEVICES && !error; i++)
		if (from->vifs[i].configured)
			error = take_vif(builtin, &from->vifs[i], config->vif_count++, failure);
	config->disks = builtin->disks;
	for (size_t i = 0; i < MAX_PV_BLOCK_DEVICES && !error; i++)
		if (from->disks[i].configured)
			error = take_disk(builtin, &from->disks[i], config->disk_count++, failure);
	return error;
}

static int check_form(const struct xen_domain_cfg *cfg, struct failure *failure)
{
	if (!memchr(cfg->name, '\0', sizeof(cfg->name)) ||
	    !memchr(cfg->domain_name, '\0', sizeof(cfg->domain_name)))
		return failure_set(failure, -EINVAL,
				   "configuration '%.20s...': a name has more than %d bytes", cfg->name,
				   CONTAINER_NAME_SIZE - 1);
	if (cfg->nr_iomems && !cfg->iomems)
		return failure_set(failure, -EINVAL, "configuration '%s': iomems is missing", cfg->name);
	return 0;
}

static int convert(struct builtin *builtin, const struct dom0_domain_cfg *from, struct failure *failure)
{
	const struct xen_domain_cfg *cfg = from->domain_cfg;
	int error;

	builtin->from = cfg;
	take_numbers(builtin);
	take_lists(builtin);
	if ((error = check_flags(cfg, failure)) || (error = take_devices(builtin, failure)) ||
	    (error = take_gic(&builtin->config, cfg, failure)) ||
	    (error = take_tee(&builtin->config, cfg, failure)) ||
	    (error = take_kernel(builtin, from, failure)) || (error = take_ramdisk(builtin, failure)))
		return error;
	return take_tree(builtin, from, failure);
}

struct domain_config *builtin_config(const struct dom0_domain_cfg *from, struct failure *failure)
{
	const struct xen_domain_cfg *cfg = from->domain_cfg;

	if (check_form(cfg, failure))
		return NULL;

	struct builtin *builtin = calloc(1, sizeof(*builtin) + cfg->nr_iomems * sizeof(builtin->iomem[0]));
	if (!builtin) {
		failure_set(failure, -ENOMEM, "configuration '%s': out of memory", cfg->name);
		return NULL;
	}
	if (convert(builtin, from, failure)) {
		free(builtin);
		return NULL;
	}
	return &builtin->config;
}
