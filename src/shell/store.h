// SPDX-License-Identifier: Apache-2.0
// What the commands of `xs` share: paths as they are typed, values and permissions as they are shown.
#pragma once

#include <stddef.h>

#include "shell/shell.h"
#include "xenstore/xenstore.h"

// Permission entries of a node that are shown; one with more shows that it has.
#define STORE_PERMISSIONS_MAX 16

// Copies a path without the '/' at its end that completion leaves. -EINVAL, after saying why.
int store_path_argument(const struct invocation *call, const char *text, char path[XS_PATH_MAX + 1]);

// "xs read: there is no node /x"; returns the error.
int store_refused(const struct invocation *call, const char *path, int error);

// A value with what isn't printable as \t, \n, \r, \\ or \xNN.
void store_print_value(const char *value, size_t size);

// "n0,r5".
int store_print_permissions(xs_transaction_t transaction, const char *path);

// The letters n, r, w and b, by XS_ACCESS_*.
extern const char store_access_letters[];

int store_ls_command(const struct invocation *call);
int store_quota_command(const struct invocation *call);
int store_stats_command(const struct invocation *call);

// The places of `xs ls`'s options.
enum { STORE_LS_FULL, STORE_LS_PERMISSIONS };
