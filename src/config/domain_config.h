// SPDX-License-Identifier: Apache-2.0
// What a domain shall be: pure data, whoever wrote it. Nothing here talks to the hypervisor. All memory that
// a configuration points to belongs to whoever made it and stays as it is while the configuration is in use:
// a domain that was built from it keeps nothing of it, or all of a struct config_source.
#pragma once

#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>

#include "kernel/cpu_set.h"
#include "kernel/failure.h"

#define DOMAIN_NAME_MAX  64   // bytes, with the NUL
#define COMMAND_LINE_MAX 2048 // bytes, with the NUL: Linux's COMMAND_LINE_SIZE on arm64
#define CONFIG_MAC_SIZE  6

enum config_gic { CONFIG_GIC_DEFAULT, CONFIG_GIC_V2, CONFIG_GIC_V3 }; // default: what the host has
enum config_tee { CONFIG_TEE_NONE, CONFIG_TEE_OPTEE, CONFIG_TEE_FFA };

// Whether what the domain prints is kept on the card (console/log_file.h); CONFIG_CONSOLE_LOG is the default.
enum config_console_log { CONFIG_CONSOLE_DEFAULT, CONFIG_CONSOLE_CARD, CONFIG_CONSOLE_NONE };

// How a domain can end, and what follows: xl.cfg(5), "Event Actions".
enum config_end {
	CONFIG_END_POWEROFF,
	CONFIG_END_REBOOT,
	CONFIG_END_WATCHDOG,
	CONFIG_END_CRASH,
	CONFIG_END_SOFT_RESET,
	CONFIG_ENDS,
};

enum config_action {
	CONFIG_ACTION_DEFAULT, // config_action() says which
	CONFIG_ACTION_DESTROY,
	CONFIG_ACTION_RESTART,
	CONFIG_ACTION_RENAME_RESTART,
	CONFIG_ACTION_PRESERVE,
	CONFIG_ACTION_COREDUMP_DESTROY,
	CONFIG_ACTION_COREDUMP_RESTART,
	CONFIG_ACTION_SOFT_RESET,
};

// Bytes that are read piece by piece: a built-in image, a file on the card. `size` is NULL where there is
// none.
struct image_source {
	const char *name; // for messages: "blinky.bin", "/SD:/dom0/Image.gz"
	// Both return 0 or a negative errno and may wait.
	int (*size)(void *context, uint64_t *size);
	int (*read)(void *context, void *buffer, size_t size,
		    uint64_t offset); // all `size` bytes or an error
	const struct image_ahead *ahead; // NULL: reading doesn't take long
	void *context;
};

// Bytes [offset, offset + size) of a source one after the other, the next ones read while the last ones are used.
// One such walk at a time; next() gives their number, 0 at the end, or a negative errno, and where they are until the
// next call. After begin() has failed there is nothing to end. All may wait.
struct image_ahead {
	int (*begin)(void *context, uint64_t offset, uint64_t size);
	long (*next)(void *context, const void **data);
	void (*end)(void *context);
};

static inline bool image_source_is_given(const struct image_source *source)
{
	return source->size != NULL;
}

// Machine frames [first_mfn, +frames) appear at first_gfn; CONFIG_GFN_SAME: at the same number.
#define CONFIG_GFN_SAME UINT64_MAX

struct config_iomem {
	uint64_t first_gfn, first_mfn, frames;
};

// Where the range appears in the domain.
static inline uint64_t config_iomem_gfn(const struct config_iomem *range)
{
	return range->first_gfn == CONFIG_GFN_SAME ? range->first_mfn : range->first_gfn;
}

// A PV network device, xl-network-configuration(5). Strings are NULL where they aren't given.
struct config_vif {
	const uint8_t *mac;        // CONFIG_MAC_SIZE bytes; NULL: one is made up
	const char *backend;       // domain, by name or id; NULL: Domain-0, which has none
	const char *bridge;        // for the backend's script
	const char *gateway;       // gatewaydev, likewise
	const char *ip;            // addresses for the backend's script, separated by blanks
	const char *script;        // that the backend runs
	const char *name;          // vifname: of the interface in the backend
	const char *vlan;          // for the backend's script
	uint64_t bytes_per_second; // 0: no limit
	uint32_t interval_us;      // in which the limit is given out; 0: 50 ms
	uint32_t mtu;              // 0: the backend's
	int32_t devid;             // -1: the place in the list
	bool untrusted;
};

enum config_disk_format {
	CONFIG_DISK_RAW,
	CONFIG_DISK_QCOW,
	CONFIG_DISK_QCOW2,
	CONFIG_DISK_VHD,
	CONFIG_DISK_QED,
	CONFIG_DISK_EMPTY,
};

enum config_disk_backend {
	CONFIG_DISK_BACKEND_DEFAULT,
	CONFIG_DISK_BACKEND_PHY,
	CONFIG_DISK_BACKEND_TAP,
	CONFIG_DISK_BACKEND_QDISK,
	CONFIG_DISK_BACKEND_STANDALONE,
};

enum config_disk_protocol { CONFIG_DISK_XEN, CONFIG_DISK_VIRTIO };

// A PV disk, xl-disk-configuration(5).
struct config_disk {
	const char *target;  // in the backend: device or file; NULL: a drive without a medium
	const char *vdev;    // as the guest sees it: "xvda"; never NULL
	const char *backend; // domain, by name or id; NULL: Domain-0, which has none
	const char *script;  // that the backend runs; NULL: the usual one
	enum config_disk_format format;
	enum config_disk_backend backend_type;
	enum config_disk_protocol protocol;
	bool read_only, cdrom, direct_io_safe, no_discard, untrusted;
};

