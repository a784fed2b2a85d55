// SPDX-License-Identifier: Apache-2.0
// What Xen's own tools/helpers/init-dom0less.c does, with a console besides.
//
// An enhanced domain waits with HVM_PARAM_STORE_PFN ~0 (up to 4.20; later for `xen,enhanced = "legacy"`): it
// is to get a page, and the parameter last, with the page's state `reconnect`, so that its kernel waits until
// it is served. From 4.21 on Xen has made the page, and seeded its grant; then it is only served. To one that lies
// 1:1 in memory Xen adds only what is its own already (populate_physmap() in its common/memory.c).
#include "domain/dom0less.h"

#include <errno.h>
#include <libfdt.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include "config/domain_config.h"
#include "console/console.h"
#include "domain/build.h"
#include "domain/layout.h"
#include "domain/store_nodes.h"
#include "domain/uuid.h"
#include "kernel/compiler.h"
#include "kernel/devicetree.h"
#include "kernel/log.h"
#include "xen/domctl.h"
#include "xen/event.h"
#include "xen/foreign.h"
#include "xen/grant.h"
#include "xen/hvm.h"
#include "xen/hypercall.h"
#include "xen/physmap.h"
#include "xen/sysctl.h"
#include "xenstore/xenstore.h"

#define DOMAINS_AT_ONCE 8
#define PAGE_KIB        (PAGE_SIZE / 1024)

// ---- Names ----

// The id-th of the names in the boot argument dom0less=NAME[@ADDRESS],NAME,... NULL: there is none.
static const char *argument_name(domid_t id, size_t *length)
{
	static const char key[] = "dom0less=";
	const char *arguments = devicetree_bootargs(), *names = arguments;

	while ((names = strstr(names, key)) && names != arguments && names[-1] != ' ')
		names++;
	if (!names)
		return NULL;
	names += strlen(key);
	while (--id && names[strcspn(names, ", ")] == ',')
		names += strcspn(names, ", ") + 1;
	*length = strcspn(names, "@, ");
	return id ? NULL : names;
}

// Xen gives ids in the order of the nodes. Xen 4.17 leaves the nodes in our tree, later ones don't.
static const char *node_name(domid_t id, size_t *length)
{
	const void *tree = devicetree();
	int node;

	fdt_for_each_subnode(node, tree, devicetree_chosen())
	{
		if (fdt_node_check_compatible(tree, node, "xen,domain") || --id)
			continue;
		const char *name = fdt_get_name(tree, node, NULL);
		*length = name ? strcspn(name, "@") : 0;
		return name;
	}
	return NULL;
}

static bool take_name(struct domain *domain, const char *name, size_t length)
{
	if (!name || !length || length >= DOMAIN_NAME_MAX)
		return false;
	snprintf(domain->name, sizeof(domain->name), "%.*s", (int)length, name);
	return !domain_name_fault(domain->name) && !domain_find_by_name(domain->name);
}

static void choose_name(struct domain *domain)
{
	size_t length = 0;
	const char *name = argument_name(domain->id, &length);

	if (take_name(domain, name, length))
		return;
	name = node_name(domain->id, &length);
	if (!take_name(domain, name, length))
		snprintf(domain->name, sizeof(domain->name), "Dom0less-%u", domain->id);
}

// ---- Pages ----

// Beyond what Xen gave it.
static int add_page(domid_t id, gfn_t frame)
{
	struct domain_info info;
	size_t done;
	int error = domctl_get_info(id, &info);

	if (!error)
		error = domctl_set_max_memory(id, (info.max_pages + 1) * PAGE_KIB);
	return error ? error : physmap_populate(id, &frame, 1, EXTENT_4K, &done);
}

// Takes its page `which`, cleared; `state` is written at `state_offset` of it. A domain that lies 1:1 in memory
// has no pages but its own: it leaves some to us, at the address behind its name. What isn't its own isn't mapped.
static int take_page(domid_t id, unsigned int which, size_t state_offset, uint32_t state, gfn_t *taken)
{
	size_t length;
	const char *name = argument_name(id, &length);
	bool own = name && name[length] == '@';
	uint64_t left = own ? strtoull(name + length + 1, NULL, 16) : 0;
	gfn_t frame = own ? gfn_add(gfn_of_address(left), which) : magic_gfn(which);
	int error = own ? 0 : add_page(id, frame);
	char *page = error ? NULL : foreign_map_range(id, frame, 1, &error);

	*taken = frame;
	if (!page)
		return error;
	memset(page, 0, PAGE_SIZE);
	memcpy(page + state_offset, &state, sizeof(state));
	foreign_unmap(page, 1);
	return domctl_flush_cache(id, frame, 1);
}

