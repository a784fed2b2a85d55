// SPDX-License-Identifier: Apache-2.0
// domain/dom0less.c: domains that were there before us, as each Xen leaves them, and whatever fails.
#include <errno.h>
#include <inttypes.h>
#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>
#include <stdio.h>
#include <string.h>

#include <cmocka.h>
#include <libfdt.h>

#include "console/console.h"
#include "domain/dom0less.h"
#include "domain/domain.h"
#include "domain/layout.h"
#include "domain/lifecycle.h"
#include "domain/store_nodes.h"
#include "kernel/compiler.h"
#include "kernel/devicetree.h"
#include "kernel/task.h"
#include "model/model.h"
#include "xen/domctl.h"
#include "xen/event.h"
#include "xen/foreign.h"
#include "xen/grant.h"
#include "xen/hvm.h"
#include "xen/physmap.h"
#include "xen/public.h"
#include "xen/version.h"
#include "xenstore/xenstore.h"

#define PAGES 64u

// As long as what set_bootargs() writes in its place.
static char bootargs[] = "                                                                                    ";

static void set_bootargs(const char *text)
{
	void *tree = (void *)(uintptr_t)devicetree();

	snprintf(bootargs, sizeof(bootargs), "%-*s", (int)sizeof(bootargs) - 1, text);
	assert_int_equal(fdt_setprop_inplace(tree, fdt_path_offset(tree, "/chosen"), "bootargs", bootargs,
					     sizeof(bootargs)),
			 0);
}

static int start(void **state)
{
	struct model_options options = model_defaults;

	(void)state;
	options.bootargs = bootargs;
	model_start(&options);
	return event_init() || xen_version_init() || foreign_init() || console_init() || xenstore_init() ||
	       store_nodes_init() || lifecycle_init();
}

// As `xen,enhanced` makes it: a port for the store, and no page yet.
static domid_t make_enhanced(void)
{
	domid_t id = model_make_domain(PAGES);
	evtchn_port_t port;

	assert_int_equal(event_alloc_unbound(id, 0, &port), 0);
	assert_int_equal(hvm_param_set(id, HVM_PARAM_STORE_EVTCHN, port), 0);
	assert_int_equal(hvm_param_set(id, HVM_PARAM_STORE_PFN, UINT64_MAX), 0);
	return id;
}

// From Xen 4.21 on the page is there.
static domid_t make_with_page(void)
{
	domid_t id = make_enhanced();
	gfn_t frame = magic_gfn(MAGIC_STORE);
	static const union {
		struct xenstore_domain_interface ring;
		uint8_t bytes[PAGE_SIZE];
	} page = { .ring.connection = XENSTORE_RECONNECT };
	size_t done;

	assert_int_equal(domctl_set_max_memory(id, (PAGES + 1) * 4), 0);
	assert_int_equal(physmap_populate(id, &frame, 1, EXTENT_4K, &done), 0);
	model_guest_write(id, gfn_address(frame), &page, sizeof(page));
	assert_int_equal(grant_seed(id, GNTTAB_RESERVED_XENSTORE, frame, 0), 0);
	assert_int_equal(hvm_param_set(id, HVM_PARAM_STORE_PFN, frame.number), 0);
	return id;
}

static void attach(unsigned int expected)
{
	char line[64];

	model_output_clear();
	assert_int_equal(dom0less_attach(), 0);
	model_run(MILLISECONDS(10));
	snprintf(line, sizeof(line), "I: dom0less: attached %u domain%s\n", expected, expected == 1 ? "" : "s");
	assert_string_equal(model_output(), expected ? line : "");
}

static void assert_node(domid_t id, const char *node, const char *value)
{
	char path[STORE_PATH_SIZE], found[64] = "";

	store_home_path(id, node, path);
	if (xs_read(XS_NO_TRANSACTION, path, found, sizeof(found)) < 0 || strcmp(found, value))
		fail_msg("%s is '%s', not '%s'", path, found, value);
}

