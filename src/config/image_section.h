// SPDX-License-Identifier: Apache-2.0
// Images linked into this program. BUILTIN_IMAGE(domu0) declares `__img_domu0_start` and `__img_domu0_end`, and the two callbacks
// `load_domu0_image_bytes`, `get_domu0_image_size` that a struct xen_domain_cfg wants; the bytes come from
// src/config/images.S, which includes the files that the build names.
#pragma once

#include <stddef.h>
#include <stdint.h>
#include <string.h>
#include <sys/types.h>

#define BUILTIN_IMAGE(id)                                                                                     \
	extern const char __img_##id##_start[], __img_##id##_end[];                                           \
	static int load_##id##_image_bytes(uint8_t *buf, size_t bufsize, uint64_t offset, void *image_info)    \
	{                                                                                                     \
		(void)image_info;                                                                             \
		memcpy(buf, __img_##id##_start + offset, bufsize);                                            \
		return 0;                                                                                     \
	}                                                                                                     \
	static ssize_t get_##id##_image_size(void *image_info, uint64_t *size)                                 \
	{                                                                                                     \
		(void)image_info;                                                                             \
		*size = (uint64_t)(__img_##id##_end - __img_##id##_start);                                     \
		return 0;                                                                                     \
	}
