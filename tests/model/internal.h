// SPDX-License-Identifier: Apache-2.0
// What the model's files share: the machine, its domains, the door between kernel services and hypervisor.
// Tests include model.h only.
#pragma once

#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>

#include "kernel/cpu_set.h"
#include "kernel/list.h"
#include "kernel/memory.h"
#include "model/model.h"
#include "model/runs.h"
#include "xen/types.h"

// ---- The model's own memory: neither counted nor failed (allocation.c) ----

void *model_realloc(void *block, size_t size);
void *model_zalloc(size_t size);
void model_free(void *block);

// True when this allocation is the one to fail.
bool allocation_fails(const char *what, size_t size);
void allocation_usage(size_t *blocks, size_t *bytes, size_t *peak);
uint64_t allocation_serial(void);
void allocation_print_since(uint64_t serial);

// ---- Faults (fault.c) ----

enum fault_kind { FAULT_HYPERCALL, FAULT_ALLOCATION, FAULT_IMAGE_READ, FAULT_KINDS };
// Counts one; true when it is the one. `format` says what it is.
bool fault_strikes(enum fault_kind kind, const char *format, ...) PRINTF_LIKE(2, 3);
unsigned int fault_variant(void);
// By the variant, of the errors up to the first 0, at most `count`; there is one.
int fault_choose(const int *errors, size_t count);
void fault_reset(void);

// ---- Time, tasks, interrupts (kernel_task.c, kernel_irq.c) ----

void tasks_reset(void);
void time_pass(uint64_t nanoseconds);
bool timer_has_fired(void); // since it was set, once
bool task_interrupts_masked(void);
bool task_stack_holds(const void *pointer);
// Runs an interrupt handler as the exception stack would: nothing in it may wait.
void task_enter_interrupt(void);
void task_leave_interrupt(void);

void irq_reset(void);
// Runs the handlers of raised lines, unless the running task masks them. Whether there were any.
bool irq_deliver(void);

// Things that happen at a time of their own (timer.c).
void timers_reset(void);
uint64_t timers_next(void); // TIME_NEVER: none
void timers_run(void);      // those that are due

// ---- Dom0's memory (kernel_memory.c) ----

void memory_reset(void);
size_t memory_pages_allocated(void);
uint64_t memory_mapped_bytes(void);
// Dom0's second-stage mapping of [gfn, gfn + count) has changed.
void memory_refresh(uint64_t gfn, uint64_t count);

// ---- Output (kernel_console.c) ----

void output_reset(void);
void output_append(const char *text, size_t length);

// ---- The device tree (tree.c) ----

const void *tree_build(const struct model_options *options);

#define TREE_EVENT_IRQ 31u
#define TREE_GPIO_IRQ 39u
#define TREE_GPIO_ADDRESS 0x09030000ull
#define TREE_DMA_PATH "/dma@a100000" // behind the IOMMU
#define TREE_DMA_ADDRESS 0x0a100000ull
#define TREE_DMA_IRQ 80u
#define TREE_UART_ADDRESS 0x09000000ull // Xen's own
#define TREE_UART_IRQ 33u

// ---- The machine (xen_machine.c) ----

// Addresses that exist: RAM and devices lie below.
#define MACHINE_END GIB(64)
#define MACHINE_RAM_START GIB(1)
#define MACHINE_FRAMES (MACHINE_END >> PAGE_SHIFT)
#define DOM0_RAM_START (MACHINE_RAM_START + MIB(128))

enum frame_kind { FRAME_RAM = 1, FRAME_XEN, FRAME_FOREIGN, FRAME_GRANT, FRAME_MMIO };

struct machine {
	struct model_options options;
	const struct version_rules *rules;
	int memory;    // file descriptor of all machine memory, sparse
	uint8_t *base; // all of it mapped, for Xen and for the guests
	struct runs free;
	struct runs taken; // by model_take_pages()
	unsigned int max_order;
	struct runs unflushed; // frames that Dom0 mapped and may have written, not written back since
};
extern struct machine machine;

#define NO_FRAME UINT64_MAX
void machine_reset(const struct model_options *options);
uint64_t machine_allocate(unsigned int order); // first frame or NO_FRAME
void machine_release(uint64_t mfn, uint64_t count);
void *machine_page(uint64_t mfn);

// ---- Domains (xen_domain.c) ----

enum port_state { PORT_FREE, PORT_RESERVED, PORT_UNBOUND, PORT_INTERDOMAIN, PORT_VIRQ, PORT_IPI };
struct port {
	enum port_state state;
	struct domain_model *remote; // interdomain
	domid_t remote_domid;        // unbound
	evtchn_port_t remote_port;
	unsigned int virq, vcpu;
};

