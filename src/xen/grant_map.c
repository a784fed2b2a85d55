// SPDX-License-Identifier: Apache-2.0
// Mapping what other domains grant (GNTTABOP_map_grant_ref, public/grant_table.h). On Arm a grant is mapped
// at a physical address of this domain; a place in the window of foreign.h is accessible by itself.
#include <errno.h>
#include <stdlib.h>

#include "kernel/compiler.h"
#include "kernel/log.h"
#include "xen/foreign.h"
#include "xen/grant.h"
#include "xen/hypercall.h"

// Operations of one hypercall: the list is on the stack.
#define BATCH_MAX 32u

static int status_error(int status)
{
	switch (status) {
	case GNTST_okay:
		return 0;
	case GNTST_bad_domain:
		return -ESRCH;
	case GNTST_permission_denied:
		return -EPERM;
	case GNTST_no_device_space:
	case GNTST_no_space:
		return -ENOMEM;
	case GNTST_eagain:
		return -EAGAIN;
	default:
		return -EINVAL;
	}
}

static uint64_t address_of(const struct grant_map *map, size_t i)
{
	return gfn_address(gfn_add(map->first, i));
}

// Unmaps the pages [first, end). A place that Xen doesn't give up stays taken, so that nothing else is ever
// seen there.
static void unmap_pages(const struct grant_map *map, size_t first, size_t end)
{
	while (first < end) {
		struct gnttab_unmap_grant_ref list[BATCH_MAX] = {0};
		size_t count = MIN(end - first, BATCH_MAX);

		for (size_t i = 0; i < count; i++) {
			list[i].host_addr = address_of(map, first + i);
			list[i].handle = map->handles[first + i];
			list[i].status = GNTST_general_error; // not reached
		}
		xen_hypercall(__HYPERVISOR_grant_table_op, GNTTABOP_unmap_grant_ref, (uintptr_t)list, count,
			      0, 0);
		for (size_t i = 0; i < count; i++) {
			if (list[i].status != GNTST_okay)
				log_error("granted page at %#llx could not be unmapped: status %d",
					  (unsigned long long)list[i].host_addr, list[i].status);
			else
				foreign_release((char *)map->pages + (first + i) * PAGE_SIZE, 1);
		}
		first += count;
	}
}

// Maps up to BATCH_MAX pages from `first` on; what was mapped before an error is unmapped, and the places are
// given back.
static int map_batch(const struct grant_map *map, domid_t domid, const grant_ref_t *references, size_t first,
		     size_t count, bool read_only)
{
	struct gnttab_map_grant_ref list[BATCH_MAX] = {0};

	for (size_t i = 0; i < count; i++) {
		list[i].host_addr = address_of(map, first + i);
		list[i].flags = GNTMAP_host_map | (read_only ? GNTMAP_readonly : 0);
		list[i].ref = references[first + i];
		list[i].dom = domid;
		list[i].status = GNTST_general_error; // not reached
	}
	int error = xen_error(xen_hypercall(__HYPERVISOR_grant_table_op, GNTTABOP_map_grant_ref,
					    (uintptr_t)list, count, 0, 0));
	for (size_t i = 0; i < count; i++) {
		map->handles[first + i] = list[i].handle;
		if (!error)
			error = status_error(list[i].status);
	}
	if (!error)
		return 0;
	for (size_t i = 0; i < count; i++) {
		if (list[i].status == GNTST_okay)
			unmap_pages(map, first + i, first + i + 1);
		else
			foreign_release((char *)map->pages + (first + i) * PAGE_SIZE, 1);
	}
	return error;
}

int grant_map(struct grant_map *map, domid_t domid, const grant_ref_t *references, size_t count,
	      bool read_only)
{
	int error;

	*map = (struct grant_map){.count = count};
	map->handles = calloc(count, sizeof(*map->handles));
	if (!map->handles)
		return -ENOMEM;
	map->pages = foreign_reserve(count, &map->first, &error);
	for (size_t done = 0; !error && done < count; done += BATCH_MAX) {
		size_t batch = MIN(count - done, BATCH_MAX);

		error = map_batch(map, domid, references, done, batch, read_only);
		if (!error)
			continue;
		unmap_pages(map, 0, done);
		if (done + batch < count)
			foreign_release((char *)map->pages + (done + batch) * PAGE_SIZE,
					count - done - batch);
	}
	if (error) {
		free(map->handles);
		*map = (struct grant_map){0};
	}
	return error;
}

void grant_unmap(struct grant_map *map)
{
	if (!map->pages)
		return;
	unmap_pages(map, 0, map->count);
	free(map->handles);
	*map = (struct grant_map){0};
}
