// SPDX-License-Identifier: Apache-2.0
// Paths as text: their rules, their order, their parts. A canonical path is absolute ("/", "/a/b") or special
// ("@releaseDomain"), obeys the rules of xenstore.txt, and ends in NUL.
#pragma once

#include <stdbool.h>
#include <stddef.h>

#include "xen/types.h"

#define PATH_MAX_BYTES 3072u // absolute (XENSTORE_ABS_PATH_MAX)
#define PATH_RELATIVE_MAX 2048u // as given by the client (XENSTORE_REL_PATH_MAX)
#define PATH_PREFIX_MAX 20u // "/local/domain/65535/"

// Writes "/local/domain/DOMID" and NUL; its length.
size_t path_of_domain(domid_t domid, char text[PATH_PREFIX_MAX + 1]);

// True for a canonical path; special ones only where `special` says so.
bool path_is_canonical(const char *text, bool special);

// Makes a client's path canonical: a relative one gets "/local/domain/DOMID/" in front, for which PATH_PREFIX_MAX
// bytes before `text` are writable. NULL when it breaks a rule, or has more than `limit` bytes (0: no limit) where
// "/local/domain/N/" at the start counts nothing.
char *path_resolve(char *text, domid_t domid, size_t limit, bool special);

// The order in which a node comes right before all that is below it: as strcmp(), but '/' is the least character. The first
// path is the first `size` bytes of `text`.
int path_compare(const char *text, size_t size, const char *other);

// True when `path` is below the first `size` bytes of `ancestor`, at any depth, or is the same.
bool path_is_below(const char *path, const char *ancestor, size_t size);

// Length of the parent's path: 1 for "/a", 0 where there is no parent ("/", special paths).
size_t path_parent(const char *path, size_t size);

// Where the last part begins.
size_t path_name(const char *path, size_t size);

// The parts of a path, from the root on: "/" (or the special name), then one name after the other. *position starts as 0;
// false after the last one.
bool path_next_part(const char *path, size_t size, size_t *position, const char **part, size_t *part_size);
