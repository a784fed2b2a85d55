// SPDX-License-Identifier: Apache-2.0
// The order of start-up of the control domain. The kernel (src/kernel) has set up memory, tasks and the timer
// before it calls main().
#include <errno.h>
#include <stdio.h>

#include "config/catalog.h"
#include "config/images_folder.h"
#include "console/console.h"
#include "console/log_file.h"
#include "domain/autostart.h"
#include "domain/dom0less.h"
#include "domain/lifecycle.h"
#include "domain/pv_devices.h"
#include "domain/store_nodes.h"
#include "drivers/drivers.h"
#include "kernel/log.h"
#include "kernel/task.h"
#include "shell/shell.h"
#include "storage/mount.h"
#include "vchan/channels.h"
#include "version.h"
#include "xen/console_io.h"
#include "xen/event.h"
#include "xen/foreign.h"
#include "xen/hypercall.h"
#include "xen/version.h"
#include "xenstore/xenstore.h"

#ifdef CONFIG_DOM_STORAGE_FATFS_ENABLE
// Media take their time, and the prompt doesn't wait for them: who asks for a file does.
static void find_storage(void *unused)
{
	(void)unused;
	drivers_init();
	unsigned int seen = block_arrivals();
	if (seen)
		mount_all();
	images_folder_ready();
	mount_follow(seen);
}

static int storage_start(void)
{
	if (!task_create("storage", find_storage, NULL))
		return -ENOMEM;
	images_folder_expect();
	return 0;
}
#endif

// A service that can't start is said and left out: whatever else works stays of use, and the shell tells more.
static const struct service {
	const char *name;
	int (*start)(void);
} services[] = {
	{ "event channels", event_init },
	{ "console input", console_io_init },
	{ "hypervisor interfaces", xen_version_init },
	{ "guest memory", foreign_init },
	{ "console server", console_init },
	{ "console logs", console_log_init },
	{ "xenstore server", xenstore_init },
	{ "store nodes", store_nodes_init },
	{ "watch over domains", lifecycle_init },
	{ "PV devices", pv_devices_init },
	{ "domains of Xen's boot", dom0less_attach },
	{ "vchan", channels_init },
	{ "configurations", catalog_init },
#ifdef CONFIG_DOM_STORAGE_FATFS_ENABLE
	{ "storage", storage_start },
#endif
	{ "domains that start with Dom0", autostart_init },
};

int main(void)
{
	printf("*** Booting Thin Dom0 " THIN_DOM0_VERSION " ***\n");
	for (size_t i = 0; i < ARRAY_SIZE(services); i++) {
		int error = services[i].start();
		if (error)
			log_error("%s could not be started: %s", services[i].name, error_text(error));
	}
	shell_run();
}
