// SPDX-License-Identifier: Apache-2.0
// HYPERVISOR_hypfs_op (public/hypfs.h): Xen's own parameters, /params, which can be read and some of them changed
// while it runs. -ENOSYS: this Xen was built without.
#pragma once

#define HYPFS_TEXT_MAX 256 // bytes of a value as text, with the NUL

// The value as text: numbers decimal, booleans on or off. -ENOENT, -ENOSYS, -E2BIG.
int hypfs_read_parameter(const char *name, char value[HYPFS_TEXT_MAX]);

// -EACCES: not at run time; -EINVAL and others: Xen doesn't take the value.
int hypfs_write_parameter(const char *name, const char *value);

// Names of all parameters. -ENOSYS, -ENOMEM.
int hypfs_each_parameter(void (*each)(const char *name, void *context), void *context);