// The guest may look at any time: the port is written when all else is there.
static int give_console(struct domain *domain)
{
	domid_t id = domain->id;
	int error = take_page(id, MAGIC_CONSOLE, 0, 0, &domain->console_frame);

	if (!error)
		error = event_alloc_unbound(id, CONTROL_DOMAIN, &domain->console_port);
	if (!error)
		error = grant_seed(id, GNTTAB_RESERVED_CONSOLE, domain->console_frame, CONTROL_DOMAIN);
	if (!error)
		error = console_open(id, domain->console_frame, domain->console_port, &domain->console);
	if (!error)
		error = hvm_param_set(id, HVM_PARAM_CONSOLE_PFN, domain->console_frame.number);
	if (!error)
		error = hvm_param_set(id, HVM_PARAM_CONSOLE_EVTCHN, domain->console_port);
	return error;
}

static int give_store_page(struct domain *domain)
{
	int error = take_page(domain->id, MAGIC_STORE, offsetof(struct xenstore_domain_interface, connection),
			      XENSTORE_RECONNECT, &domain->store_frame);

	if (!error)
		error = grant_seed(domain->id, GNTTAB_RESERVED_XENSTORE, domain->store_frame, CONTROL_DOMAIN);
	return error;
}

// ---- One domain ----

static int write_nodes(const struct domain *domain, const struct domain_info *info)
{
	const struct domain_config config = {
		.memory_kib = info->pages * PAGE_KIB,
		.vcpus = info->max_vcpus,
	};

	return store_nodes_write(domain, &config);
}

// The parameter comes before the service: whoever finds it waits until the page is served.
static int serve_store(struct domain *domain, bool has_page)
{
	int error = 0;

	if (!has_page)
		error = hvm_param_set(domain->id, HVM_PARAM_STORE_PFN, domain->store_frame.number);
	return error ? error : xenstore_introduce(domain->id, domain->store_frame, domain->store_port);
}

static int give_store(struct domain *domain, const struct domain_info *info, uint64_t page)
{
	bool has_page = page != UINT64_MAX;
	int error = domctl_set_handle(domain->id, domain->uuid);

	domain->store_frame = gfn_make(page);
	if (!error && !has_page)
		error = give_store_page(domain);
	if (!error)
		error = write_nodes(domain, info);
	return error ? error : serve_store(domain, has_page);
}

static void close_console(struct domain *domain)
{
	if (domain->console)
		console_close(domain->console);
	domain->console = NULL;
}

// What was given can't be taken back from a domain that runs; but nothing is served or known any more.
static void take_back(struct domain *domain)
{
	close_console(domain);
	store_nodes_remove(domain);
	xenstore_release(domain->id);
}

// 1: it has a store now. 0: it wants none.
static int enhance(struct domain *domain, const struct domain_info *info)
{
	uint64_t port = 0, page = 0;
	int error = hvm_param_get(domain->id, HVM_PARAM_STORE_EVTCHN, &port);

	if (error || !port)
		return error;
	domain->store_port = (evtchn_port_t)port;
	uuid_make(domain->uuid);
	error = hvm_param_get(domain->id, HVM_PARAM_STORE_PFN, &page);
	if (error)
		return error;
	// One that lies 1:1 in memory takes no page from us, and has its store's from Xen, from 4.21 on.
	error = give_console(domain);
	if (error) {
		log_warning("dom0less: domain %u gets no console: %s", domain->id, error_text(error));
		close_console(domain);
	}
	error = give_store(domain, info, page);
	if (!error)
		return 1;
	take_back(domain);
	return error;
}

static int take_in(const struct domain_info *info)
{
	struct domain *domain = calloc(1, sizeof(*domain));

	if (!domain)
		return -ENOMEM;
	domain->id = info->domid;
	domain->being_built = true;
	memcpy(domain->uuid, info->handle, sizeof(domain->uuid));
	list_init(&domain->link);
	choose_name(domain);
	domain_adopt(domain);
	int result = enhance(domain, info);
	domain_is_built(domain);
	return result;
}

// ---- All of them ----

int dom0less_attach(void)
{
	struct domain_info list[DOMAINS_AT_ONCE];
	unsigned int attached = 0;
	size_t count;
	domid_t first = CONTROL_DOMAIN + 1;

	do {
		int error = sysctl_domain_list(first, list, ARRAY_SIZE(list), &count);

		if (error)
			return error == -ENOTSUP ? 0 : error; // this Xen's interfaces are unknown: that was said
		for (size_t i = 0; i < count; i++) {
			int result = domain_find(list[i].domid) ? 0 : take_in(&list[i]);

			if (result < 0)
				log_error("dom0less: domain %u gets no store: %s", list[i].domid, error_text(result));
			attached += result > 0;
			first = (domid_t)(list[i].domid + 1);
		}
	} while (count == ARRAY_SIZE(list));
	if (attached)
		log_info("dom0less: attached %u domain%s", attached, attached == 1 ? "" : "s");
	return 0;
}
