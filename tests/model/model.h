// SPDX-License-Identifier: Apache-2.0
// The model: a Xen on Arm64 behind xen_hypercall(), and the kernel's services (src/kernel/*.h), on the host.
// What src/ above src/kernel does with them is real: it maps guest memory, binds ports, waits in tasks. Time
// is virtual: it passes with each hypercall, and jumps to the next deadline when every task waits.
//
// The model is strict. What Xen refuses, it refuses with Xen's error. What Xen would take but a toolstack
// must never do (memory of our own mapped over, a guest started with stale caches, fields that have no
// meaning filled) is a violation: it ends the test program with a message.
#pragma once

#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>

#include "config/domain_config.h"
#include "xen/types.h"

// ---- Start ----

struct model_options {
	unsigned int xen_minor; // 17..22: Xen 4.xen_minor
	uint64_t ram;           // bytes of the machine
	uint64_t dom0_ram;      // of them, Dom0's: one bank, mapped 1:1
	unsigned int cpus;
	unsigned int gic_version; // 2 or 3
	bool iommu;               // Xen has one, and it covers the devices with an `iommus` property
	bool tee;                 // Xen mediates OP-TEE
	bool scmi;                // Xen hands a domain's SCMI calls on (scmi-smc-passthrough)
	const char *bootargs;     // Dom0's command line; NULL: "console=hvc0"
	const void *tree;         // Dom0's device tree; NULL: as Xen makes it on QEMU's machine virt
};

// Xen 4.17, 8 GB, 16 MB for Dom0, GICv2, 4 CPUs, no IOMMU.
extern const struct model_options model_defaults;

// Makes the machine anew: Dom0 alone, nothing bound, time 0, no faults. NULL: the defaults. Tasks that wait
// are forgotten, so that a test program that starts twice initialises src/ twice as well.
void model_start(const struct model_options *options);
void model_start_version(unsigned int xen_minor);

// Another Xen under the same running Dom0, while there are no other domains.
void model_set_version(unsigned int xen_minor);

// Xen's own command line; the default has xsm=dummy. The text stays the caller's.
void model_set_command_line(const char *text);

// From now on this Xen has FLASK, enforcing. `policy` is MODEL_POLICY and the types that it has besides those of Xen's own
// labels, separated by blanks; "": none is loaded yet.
#define MODEL_POLICY "policy: "
void model_flask(const char *policy);

// ---- Time and tasks ----

// Lets all the others run for this long (task_sleep of the test's own task).
void model_run(uint64_t nanoseconds);

// Calls function(context) at a time from now on, as a guest or the machine acting by itself: not in a task,
// must not wait.
void model_after(uint64_t nanoseconds, void (*function)(void *context), void *context);

// Tasks that exist, the test's own included.
unsigned int model_task_count(void);

// Raises an interrupt line of Dom0 (edge).
void model_raise_irq(unsigned int irq);

// Calls the function after each write of a driver to a device's register, to act as the device does; NULL: no more.
void model_on_register_write(void (*function)(volatile void *at));

// True when function(context) ends in panic(), an assertion or a violation; `text` gets its message. Runs in
// a child process.
bool model_panics(void (*function)(void *context), void *context, char *text, size_t size);

// Runs function(context) until Dom0 asks for its own shutdown; returns the reason (SHUTDOWN_*), or -1 when
// the function returns.
int model_shutdown_reason(void (*function)(void *context), void *context);

// ---- The console of Dom0 ----

// What Dom0 printed since the last model_output_clear(), NUL-terminated. Log lines are in it too. With
// MODEL_SHOW_OUTPUT in the environment it goes to standard error as well.
const char *model_output(void);
void model_output_clear(void);

// Types on Xen's console: for CONSOLEIO_read, with VIRQ_CONSOLE.
void model_type(const char *text);

// Xen itself prints: into its console ring, with VIRQ_CON_RING.
void model_xen_prints(const char *text);

// Xen's option console_to_ring: what this domain prints goes to that ring as well.
void model_console_to_ring(bool on);

// ---- Looking at domains ----

bool model_domain_exists(domid_t domid); // also while dying
unsigned int model_domain_count(void);   // without Dom0
domid_t model_last_domain(void);         // the newest that exists, DOMID_INVALID: none but Dom0

struct model_domain_info {
	bool dying, shut_down, started; // started: unpaused at least once
	unsigned int pause_count;
	unsigned int shutdown_reason;
	uint64_t pages, max_pages, paging_pool_pages;
	unsigned int vcpus, max_vcpus;
	unsigned int gic_version, nr_spis, tee_type;
	uint32_t flags, ssidref, max_event_channel; // as createdomain had them
	int32_t max_grant_frames, max_maptrack_frames;
	bool is_64bit;
	uint8_t handle[16];
};
// Fails the test when there is no such domain.
struct model_domain_info model_domain(domid_t domid);

// The first frame's machine frame, UINT64_MAX where nothing is mapped; *order gets the greatest extent around
// it (0..18).
uint64_t model_guest_mfn(domid_t domid, uint64_t gfn, unsigned int *order);

// RAM frames mapped in [first, first + count) of a guest; frames of devices in it.
uint64_t model_guest_ram_frames(domid_t domid, uint64_t first, uint64_t count);
uint64_t model_guest_mmio_frames(domid_t domid, uint64_t first, uint64_t count);

bool model_iomem_permitted(domid_t domid, uint64_t mfn, uint64_t frames);
bool model_irq_bound(domid_t domid, unsigned int irq);
bool model_device_assigned(domid_t domid, const char *path);

