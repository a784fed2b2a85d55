// SPDX-License-Identifier: Apache-2.0
// domain/core.c: the core of a domain, read back as an ELF file, and whatever fails while it is written.
#include <elf.h>
#include <errno.h>
#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include <cmocka.h>

#include "domain/core.h"
#include "domain/layout.h"
#include "kernel/compiler.h"
#include "kernel/task.h"
#include "model/model.h"
#include "xen/domctl.h"
#include "xen/event.h"
#include "xen/foreign.h"
#include "xen/physmap.h"
#include "xen/public.h"
#include "xen/version.h"

#define PAGES 100u // not a whole number of pieces
#define ROOM  ((size_t)2 << 20)

static uint8_t file[ROOM];
static size_t length;
static unsigned int writes, failing_write;

static int take(void *context, const void *bytes, size_t size, uint64_t offset)
{
	assert_ptr_equal(context, file);
	assert_true(offset <= length); // a file on FAT has no holes
	assert_true(offset + size <= ROOM);
	if (++writes == failing_write)
		return -ENOSPC;
	memcpy(file + offset, bytes, size);
	length = MAX(length, (size_t)offset + size);
	return 0;
}

static const struct core_sink sink = { take, file };

static int start(void **state)
{
	(void)state;
	model_start(NULL);
	return event_init() || xen_version_init() || foreign_init();
}

static domid_t make_domain(void)
{
	domid_t id = model_make_domain(PAGES);
	gfn_t magic = magic_gfn(0);
	size_t done;

	assert_int_equal(domctl_set_max_memory(id, (PAGES + 1) * 4), 0);
	assert_int_equal(physmap_populate(id, &magic, 1, EXTENT_4K, &done), 0);
	for (uint64_t i = 0; i < PAGES; i++) {
		uint64_t word = i * 0x100000001u;
		model_guest_write(id, GUEST_RAM0_BASE + i * PAGE_SIZE + 8 * i, &word, sizeof(word));
	}
	length = 0;
	writes = failing_write = 0;
	memset(file, 0xee, sizeof(file));
	return id;
}

static const Elf64_Shdr *section(const char *name)
{
	const Elf64_Ehdr *header = (const void *)file;
	const Elf64_Shdr *sections = (const void *)(file + header->e_shoff);

	for (unsigned int i = 1; i < header->e_shnum; i++)
		if (!strcmp((const char *)file + sections[header->e_shstrndx].sh_offset + sections[i].sh_name, name))
			return &sections[i];
	fail_msg("there is no section %s", name);
	return NULL;
}

static void is_a_core(void **state)
{
	struct model_snapshot before = model_snapshot();
	uint64_t size, word;

	(void)state;
	domid_t id = make_domain();
	assert_int_equal(core_size(id, &size, NULL), 0);
	assert_int_equal(core_write(id, &sink, NULL, NULL), 0);
	assert_true(length <= size);
	assert_int_equal(model_domain(id).pause_count, 0);

	const Elf64_Ehdr *header = (const void *)file;
	assert_memory_equal(header->e_ident, ELFMAG, SELFMAG);
	assert_int_equal(header->e_type, ET_CORE);
	assert_int_equal(header->e_machine, EM_AARCH64);
	const Elf64_Shdr *notes = section(".note.Xen"), *pages = section(".xen_pages"), *frames = section(".xen_pfn");
	const Elf64_Nhdr *none = (const void *)(file + notes->sh_offset), *head = none + 1;
	assert_int_equal(none->n_type, 0x2000000);
	assert_int_equal(none->n_descsz, 0);
	head = (const void *)((const char *)head + 4); // behind the name
	assert_int_equal(head->n_type, 0x2000001);
	const uint64_t *values = (const void *)((const char *)(head + 1) + 4);
	assert_int_equal(values[0], 0xf00febee);
	assert_int_equal(values[1], 1);         // CPUs
	assert_int_equal(values[2], PAGES + 1); // pages, the magic one first
	assert_int_equal(values[3], PAGE_SIZE);
	assert_int_equal(section(".xen_prstatus")->sh_size, sizeof(vcpu_guest_context_t));
	assert_int_equal(pages->sh_offset % PAGE_SIZE, 0);
	assert_int_equal(pages->sh_size, (PAGES + 1) * PAGE_SIZE);
	const uint64_t *numbers = (const void *)(file + frames->sh_offset);
	assert_int_equal(frames->sh_size, (PAGES + 1) * sizeof(*numbers));
	assert_int_equal(numbers[0], magic_gfn(0).number);
	for (uint64_t i = 0; i < PAGES; i++) {
		assert_int_equal(numbers[i + 1], (GUEST_RAM0_BASE >> PAGE_SHIFT) + i);
		memcpy(&word, file + pages->sh_offset + (i + 1) * PAGE_SIZE + 8 * i, sizeof(word));
		assert_int_equal(word, i * 0x100000001u);
	}
	assert_int_equal(domctl_destroy(id), 0);
	model_assert_equal(&before, "core");
}

static bool at_once(void)
{
	return true;
}

static void can_be_stopped(void **state)
{
	struct failure failure = { 0 };

	(void)state;
	domid_t id = make_domain();
	assert_int_equal(core_write(id, &sink, at_once, &failure), -EINTR);
	assert_int_equal(model_domain(id).pause_count, 0);
	assert_true(file[0] == 0); // no ELF file
	assert_int_equal(domctl_destroy(id), 0);
}

static void fail_hypercall(unsigned int nth)
{
	model_fail_hypercall(nth, 0);
}

static void fail_write(unsigned int nth)
{
	failing_write = nth;
}

static void faults(void **state)
{
	static void (*const kinds[])(unsigned int nth) = { fail_hypercall, model_fail_allocation, fail_write };
	struct model_snapshot before = model_snapshot();

	(void)state;
	for (size_t i = 0; i < ARRAY_SIZE(kinds); i++)
		for (unsigned int nth = 1;; nth++) {
			struct failure failure = { 0 };

			domid_t id = make_domain();
			kinds[i](nth);
			int error = core_write(id, &sink, NULL, &failure);
			bool struck = kinds[i] == fail_write ? writes >= nth : model_fault_struck();
			model_fail_hypercall(0, 0);
			model_fail_allocation(0);
			if (error && (!failure.text[0] || !memcmp(file, ELFMAG, SELFMAG)))
				fail_msg("error %d, '%s', and a core that isn't whole", error, failure.text);
			assert_int_equal(domctl_destroy(id), 0);
			model_assert_equal(&before, "core");
			if (!struck)
				break;
		}
}

int main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test(is_a_core),
		cmocka_unit_test(can_be_stopped),
		cmocka_unit_test(faults),
	};

	return cmocka_run_group_tests(tests, start, NULL);
}
