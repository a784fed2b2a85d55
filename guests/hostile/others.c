// SPDX-License-Identifier: Apache-2.0
// Attacks on what is not the store: the console's ring, event channels, grants, memory that isn't there.
#include <stdio.h>
#include <string.h>

#include "common/store.h"
#include "common/store_requests.h"
#include "hostile/hostile.h"
#include "kernel/compiler.h"
#include "kernel/devicetree.h"
#include "kernel/memory.h"
#include "kernel/panic.h"
#include "kernel/task.h"
#include "xen/hvm.h"
#include "xen/hypercall.h"
#include "xen/public.h"

static struct xencons_interface *console_page(struct event_channel *channel)
{
	uint64_t frame = 0, port = 0;

	if (hvm_param_get(DOMID_SELF, HVM_PARAM_CONSOLE_PFN, &frame) ||
	    hvm_param_get(DOMID_SELF, HVM_PARAM_CONSOLE_EVTCHN, &port))
		panic("there is no console");
	*channel = (struct event_channel){ .port = (evtchn_port_t)port };
	struct xencons_interface *page = memory_map(gfn_address(gfn_make(frame)), PAGE_SIZE, MEMORY_NORMAL);
	ASSERT(page);
	return page;
}

// The first of them costs it its console; what it does then is nobody's business.
void attack_console_indices(void)
{
	struct event_channel channel;
	struct xencons_interface *page = console_page(&channel);

	for (unsigned int i = 0; i < 2000; i++) {
		random_fill(&page->in_cons, 4 * sizeof(uint32_t));
		event_channel_notify(&channel);
		hostile_deed();
	}
}

// The console and the store at once, as fast as both take it.
void attack_console_flood(void)
{
	for (unsigned int i = 0; i < 300; i++) {
		printf("hostile: line %u of the flood ...............................................................\n", i);
		store_write(0, "data/flood", "x");
		hostile_deed();
	}
}

void attack_events(void)
{
	struct event_channel console;

	console_page(&console);
	for (unsigned int i = 0; i < 100000; i++) {
		event_channel_notify(&store_channel);
		event_channel_notify(&console);
		hostile_deed();
	}
}

// Takes back all that it shares: its grants, its ports, the pages of its rings. Nobody serves it after that.
void attack_grants(void)
{
	struct evtchn_close close = { .port = store_channel.port };
	uint64_t frames[2] = { 0 };
	struct xen_memory_reservation pages = { .nr_extents = 2, .domid = DOMID_SELF };
	struct evtchn_reset reset = { .dom = DOMID_SELF };

	hvm_param_get(DOMID_SELF, HVM_PARAM_STORE_PFN, &frames[0]);
	hvm_param_get(DOMID_SELF, HVM_PARAM_CONSOLE_PFN, &frames[1]);
	pages.extent_start.p = (xen_pfn_t *)(uintptr_t)frames;
	event_channel_notify(&store_channel);
	xen_operation(__HYPERVISOR_event_channel_op, EVTCHNOP_close, &close);
	xen_operation(__HYPERVISOR_memory_op, XENMEM_decrease_reservation, &pages);
	xen_operation(__HYPERVISOR_event_channel_op, EVTCHNOP_reset, &reset);
	for (;;) {
		hostile_deed();
		xen_operation(__HYPERVISOR_sched_op, SCHEDOP_yield, NULL);
	}
}

// Reads where nothing is: Xen answers with an abort, and the report names the task.
void attack_refused(void)
{
	int node = devicetree_find(-1, "xen,xen");
	paddr_t address;
	uint64_t size;

	if (node < 0 || devicetree_reg(node, 1, &address, &size))
		panic("Xen names no extended region");
	address = ROUND_UP(address, PAGE_SIZE);
	(void)READ_ONCE(*(uint32_t *)memory_map(address, PAGE_SIZE, MEMORY_NORMAL));
	hostile_broke_in("memory that isn't there");
}
