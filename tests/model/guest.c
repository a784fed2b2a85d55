// SPDX-License-Identifier: Apache-2.0
// A test acting as a guest: its memory, its console.
#include <string.h>

#include "kernel/compiler.h"
#include "model/internal.h"

void *model_guest_page(domid_t domid, uint64_t gfn)
{
	const struct run *run = runs_find(&domain_must_exist(domid)->p2m, gfn);

	return run ? machine_page(run->value + (gfn - run->start)) : NULL;
}

static void *page_of(domid_t domid, uint64_t address)
{
	uint8_t *page = model_guest_page(domid, address >> PAGE_SHIFT);

	if (!page)
		model_violation("domain %u has no memory at %#llx", domid, (unsigned long long)address);
	return page + (address & PAGE_MASK);
}

void model_guest_read(domid_t domid, uint64_t address, void *buffer, size_t size)
{
	for (uint8_t *to = buffer; size;) {
		size_t piece = MIN(size, PAGE_SIZE - (address & PAGE_MASK));

		memcpy(to, page_of(domid, address), piece);
		to += piece;
		address += piece;
		size -= piece;
	}
}

void model_guest_write(domid_t domid, uint64_t address, const void *buffer, size_t size)
{
	for (const uint8_t *from = buffer; size;) {
		size_t piece = MIN(size, PAGE_SIZE - (address & PAGE_MASK));

		memcpy(page_of(domid, address), from, piece);
		from += piece;
		address += piece;
		size -= piece;
	}
}

// ---- The PV console ----

struct xencons_interface *model_guest_console(domid_t domid)
{
	return page_of(domid, model_guest_param(domid, HVM_PARAM_CONSOLE_PFN) << PAGE_SHIFT);
}

static void notify(domid_t domid)
{
	model_guest_notify(domid, (evtchn_port_t)model_guest_param(domid, HVM_PARAM_CONSOLE_EVTCHN));
}

size_t model_guest_print(domid_t domid, const char *text, size_t size)
{
	struct xencons_interface *ring = model_guest_console(domid);
	size_t done = 0;

	while (done < size && ring->out_prod - ring->out_cons < sizeof(ring->out))
		ring->out[ring->out_prod++ % sizeof(ring->out)] = text[done++];
	notify(domid);
	return done;
}

size_t model_guest_type(domid_t domid, char *buffer, size_t size)
{
	struct xencons_interface *ring = model_guest_console(domid);
	size_t done = 0;

	while (done < size && ring->in_cons != ring->in_prod)
		buffer[done++] = ring->in[ring->in_cons++ % sizeof(ring->in)];
	notify(domid);
	return done;
}