// A quota of the store that is the domain's own.
struct config_quota {
	const char *name; // as `xs quota` shows it
	uint32_t limit;   // 0: none
};

// Zero means "not given" in all that was added for configuration files. What is marked (*) is checked and
// printed, but this version can't do it: domain_config_check_support() warns or refuses, where that concerns
// a creation.
struct domain_config {
	const char *name;        // of the configuration; xu create's argument
	const char *domain_name; // of its only domain; NULL: as `name`, and any number of domains
	const uint8_t *uuid;     // 16 bytes; NULL: a random one

	uint64_t memory_kib;
	uint64_t max_memory_kib;                       // whole MiB; 0: memory_kib
	uint32_t vcpus;                                // 1..
	uint32_t max_vcpus;                            // 0: vcpus
	uint32_t max_event_channels;                   // 0: 1023 (xl's default)
	int32_t max_grant_frames, max_maptrack_frames; // -1: Xen's default
	uint32_t nr_spis;                              // 0: as many as `irqs` need
	uint32_t ssidref;
	const char *security_label; // in the place of ssidref
	enum config_gic gic;
	enum config_tee tee;
	bool scmi; // its SCMI calls go to firmware (Xen 4.21)
	enum config_console_log console_log;
	bool iommu;  // the domain may be given devices behind the IOMMU; `dtdevs` imply it
	bool paused; // stays paused after creation
	bool vuart;  // (*) an emulated SBSA UART; takes SPI 32

	const char *pool;    // of CPUs, by name or number; NULL: Pool-0
	uint32_t cpu_weight; // 1..65535; 0: the scheduler's default
	uint32_t cap;        // percent of a CPU; 0: none
	// Where virtual CPU i may run: cpus[i]; and where it does best: soft_cpus[i]. Anywhere from the counts on.
	const struct cpu_set *cpus, *soft_cpus;
	uint32_t cpu_count, soft_cpu_count;

	enum config_action actions[CONFIG_ENDS];
	uint32_t autostart;                      // place in the order of what starts with Dom0; 0: not
	const char *const *autostart_waits;      // what it waits for then (config/condition.h)
	uint32_t autostart_wait_count;
	uint32_t autostart_timeout; // seconds; 0: CONFIG_AUTOSTART_SECONDS

	// Each is one of: not there; an image, with its file NULL; a path, the image to be filled in by who
	// has the files, before creation.
	struct image_source kernel, ramdisk, partial_tree;
	const char *kernel_file, *ramdisk_file, *partial_tree_file;
	const char *command_line; // never NULL

	const char *const *machine_compatible; // put before "xen,xenvm-..." in the root's compatible
	uint32_t machine_compatible_count;
	const struct config_iomem *iomem;
	uint32_t iomem_count;
	const uint32_t *irqs; // SPIs as INTIDs (from 32), guest number = host number
	uint32_t irq_count;
	const char *const *dtdevs; // host device-tree paths for the IOMMU
	uint32_t dtdev_count;
	const char *const
		*dt_passthrough; // nodes of the partial tree copied besides /passthrough and /aliases; without
				 // such a tree, devices of the host's
	uint32_t dt_passthrough_count;
	const struct config_quota *quotas; // others are as the store has them for new domains
	uint32_t quota_count;
	const struct config_vif *vifs;
	uint32_t vif_count;
	const struct config_disk *disks;
	uint32_t disk_count;
};

// The CPUs that the domain can have, of which `vcpus` are there at its start.
static inline uint32_t config_max_vcpus(const struct domain_config *config)
{
	return config->max_vcpus ? config->max_vcpus : config->vcpus;
}

// The memory that it can have, of which it is asked to keep `memory_kib`.
static inline uint64_t config_max_memory(const struct domain_config *config)
{
	return config->max_memory_kib ? config->max_memory_kib : config->memory_kib;
}

bool config_keeps_console(const struct domain_config *config);

// A configuration that is kept by whoever uses it again and again. All of it may wait.
struct config_source {
	const struct domain_config *config;
	// Makes its images readable. On failure nothing is open.
	int (*open)(struct config_source *source, struct failure *failure);
	// Closes what was opened: files on the card can be changed then.
	void (*close)(struct config_source *source);
	// Closes and frees all of it.
	void (*release)(struct config_source *source);
};

// What follows an end: the action, with the defaults of xl for those that aren't given.
enum config_action config_action(const struct domain_config *config, enum config_end end);

// What is wrong with a name for a domain ("is empty"), or NULL.
const char *domain_name_fault(const char *name);

// Checks what can be checked without the hypervisor or the files: names, ranges, counts, sums that overflow.
// 0, or a negative errno with the reason in `failure`.
int domain_config_check(const struct domain_config *config, struct failure *failure);

// The key of xl.cfg(5), and of its list the element, that a fault is in.
#define CONFIG_WHOLE UINT32_MAX

struct config_place {
	const char *key;  // NULL: the configuration's own name
	uint32_t element; // CONFIG_WHOLE: all of the value
};

// The same without the images, which need not be there yet. `place` says what the fault is in, and may be
// NULL; the reason doesn't name the configuration.
int domain_config_find_fault(const struct domain_config *config, struct config_place *place,
			     struct failure *failure);

// What this version can't do, though the configuration is right: -ENOTSUP with the reason where the domain
// would lack something that it needs; a warning in the log where it only runs otherwise than it could.
int domain_config_check_support(const struct domain_config *config, struct failure *failure);

// The same for one device, -ENOTSUP: no backend in another domain is named, or Linux's backends can't do it.
int config_disk_check_support(const struct config_disk *disk, struct failure *failure);
int config_vif_check_support(const struct config_vif *vif, struct failure *failure);
