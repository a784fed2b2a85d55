// SPDX-License-Identifier: Apache-2.0
// Images linked into this program, any number of them. BUILTIN_IMAGE_FILE(monkey, "monkey.bin") puts a file
// into the program, between the symbols `__img_monkey_start` and `__img_monkey_end`, and defines the two
// callbacks `load_monkey_image_bytes` and `get_monkey_image_size` that a struct xen_domain_cfg wants.
// BUILTIN_TREE_FILE does the same for a partial device tree, whose place is the symbols `__dtb_ID_start` and
// `__dtb_ID_end`. The build says where files are looked for: among its guests, then in prebuilt/.
//
// The images domu0 and domu1 are there already: images.S takes their files from
// CONFIG_DOM_CFG_DOMU0_IMAGE_BIN_FILE and its like; BUILTIN_IMAGE(domu0) and BUILTIN_TREE(domu0) make them
// known to a configuration. One that the build leaves out is empty.
#pragma once

#include <stddef.h>
#include <stdint.h>
#include <string.h>
#include <sys/types.h>

#define BUILTIN_TREE(id) extern const char __dtb_##id##_start[], __dtb_##id##_end[];

#define BUILTIN_IMAGE(id)                                                                                    \
	extern const char __img_##id##_start[], __img_##id##_end[];                                          \
	static int load_##id##_image_bytes(uint8_t *buf, size_t bufsize, uint64_t offset, void *image_info)  \
	{                                                                                                    \
		(void)image_info;                                                                            \
		memcpy(buf, __img_##id##_start + offset, bufsize);                                           \
		return 0;                                                                                    \
	}                                                                                                    \
	static ssize_t get_##id##_image_size(void *image_info, uint64_t *size)                               \
	{                                                                                                    \
		(void)image_info;                                                                            \
		*size = (uint64_t)(__img_##id##_end - __img_##id##_start);                                   \
		return 0;                                                                                    \
	}

#ifdef CONFIG_DOM_CFG_BUILTIN_IMAGES
#define BUILTIN_CONTENT(file) "	.incbin \"" file "\"\n"
#else
#define BUILTIN_CONTENT(file)
#endif

// Eight bytes are the alignment that libfdt wants.
#define BUILTIN_FILE(symbol, file)                                                                           \
	__asm__(".pushsection .rodata." symbol ", \"a\", %progbits\n"                                        \
		"	.balign 8\n"                                                                         \
		"	.global " symbol "_start, " symbol "_end\n"                                          \
		symbol "_start:\n"                                                                           \
		BUILTIN_CONTENT(file)                                                                        \
		symbol "_end:\n"                                                                             \
		"	.popsection");

#define BUILTIN_IMAGE_FILE(id, file) BUILTIN_FILE("__img_" #id, file) BUILTIN_IMAGE(id)
#define BUILTIN_RAMDISK_FILE(id, file)                                                                       \
	BUILTIN_FILE("__ramdisk_" #id, file)                                                                  \
	extern const char __ramdisk_##id##_start[], __ramdisk_##id##_end[];
#define BUILTIN_TREE_FILE(id, file) BUILTIN_FILE("__dtb_" #id, file) BUILTIN_TREE(id)