#define PORTS 4096u // of the two-level ABI
#define GRANT_FRAMES_MAX 64u
#define IRQS 1020u

struct vcpu_model {
	bool exists, initialised, down, blocked;
	vcpu_guest_context_t context;
	uint64_t cpu_time;
	struct cpu_set hard, soft; // affinity, as it was asked for
	struct vcpu_info *info; // in the shared page, or where the guest registered it
	evtchn_port_t virq_port[NR_VIRQS];
};

enum dying { ALIVE, DYING, DEAD };
struct domain_model {
	struct list link;
	domid_t domid;
	uint8_t handle[16];
	uint32_t flags, cpupool;
	uint16_t weight, cap;
	uint32_t ssidref; // as it was asked for: without a policy Xen doesn't look at it
	enum dying dying;
	uint64_t kill_takes; // nanoseconds, of what is left of it
	bool may_go; // dead, and nothing but mapped frames keeps it
	bool started, is_64bit, shut_down;
	unsigned int pause_count, shutdown_reason;
	uint64_t max_pages;
	struct runs p2m;              // guest frame -> machine frame, enum frame_kind
	struct runs pages;            // RAM that it owns
	struct runs xen_pages;        // shared info, grant table: Xen's, lent to it
	struct runs overhead;         // Xen's own for it
	struct runs pool_l2, pool_l3; // page tables in use, by what they cover
	struct runs pool;             // frames of the paging pool
	struct runs iomem;            // permitted
	uint64_t irqs_permitted[IRQS / 64 + 1], irqs_bound[IRQS / 64 + 1];
	unsigned int max_vcpus, gic_version, nr_spis, tee_type;
	struct vcpu_model *vcpus;
	struct port *ports;
	uint32_t max_port;
	struct shared_info *shared_info;
	uint64_t shared_info_mfn;
	unsigned int grant_frames, max_grant_frames;
	int32_t wanted_grant_frames, wanted_maptrack_frames;
	uint64_t grant_mfn[GRANT_FRAMES_MAX];
	uint64_t params[HVM_NR_PARAMS];
};

extern struct list domains; // in order of id, Dom0 first
extern struct domain_model *dom0;

#define FOR_EACH_DOMAIN(d) LIST_FOR_EACH (d, &domains, link)

void domains_reset(void);
struct domain_model *domain_by_id(domid_t domid); // DOMID_SELF: Dom0
struct domain_model *domain_must_exist(domid_t domid);
struct domain_model *domain_make(domid_t domid, unsigned int max_vcpus, int *error);
void domain_add_vcpu(struct domain_model *d, unsigned int vcpu);
bool domain_kill(struct domain_model *d); // whether that is done: hypercall_takes_part()
void domain_unlist_if_unused(struct domain_model *d);
void domain_shut_down(struct domain_model *d, unsigned int reason);
void domain_start(struct domain_model *d);
uint64_t domain_pages(const struct domain_model *d);
bool irq_set_has(const uint64_t *set, unsigned int irq);
void irq_set_put(uint64_t *set, unsigned int irq, bool value);
const struct domain_model *irq_owner(unsigned int irq);

// ---- Frames of domains (xen_p2m.c) ----

// Negative errno of Xen. The frames belong to the domain already, or to another one that lends them.
int p2m_map(struct domain_model *d, uint64_t gfn, uint64_t mfn, unsigned int order, enum frame_kind kind);
int p2m_unmap(struct domain_model *d, uint64_t gfn, uint64_t count);
// Frames that somebody maps besides their owner.
bool frame_is_mapped(uint64_t mfn);
// Gives the frames of a dying domain back, those that are mapped elsewhere when that ends.
void p2m_relinquish(struct domain_model *d);
bool pool_resize(struct domain_model *d, uint64_t pages);

// ---- Event channels (xen_event.c) ----

int port_allocate(struct domain_model *d, evtchn_port_t *port);
void port_set_pending(struct domain_model *d, evtchn_port_t port);
void ports_destroy(struct domain_model *d);
int port_send(struct domain_model *d, evtchn_port_t port);
void virq_send(unsigned int virq); // a global one, to its handler
int virq_set_handler(unsigned int virq, domid_t domid);
void virqs_reset(void);
unsigned int ports_bound(const struct domain_model *d);

// ---- Grant table (xen_grant.c) ----