static void check_served_at(domid_t id, const char *kib, gfn_t console_frame, gfn_t store_frame)
{
	char number[24];
	struct xenstore_domain_interface page;
	char path[STORE_PATH_SIZE], text[8] = "";
	struct xs_permission permissions[2];
	size_t count;

	assert_int_equal(model_guest_param(id, HVM_PARAM_CONSOLE_PFN), console_frame.number);
	assert_int_equal(model_guest_param(id, HVM_PARAM_STORE_PFN), store_frame.number);
	model_guest_read(id, gfn_address(store_frame), &page, sizeof(page));
	assert_int_equal(page.connection, XENSTORE_CONNECTED);
	assert_true(model_guest_take_event(id, (evtchn_port_t)model_guest_param(id, HVM_PARAM_STORE_EVTCHN)));
	assert_true(xenstore_is_introduced(id));
	assert_int_equal(model_guest_grant(id, GNTTAB_RESERVED_XENSTORE).frame, store_frame.number);
	assert_int_equal(model_guest_grant(id, GNTTAB_RESERVED_CONSOLE).frame, console_frame.number);

	assert_node(id, "name", domain_find(id)->name);
	assert_node(id, "memory/static-max", kib);
	snprintf(number, sizeof(number), "%" PRIu64, store_frame.number);
	assert_node(id, "store/ring-ref", number);
	snprintf(number, sizeof(number), "%" PRIu64, console_frame.number);
	assert_node(id, "console/ring-ref", number);
	store_home_path(id, "device", path);
	assert_int_equal(xs_get_permissions(XS_NO_TRANSACTION, path, permissions, 2, &count), 0);
	assert_int_equal(count, 2); // the domain may list it
	assert_int_equal(permissions[1].domid, id);

	struct console *console = domain_find(id)->console;
	assert_int_equal(model_guest_print(id, "hello", 5), 5);
	model_run(MILLISECONDS(10));
	assert_int_equal(console_read(console, text, sizeof(text)), 5);
	assert_string_equal(text, "hello");
}

static void check_served(domid_t id, const char *kib)
{
	check_served_at(id, kib, magic_gfn(MAGIC_CONSOLE), magic_gfn(MAGIC_STORE));
}

static void one_of_each(void **state)
{
	struct model_snapshot before = model_snapshot();
	char name[DOMAIN_NAME_MAX];

	(void)state;
	domid_t plain = model_make_domain(PAGES), enhanced = make_enhanced(), with_page = make_with_page();
	attach(2);
	check_served(enhanced, "256");
	check_served(with_page, "260"); // Xen's page counts
	snprintf(name, sizeof(name), "Dom0less-%u", plain);
	assert_string_equal(domain_find(plain)->name, name);
	assert_null(domain_find(plain)->console);
	assert_false(xenstore_is_introduced(plain));
	assert_int_equal(model_guest_param(plain, HVM_PARAM_STORE_PFN), 0);
	attach(0); // nothing is done twice

	const domid_t ids[] = { plain, enhanced, with_page };
	for (size_t i = 0; i < ARRAY_SIZE(ids); i++) {
		assert_int_equal(domain_pause(ids[i], NULL), 0);
		assert_int_equal(domain_unpause(ids[i], NULL), 0);
		assert_int_equal(domain_destroy(ids[i], NULL), 0);
	}
	assert_int_equal(model_domain_count(), 0);
	model_assert_equal(&before, "one of each");
}

// Of a domain that can take no pages: the argument says where it has left some. It is untrusted as any.
static void pages_of_its_own(void **state)
{
	uint64_t first = GUEST_RAM0_BASE >> PAGE_SHIFT;
	struct model_snapshot before = model_snapshot();
	domid_t ids[5];

	(void)state;
	set_bootargs("x dom0less=one@40002000,two@0x4003e000,three@40000000000,@,five@4000e000");
	for (size_t i = 0; i < ARRAY_SIZE(ids); i++)
		ids[i] = make_enhanced();
	assert_int_equal(dom0less_attach(), 0);
	model_run(MILLISECONDS(10));
	assert_non_null(strstr(model_output(), "I: dom0less: attached 3 domains\n"));
	check_served_at(ids[0], "256", gfn_make(first + 2), gfn_make(first + 3));
	check_served_at(ids[1], "256", gfn_make(first + PAGES - 2), gfn_make(first + PAGES - 1));
	check_served_at(ids[4], "256", gfn_make(first + 14), gfn_make(first + 15));
	for (size_t i = 2; i < 4; i++) { // no memory of its
		assert_false(xenstore_is_introduced(ids[i]));
		assert_null(domain_find(ids[i])->console);
	}
	assert_string_equal(domain_find(ids[1])->name, "two");
	for (size_t i = 0; i < ARRAY_SIZE(ids); i++)
		assert_int_equal(domain_destroy(ids[i], NULL), 0);
	model_assert_equal(&before, "pages of its own");
	set_bootargs("");
}

