// SPDX-License-Identifier: Apache-2.0
// The sections lie in the file as Xen's own tools put them: header, section headers, notes, CPUs, pages (on a page's
// boundary), frame numbers, names. How many pages there are is known when they are written; so the start comes last.
#include "domain/core.h"

#include <errno.h>
#include <inttypes.h>
#include <stdlib.h>
#include <string.h>

#include "kernel/compiler.h"
#include "kernel/memory.h"
#include "kernel/task.h"
#include "xen/domctl.h"
#include "xen/foreign.h"
#include "xen/hypercall.h"
#include "xen/physmap.h"
#include "xen/version.h"

#define PIECE_PAGES 16u
#define RUNS_MAX    65536u // more fragments than that are no domain's

// ---- ELF (System V ABI, 64-bit) and the notes ----

struct elf_header {
	uint8_t ident[16];
	uint16_t type, machine;
	uint32_t version;
	uint64_t entry, program_headers, section_headers;
	uint32_t flags;
	uint16_t size, program_header_size, program_headers_count;
	uint16_t section_header_size, section_count, names_section;
};
_Static_assert(sizeof(struct elf_header) == 64, "Elf64_Ehdr");

struct elf_section {
	uint32_t name, type;
	uint64_t flags, address, offset, size;
	uint32_t link, info;
	uint64_t alignment, entry_size;
};
_Static_assert(sizeof(struct elf_section) == 64, "Elf64_Shdr");

enum { ELF_CORE = 4, ELF_AARCH64 = 183, SECTION_PROGBITS = 1, SECTION_STRINGS = 3, SECTION_NOTE = 7 };

// xen/elfnote.h
enum { NOTE_NONE = 0x2000000, NOTE_HEADER, NOTE_XEN_VERSION, NOTE_FORMAT_VERSION };

#define MAGIC_HVM 0xf00febeeu // XC_CORE_MAGIC_HVM of xenctrl.h

struct note {
	uint32_t name_size, size, type;
	char name[4];
};

struct notes {
	struct note none;
	struct note header;
	uint64_t magic, vcpus, pages, page_size;
	struct note xen;
	uint64_t major, minor;
	char extra[16];
	struct {
		char compiler[64], by[16], domain[32], date[32];
	} compile;
	char capabilities[1024], changeset[64];
	uint64_t virt_start, xen_page_size;
	struct note format;
	uint64_t format_version; // major << 32 | minor
};
_Static_assert(sizeof(struct notes) == 16 + 48 + 16 + 16 + 16 + 144 + 1024 + 64 + 16 + 24, "packed");

enum { NONE, NAMES, NOTES, CPUS, PAGES, FRAMES, SECTIONS };

static const char names[] = "\0.shstrtab\0.note.Xen\0.xen_prstatus\0.xen_pages\0.xen_pfn";

// ---- The core ----

struct run {
	uint64_t first, count; // frames
};

struct core {
	domid_t id;
	const struct core_sink *sink;
	bool (*interrupted)(void);
	struct failure *failure;
	struct domain_info info;
	vcpu_guest_context_t *cpus;
	uint64_t cpu_count;
	uint8_t *buffer; // PIECE_PAGES pages
	struct run *runs;
	size_t run_count, run_capacity;
	uint64_t pages;
};

static uint64_t pages_offset(const struct core *core)
{
	return ROUND_UP(sizeof(struct elf_header) + SECTIONS * sizeof(struct elf_section) + sizeof(struct notes) +
				core->cpu_count * sizeof(*core->cpus),
			PAGE_SIZE);
}

static int put(struct core *core, const void *bytes, size_t size, uint64_t offset)
{
	int error = core->sink->write(core->sink->context, bytes, size, offset);

	if (error)
		failure_set(core->failure, error, "the core can't be written: %s", error_text(error));
	return error;
}

// ---- Pages ----

static int note_frames(struct core *core, uint64_t first, uint64_t count)
{
	struct run *last = core->run_count ? &core->runs[core->run_count - 1] : NULL;

	if (last && last->first + last->count == first) {
		last->count += count;
		return 0;
	}
	if (core->run_count == core->run_capacity) {
		size_t capacity = MAX(2 * core->run_capacity, (size_t)64);
		struct run *runs = capacity > RUNS_MAX ? NULL : realloc(core->runs, capacity * sizeof(*runs));

		if (!runs)
			return -ENOMEM;
		core->runs = runs;
		core->run_capacity = capacity;
	}
	core->runs[core->run_count++] = (struct run){ first, count };
	return 0;
}

