// SPDX-License-Identifier: Apache-2.0
// The order of start-up of the control domain. The kernel (src/kernel) has set up memory, tasks and the timer
// before it calls main().
#include <stdio.h>

#include "config/catalog.h"
#include "console/console.h"
#include "domain/lifecycle.h"
#include "domain/store_nodes.h"
#include "kernel/log.h"
#include "shell/shell.h"
#include "version.h"
#include "xen/console_io.h"
#include "xen/event.h"
#include "xen/foreign.h"
#include "xen/hypercall.h"
#include "xen/version.h"
#include "xenstore/xenstore.h"

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
	{ "xenstore server", xenstore_init },
	{ "store nodes", store_nodes_init },
	{ "watch over domains", lifecycle_init },
	{ "configurations", catalog_init },
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