static void its_end_is_told(void **state)
{
	(void)state;
	domid_t id = make_enhanced();
	attach(1);
	model_output_clear();
	model_guest_shutdown(id, SHUTDOWN_reboot);
	model_run(MILLISECONDS(10));
	assert_non_null(strstr(model_output(), "wants to reboot; 'xu destroy"));
	assert_int_equal(domain_destroy(id, NULL), 0);
}

static void many(void **state)
{
	domid_t ids[20];

	(void)state;
	for (size_t i = 0; i < ARRAY_SIZE(ids); i++)
		ids[i] = make_enhanced();
	attach(ARRAY_SIZE(ids));
	for (size_t i = 0; i < ARRAY_SIZE(ids); i++)
		assert_int_equal(domain_destroy(ids[i], NULL), 0);
}

static void no_memory_for_its_page(void **state)
{
	(void)state;
	domid_t id = make_enhanced();
	model_take_pages(model_free_pages());
	model_output_clear();
	assert_int_equal(dom0less_attach(), 0);
	assert_non_null(strstr(model_output(), "E: dom0less: domain "));
	assert_non_null(strstr(model_output(), " gets no store: "));
	model_return_pages();
	assert_int_equal(domain_destroy(id, NULL), 0);
}

static void no_memory_for_its_console(void **state)
{
	(void)state;
	domid_t id = make_with_page();
	model_take_pages(model_free_pages());
	model_output_clear();
	assert_int_equal(dom0less_attach(), 0);
	assert_non_null(strstr(model_output(), " gets no console: "));
	assert_non_null(strstr(model_output(), "I: dom0less: attached 1 domain\n"));
	assert_true(xenstore_is_introduced(id));
	assert_null(domain_find(id)->console);
	model_return_pages();
	assert_int_equal(domain_destroy(id, NULL), 0);
}

static void fail_hypercall(unsigned int nth)
{
	model_fail_hypercall(nth, 0);
}

static void fail_hypercall_otherwise(unsigned int nth)
{
	model_fail_hypercall(nth, 1);
}

// Whatever fails, every domain can be destroyed, and then nothing is left.
static bool attach_with_fault(void (*set_fault)(unsigned int nth), unsigned int nth,
			      const struct model_snapshot *before)
{
	char what[128];

	domid_t ids[] = { make_enhanced(), make_with_page() };
	set_fault(nth);
	int error = dom0less_attach();
	bool struck = model_fault_struck();
	snprintf(what, sizeof(what), "step %u: %s", nth, model_fault_place());
	model_fail_hypercall(0, 0);
	model_fail_allocation(0);
	if (error && !struck)
		fail_msg("%s: failed without a fault", what);
	for (size_t i = 0; i < ARRAY_SIZE(ids); i++)
		if (domain_destroy(ids[i], NULL))
			fail_msg("%s: domain %u can't be destroyed", what, ids[i]);
	assert_true(list_is_empty(&domain_list));
	model_assert_equal(before, what);
	return struck;
}

static void faults(void **state)
{
	static void (*const kinds[])(unsigned int nth) = { fail_hypercall, fail_hypercall_otherwise,
							   model_fail_allocation };
	struct model_snapshot before = model_snapshot();

	(void)state;
	for (size_t i = 0; i < ARRAY_SIZE(kinds); i++)
		for (unsigned int nth = 1; attach_with_fault(kinds[i], nth, &before); nth++)
			assert_true(nth < 2000);
}

static void faults_with_pages_of_its_own(void **state)
{
	set_bootargs("dom0less=one@40002000");
	faults(state);
	set_bootargs("");
}

int main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test(one_of_each),
		cmocka_unit_test(pages_of_its_own),
		cmocka_unit_test(its_end_is_told),
		cmocka_unit_test(many),
		cmocka_unit_test(no_memory_for_its_page),
		cmocka_unit_test(no_memory_for_its_console),
		cmocka_unit_test(faults),
		cmocka_unit_test(faults_with_pages_of_its_own),
	};

	return cmocka_run_group_tests(tests, start, NULL);
}