// 0 also where one of the frames has no memory: nothing was written then.
static int write_frames(struct core *core, uint64_t first, size_t count, bool *present)
{
	int error;
	void *memory = foreign_map_range(core->id, gfn_make(first), count, &error);

	*present = memory;
	if (!memory)
		return error == -ENOMEM ? error : 0;
	memcpy(core->buffer, memory, count * PAGE_SIZE);
	foreign_unmap(memory, count);
	error = put(core, core->buffer, count * PAGE_SIZE, pages_offset(core) + core->pages * PAGE_SIZE);
	if (error)
		return error;
	core->pages += count;
	return note_frames(core, first, count);
}

static int write_piece(struct core *core, uint64_t first, size_t count)
{
	bool present;
	int error = write_frames(core, first, count, &present);

	for (size_t i = 0; !error && !present && count > 1 && i < count; i++) {
		bool single;
		error = write_frames(core, first + i, 1, &single);
	}
	if (!error && core->interrupted && core->interrupted())
		error = failure_set(core->failure, -EINTR, "stopped");
	if (task_should_yield())
		task_yield();
	return error;
}

static int write_range(struct core *core, uint64_t first, uint64_t end)
{
	int error = 0;

	while (first < end && core->pages < core->info.pages && !error) {
		uint64_t left = MIN(end - first, core->info.pages - core->pages);
		size_t count = (size_t)MIN(left, PIECE_PAGES);

		error = write_piece(core, first, count);
		first += count;
	}
	return error;
}

// Where a guest's memory can be (public/arch-arm.h), until all of it is found.
static int write_pages(struct core *core)
{
	static const uint64_t banks[][2] = {
		{ GUEST_MAGIC_BASE, PIECE_PAGES * PAGE_SIZE },
		{ GUEST_RAM0_BASE, GUEST_RAM0_SIZE },
		{ GUEST_RAM1_BASE, GUEST_RAM1_SIZE },
	};
	int64_t highest = physmap_highest_frame(core->id);
	int error = highest < 0 ? (int)highest : 0;

	for (size_t i = 0; i < ARRAY_SIZE(banks) && !error; i++) {
		uint64_t first = banks[i][0] >> PAGE_SHIFT, end = first + (banks[i][1] >> PAGE_SHIFT);
		error = write_range(core, first, MIN(end, (uint64_t)highest + 1));
	}
	return error;
}

static int write_frame_numbers(struct core *core, uint64_t offset)
{
	uint64_t *numbers = (uint64_t *)(void *)core->buffer;
	size_t room = PIECE_PAGES * PAGE_SIZE / sizeof(*numbers), filled = 0;
	int error = 0;

	for (size_t i = 0; i < core->run_count; i++) {
		for (uint64_t j = 0; j < core->runs[i].count && !error; j++) {
			numbers[filled++] = core->runs[i].first + j;
			if (filled < room)
				continue;
			error = put(core, numbers, filled * sizeof(*numbers), offset);
			offset += filled * sizeof(*numbers);
			filled = 0;
		}
	}
	return error || !filled ? error : put(core, numbers, filled * sizeof(*numbers), offset);
}

// ---- The start ----

static struct note make_note(uint32_t type, size_t size)
{
	return (struct note){ .name_size = 4, .size = (uint32_t)size, .type = type, .name = "Xen" };
}

static void fill_notes(const struct core *core, struct notes *notes)
{
	const struct xen_version *xen = xen_version();

	*notes = (struct notes){
		.none = make_note(NOTE_NONE, 0),
		.header = make_note(NOTE_HEADER, offsetof(struct notes, xen) - offsetof(struct notes, magic)),
		.magic = MAGIC_HVM,
		.vcpus = core->cpu_count,
		.pages = core->pages,
		.page_size = PAGE_SIZE,
		.xen = make_note(NOTE_XEN_VERSION, offsetof(struct notes, format) - offsetof(struct notes, major)),
		.major = xen->major,
		.minor = xen->minor,
		.xen_page_size = PAGE_SIZE,
		.format = make_note(NOTE_FORMAT_VERSION, sizeof(uint64_t)),
		.format_version = 1,
	};
	memcpy(notes->extra, xen->extra, MIN(sizeof(notes->extra), sizeof(xen->extra)));
	memcpy(notes->compile.compiler, xen->compiler, sizeof(xen->compiler));
	memcpy(notes->compile.date, xen->build_date, sizeof(notes->compile.date));
	memcpy(notes->capabilities, xen->capabilities, sizeof(notes->capabilities));
	memcpy(notes->changeset, xen->changeset, sizeof(notes->changeset));
}

static uint32_t name_of(const char *name)
{
	uint32_t at = 1;

	while (strcmp(names + at, name))
		at += (uint32_t)strlen(names + at) + 1;
	return at;
}