struct model_vcpu {
	bool exists, online, initialised;
	uint64_t pc, x[4], cpsr, sctlr;
};
struct model_vcpu model_vcpu(domid_t domid, unsigned int vcpu);

// ---- Acting as a guest ----

// Guest memory, as the guest sees it. Fail the test where nothing is mapped.
void model_guest_read(domid_t domid, uint64_t address, void *buffer, size_t size);
void model_guest_write(domid_t domid, uint64_t address, const void *buffer, size_t size);
// A page of it, for as long as it exists; NULL where nothing is mapped.
void *model_guest_page(domid_t domid, uint64_t gfn);

// HVM_PARAM_*.
uint64_t model_guest_param(domid_t domid, unsigned int index);

// Event channels: sends on a port of the guest's; says whether an event was pending on one, and clears it.
void model_guest_notify(domid_t domid, evtchn_port_t port);
bool model_guest_take_event(domid_t domid, evtchn_port_t port);

// The ring of the PV console (HVM_PARAM_CONSOLE_PFN). Both return how many bytes the ring took or gave and
// notify the other side.
size_t model_guest_print(domid_t domid, const char *text, size_t size);
size_t model_guest_type(domid_t domid, char *buffer, size_t size);
struct xencons_interface *model_guest_console(domid_t domid);

// Entry of the guest's grant table, version 1.
grant_entry_v1_t model_guest_grant(domid_t domid, unsigned int reference);

void model_guest_set_grant(domid_t domid, unsigned int reference, domid_t to, uint64_t gfn, uint16_t flags);
// The guest maps a page that another domain grants to it; NULL: that isn't so. It stays accessible after the end of that.
void *model_guest_map_grant(domid_t domid, domid_t owner, unsigned int reference);
void model_guest_unmap_grant(domid_t owner, unsigned int reference);

// The guest binds a port of Dom0's; fails the test when that isn't for it.
evtchn_port_t model_guest_bind(domid_t domid, evtchn_port_t remote_port);

// The guest asks for its own shutdown, or brings a CPU up (PSCI).
void model_guest_shutdown(domid_t domid, unsigned int reason);
void model_guest_cpu_on(domid_t domid, unsigned int vcpu);

// CPU time that a domain is charged with.
void model_guest_ran(domid_t domid, unsigned int vcpu, uint64_t nanoseconds);

// A domain that somebody else built: Xen at boot.
domid_t model_make_domain(uint64_t pages);

// ---- The machine ----

// Xen has contiguous memory only up to 2^order frames from now on.
void model_limit_extents(unsigned int order);

uint64_t model_free_pages(void);

// Takes free pages away (a Xen that is short of memory), and gives them back.
void model_take_pages(uint64_t pages);
void model_return_pages(void);

// How long after destroydomain the domain stays in Xen's list; the default is 2 ms.
void model_set_destroy_delay(uint64_t nanoseconds);

// ---- Back where it was ----

struct model_snapshot {
	uint64_t domains, tasks, dom0_ports, irqs_bound, devices_assigned;
	uint64_t free_pages;                           // of the machine
	uint64_t dom0_foreign_frames, dom0_own_frames; // in its second-stage tables
	uint64_t dom0_mapped_bytes;                    // memory_map()
	size_t page_allocator_pages, heap_blocks, heap_bytes;
	uint64_t serial; // of the newest heap block
};

// Lets what is under way in Xen end (10 ms), then counts.
struct model_snapshot model_snapshot(void);

// Fails the test with each difference, and with where the heap blocks allocated since then come from.
void model_assert_equal(const struct model_snapshot *before, const char *what);

// ---- Faults ----

// The Nth call from now on (1: the next) of those that can fail fails, once. `variant` chooses among the errors
// that are plausible for it. 0 stops. Calls that a correct program can rely on (closing its own port,
// unmapping, printing) never fail. The second form: so do all that follow, until it is stopped.
void model_fail_hypercall(unsigned int nth, unsigned int variant);
void model_fail_hypercalls_from(unsigned int nth, unsigned int variant);
// malloc() and friends, page_alloc(), memory_map(), task_create(), of the program and of libraries linked
// statically.
void model_fail_allocation(unsigned int nth);
void model_fail_allocations_from(unsigned int nth);
// Reads through model images.
void model_fail_image_read(unsigned int nth);

// The next so many removals of a CPU from a pool find it busy, to be called again.
void model_pool_busy(unsigned int times);

// Whether the fault has struck since it was set, and what it hit: "domctl 1", "malloc(80)", "read of kernel".
bool model_fault_struck(void);
const char *model_fault_place(void);

// Calls of a kind since the start, for tests that bound the work: number is __HYPERVISOR_..., command its
// first argument or domctl's and sysctl's cmd.
unsigned int model_hypercall_count(unsigned int number, unsigned int command);

// ---- Images ----

struct model_image {
	const char *name;
	const void *data;
	uint64_t size;
	int size_error, read_error; // returned instead, when not 0
	uint64_t reads, bytes;      // statistics
	uint64_t read_time;         // nanoseconds of sleep per read
	size_t ahead_piece;         // bytes that it hands out when it is read ahead; 0: 64 KiB
	struct model_ahead *ahead;  // that is under way
};
struct image_source model_image_source(struct model_image *image);

// ---- Ending a test ----

// Prints the message and ends the program: a rule of Xen or of this model was broken.
void model_violation(const char *format, ...) PRINTF_LIKE(1, 2) __attribute__((noreturn));
