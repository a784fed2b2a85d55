// SPDX-License-Identifier: Apache-2.0
// A domain's memory and CPUs as a file, in the format of `xl dump-core` (Xen's docs/misc/dump-core-format.txt): an ELF
// core with the sections .note.Xen, .xen_prstatus, .xen_pages, .xen_pfn and no program headers. Frames without
// memory, as a guest gives them back, are left out.
#pragma once

#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>

#include "kernel/failure.h"
#include "xen/types.h"

struct core_sink {
	int (*write)(void *context, const void *bytes, size_t size, uint64_t offset); // 0 or a negative errno
	void *context;
};

// Bytes that a core of the domain has at most.
int core_size(domid_t id, uint64_t *size, struct failure *failure);

// Writes a core; the start of the file comes last, so that one that was cut is none. The domain doesn't run
// meanwhile. Asks `interrupted` (or NULL) as it goes: true ends it with -EINTR. Yields, waits for the sink.
int core_write(domid_t id, const struct core_sink *sink, bool (*interrupted)(void), struct failure *failure);

// The same to a file on a card; a path that doesn't begin with '/' is in the images folder. One of that name is
// overwritten; on failure there is none. -ENOSPC, -EFBIG (FAT has no files above 4 GB): nothing was written.
int core_write_file(domid_t id, const char *path, bool (*interrupted)(void), struct failure *failure);