static int write_start(struct core *core)
{
	struct {
		struct elf_header header;
		struct elf_section sections[SECTIONS];
		struct notes notes;
	} *start = calloc(1, sizeof(*start));
	uint64_t notes = sizeof(start->header) + sizeof(start->sections), cpus = notes + sizeof(start->notes);
	uint64_t pages = pages_offset(core), frames = pages + core->pages * PAGE_SIZE;

	if (!start)
		return -ENOMEM;
	start->header = (struct elf_header){
		.ident = { 0x7f, 'E', 'L', 'F', 2, 1, 1 }, // 64-bit, little-endian, version 1
		.type = ELF_CORE,
		.machine = ELF_AARCH64,
		.version = 1,
		.section_headers = sizeof(start->header),
		.size = sizeof(start->header),
		.section_header_size = sizeof(struct elf_section),
		.section_count = SECTIONS,
		.names_section = NAMES,
	};
	start->sections[NAMES] = (struct elf_section){ name_of(".shstrtab"), SECTION_STRINGS, 0, 0,
						       frames + core->pages * sizeof(uint64_t), sizeof(names), 0, 0, 0, 0 };
	start->sections[NOTES] = (struct elf_section){ name_of(".note.Xen"), SECTION_NOTE, 0, 0, notes,
						       sizeof(start->notes), 0, 0, 0, 0 };
	start->sections[CPUS] = (struct elf_section){ name_of(".xen_prstatus"), SECTION_PROGBITS, 0, 0, cpus,
						      core->cpu_count * sizeof(*core->cpus), 0, 0, 8, sizeof(*core->cpus) };
	start->sections[PAGES] = (struct elf_section){ name_of(".xen_pages"), SECTION_PROGBITS, 0, 0, pages,
						       core->pages * PAGE_SIZE, 0, 0, PAGE_SIZE, PAGE_SIZE };
	start->sections[FRAMES] = (struct elf_section){ name_of(".xen_pfn"), SECTION_PROGBITS, 0, 0, frames,
							core->pages * sizeof(uint64_t), 0, 0, 8, sizeof(uint64_t) };
	fill_notes(core, &start->notes);
	int error = put(core, core->cpus, core->cpu_count * sizeof(*core->cpus), cpus);
	if (!error)
		error = put(core, start, sizeof(*start), 0);
	free(start);
	return error;
}

// ---- All of it ----

// CPUs that were never started have no state.
static int read_cpus(struct core *core)
{
	int error = 0;

	for (unsigned int i = 0; i < core->info.max_vcpus && (!error || error == -ENODATA); i++) {
		error = domctl_get_vcpu_context(core->id, i, &core->cpus[core->cpu_count]);
		core->cpu_count += !error;
	}
	return error == -ENODATA ? 0 : error;
}

// A file grows at its end only: the start is zeros until it is known.
static int write_all(struct core *core)
{
	int error = read_cpus(core);

	for (uint64_t at = 0; at < pages_offset(core) && !error; at += PAGE_SIZE)
		error = put(core, core->buffer, PAGE_SIZE, at);
	if (!error)
		error = write_pages(core);
	uint64_t frames = pages_offset(core) + core->pages * PAGE_SIZE;
	if (!error)
		error = write_frame_numbers(core, frames);
	if (!error)
		error = put(core, names, sizeof(names), frames + core->pages * sizeof(uint64_t));
	return error ? error : write_start(core);
}

static int get_info(domid_t id, struct domain_info *info, struct failure *failure)
{
	int error = domctl_get_info(id, info);

	if (error)
		failure_set(failure, error, "Xen says nothing about domain %u: %s", id, error_text(error));
	return error;
}

int core_size(domid_t id, uint64_t *size, struct failure *failure)
{
	struct domain_info info;
	int error = get_info(id, &info, failure);

	if (error)
		return error;
	const struct core core = { .cpu_count = info.max_vcpus };
	*size = pages_offset(&core) + info.pages * (PAGE_SIZE + sizeof(uint64_t)) + sizeof(names);
	return 0;
}

int core_write(domid_t id, const struct core_sink *sink, bool (*interrupted)(void), struct failure *failure)
{
	struct core core = { .id = id, .sink = sink, .interrupted = interrupted, .failure = failure };
	int error = domctl_pause(id);

	if (error)
		return failure_set(failure, error, "domain %u can't be paused: %s", id, error_text(error));
	error = get_info(id, &core.info, failure);
	core.cpus = calloc(MAX(core.info.max_vcpus, 1u), sizeof(*core.cpus));
	core.buffer = calloc(PIECE_PAGES, PAGE_SIZE);
	if (!error)
		error = core.cpus && core.buffer ? write_all(&core) : -ENOMEM;
	if (error)
		failure_set(failure, error, "the core of domain %u can't be made: %s", id, error_text(error));
	free(core.cpus);
	free(core.buffer);
	free(core.runs);
	domctl_unpause(id);
	return error;
}