int grant_frame(struct domain_model *d, unsigned int index, uint64_t *mfn);
bool grant_is_permitted(const struct domain_model *d, uint64_t gfn); // to anybody
void grants_let_go(const struct domain_model *holder); // of what domain 0 grants to it

// ---- Devices of the tree (xen_device.c) ----

void devices_reset(void);
unsigned int devices_assigned(void);
void devices_release(struct domain_model *d);

// ---- Pools of CPUs (xen_cpupool.c) ----

void pools_reset(void);
// The pool's CPUs, or NULL where there is none.
const struct cpu_set *pool_cpus(uint32_t id);
long do_cpupool_op(struct xen_sysctl_cpupool_op *op);
long pool_settings(struct xen_sysctl_scheduler_op *op); // of its scheduler

// ---- Hypercalls (xen_hypercall.c and a file per family) ----

// Offsets in XEN_DOMCTL_createdomain; the last three within its architecture's part.
#define NOWHERE (-1)
struct creation_layout {
	bool has_altp2m;
	unsigned int altp2m, vmtrace, cpupool, arch, size;
	int sve, sci, padding;
	bool padding_is_checked; // by Xen
};

// How versions behave, where they differ.
enum quirk {
	NEXT_DOMAIN_INFO = 1 << 0, // getdomaininfo answers for the next domain that exists
	IRQ_PERMISSION = 1 << 1, // exists
	DOMID_0_IS_ANY = 1 << 2, // createdomain chooses an id when it is asked for 0
	ONLY_DOMID_ANY = 1 << 3, // createdomain chooses an id for DOMID_ANY only, not for all reserved ones
	VIRQ_HAS_ONE_HANDLER = 1 << 4, // a global VIRQ can be bound by its handler only
};

// What differs between the versions.
struct version_rules {
	unsigned int minor;
	uint32_t domctl_version, sysctl_version;
	uint32_t optional_flags; // XEN_DOMCTL_CDF_* beside hvm and hap
	unsigned int max_tee;
	const struct creation_layout *layout;
	unsigned int quirks;
};
const struct version_rules *version_rules(unsigned int minor);

static inline bool xen_has(enum quirk quirk)
{
	return machine.rules->quirks & quirk;
}

// An operation: its number, how it is done, and the errors with which it can fail through no fault of the
// caller's program (ended by 0): memory, a security policy. None: a correct program can rely on it.
struct operation {
	unsigned int number;
	const char *name;
	long (*run)(void *argument);
	size_t size; // of the argument structure
	int errors[4];
	// Fails in its own way when a fault strikes (a batch that is done in part), instead of with an error.
	long (*fail)(void *argument, unsigned int variant);
};

#define OPERATION_OF(number, name, type, ...)                                                                \
	{ number, #name, name, sizeof(struct type), { __VA_ARGS__ }, NULL }
#define PARTIAL_OPERATION(number, name, type, fail)                                               \
	{ number, #name, name, sizeof(struct type), { 0 }, fail }

// Copies the structure in, runs the operation of that number, and copies back what it may have changed.
// -ENOSYS.
long operation_run(const char *family, const struct operation *operations, size_t count, unsigned int number,
		   uint64_t argument);

// Dom0's memory as Xen reads and writes it: false where nothing is mapped. Memory that is mapped but not part
// of any object is a violation.
bool copy_in(void *to, uint64_t from, size_t size);
bool copy_out(uint64_t to, const void *from, size_t size);

// Time that a long operation takes, interrupts let in.
void hypercall_takes(uint64_t nanoseconds);
// The same for one that xen_hypercall_in_parts() ends where an interrupt was let in: false, and *left is what
// it has yet to take. The rest of the machine goes on meanwhile.
bool hypercall_takes_part(uint64_t *left);

void hypercalls_reset(void);

long do_domctl(const uint64_t *a);
long do_sysctl(const uint64_t *a);
long do_memory_op(const uint64_t *a);
long do_event_channel_op(const uint64_t *a);
long do_grant_table_op(const uint64_t *a);
long do_hvm_op(const uint64_t *a);
long do_console_io(const uint64_t *a);
long do_xen_version(const uint64_t *a);
long do_sched_op(const uint64_t *a);
long do_vcpu_op(const uint64_t *a);
long do_xsm_op(const uint64_t *a);

void flask_reset(void);
bool flask_allows_creation(uint32_t sid);

void console_reset(void);
// getdomaininfo's answer, for domctl and sysctl.
void domain_fill_info(const struct domain_model *d, struct xen_domctl_getdomaininfo *info);
