// SPDX-License-Identifier: Apache-2.0
// The C form of a configuration, as the control-domain application that this program replaces defines it: a
// source file in src/dom_cfg/ lists `struct dom0_domain_cfg` in domain_cfgs[], ended by a zero entry. Fields
// keep their names and meaning; config/builtin.c turns them into struct domain_config.
#pragma once

#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>
#include <sys/types.h>

#include "config/domain_config.h"
#include "config/image_section.h"
#include "xen/public.h" // XEN_DOMCTL_*

#define CONTAINER_NAME_SIZE 64
#define INIT_XENSTORE_BUFF_SIZE 80
#define MAX_PV_NET_DEVICES 3
#define MAX_PV_BLOCK_DEVICES 3

struct xen_domain_iomem {
	uint64_t first_gfn; // where it appears; 0: at the same number as first_mfn
	uint64_t first_mfn;
	uint64_t nr_mfns;
};

// Copies `bufsize` bytes of the image from `read_offset` on into `buf`: 0 or a negative errno.
typedef int (*load_image_bytes_t)(uint8_t *buf, size_t bufsize, uint64_t read_offset, void *image_info);
// Stores the image's size in bytes: 0 or a negative errno.
typedef ssize_t (*get_image_size_t)(void *image_info, uint64_t *size);
// The same for the partial device tree, asked for where dtb_start is NULL.
typedef int (*image_dt_read_cb_t)(uint8_t *buf, size_t bufsize, uint64_t read_offset, void *image_info);
typedef int (*image_dt_get_size_cb_t)(void *image_info, size_t *size);

struct pv_net_configuration {
	bool configured;
	int backend_domain_id;
	char script[INIT_XENSTORE_BUFF_SIZE];
	char mac[INIT_XENSTORE_BUFF_SIZE];
	char bridge[INIT_XENSTORE_BUFF_SIZE];
	char type[INIT_XENSTORE_BUFF_SIZE];
	char ip[INIT_XENSTORE_BUFF_SIZE];
};

struct pv_block_configuration {
	bool configured;
	int backend_domain_id;
	char backendtype[INIT_XENSTORE_BUFF_SIZE];
	char format[INIT_XENSTORE_BUFF_SIZE];
	char script[INIT_XENSTORE_BUFF_SIZE];
	char target[INIT_XENSTORE_BUFF_SIZE];
	char vdev[INIT_XENSTORE_BUFF_SIZE];
	char access[INIT_XENSTORE_BUFF_SIZE];
};

struct backend_configuration {
	struct pv_net_configuration vifs[MAX_PV_NET_DEVICES];
	struct pv_block_configuration disks[MAX_PV_BLOCK_DEVICES];
};

struct xen_domain_cfg {
	char name[CONTAINER_NAME_SIZE];
	char domain_name[CONTAINER_NAME_SIZE]; // "": as name, with a number where there are several
	const char **machine_dt_compat;
	uint32_t nr_machine_dt_compat;
	uint64_t mem_kb;

	uint32_t flags; // XEN_DOMCTL_CDF_*: hvm and hap are always set, iommu is taken over, others are refused
	uint32_t max_vcpus;
	uint32_t max_evtchns; // 0: 1023
	int32_t gnt_frames; // 0 and -1: Xen's default
	int32_t max_maptrack_frames; // -1: Xen's default
	uint32_t ssidref;

	uint8_t gic_version; // XEN_DOMCTL_CONFIG_GIC_*
	uint16_t tee_type; // XEN_DOMCTL_CONFIG_TEE_*

	struct xen_domain_iomem *iomems;
	uint32_t nr_iomems;
	uint32_t *irqs; // INTIDs, from 32
	uint32_t nr_irqs;
	char **dtdevs;
	uint32_t nr_dtdevs;
	char **dt_passthrough; // nodes of the partial tree, copied besides /passthrough and /aliases
	uint32_t nr_dt_passthrough;

	char *cmdline; // NULL: ""

	const char *dtb_start, *dtb_end; // partial device tree
	image_dt_read_cb_t image_dt_read;
	image_dt_get_size_cb_t image_dt_get_size;

	load_image_bytes_t load_image_bytes;
	get_image_size_t get_image_size;
	void *image_info;

	const char *ramdisk_start, *ramdisk_end; // not in the original: a ramdisk in memory, or NULL

	// Not in the original either: what follows the domain's end (docs/configurations.md); 0: xl's default.
	enum config_action on_poweroff, on_reboot, on_watchdog, on_crash, on_soft_reset;

	// Nor these: whether it starts with Dom0, and what it waits for then.
	uint32_t autostart, autostart_timeout;
	const char *const *autostart_waits;
	uint32_t nr_autostart_waits;

	struct backend_configuration back_cfg;

	bool f_paused : 1;
	bool f_console_log : 1;
};

struct dom0_domain_cfg {
	struct xen_domain_cfg *domain_cfg;
	const char *image_kernel_path; // on the card; NULL: the callbacks of domain_cfg
	const char *image_dt_path;
};

extern struct dom0_domain_cfg domain_cfgs[];
