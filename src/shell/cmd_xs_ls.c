// SPDX-License-Identifier: Apache-2.0
// xs ls: a walk through the store. A domain decides how deep and how wide it is, so the walk has neither
// recursion nor a copy of it: one path, and for each level of it the place in the list of names.
#include <errno.h>
#include <stdio.h>
#include <string.h>

#include "kernel/task.h"
#include "shell/store.h"
#include "xen/console_io.h"

// Each level has a slash and a letter at least.
#define DEPTH_MAX (XS_PATH_MAX / 2 + 1)

struct walk {
	xs_transaction_t transaction;
	bool full, permissions;
	char path[XS_PATH_MAX + 1];
	size_t length;
	unsigned int depth;
	uint32_t next[DEPTH_MAX]; // byte of the list of children, of each level on the way
	char name[XS_PATH_MAX + 1], value[XS_VALUE_MAX + 1];
};

static int print_node(struct walk *walk)
{
	long size = xs_read(walk->transaction, walk->path, walk->value, sizeof(walk->value));
	int error = 0;

	if (size < 0)
		return (int)size;
	if (walk->full)
		shell_print("%s = \"", walk->path);
	else
		shell_print("%*s%s = \"", (int)walk->depth, "", walk->name);
	store_print_value(walk->value, (size_t)size);
	shell_print("\"");
	if (walk->permissions) {
		shell_print("   (");
		error = store_print_permissions(walk->transaction, walk->path);
		shell_print(")");
	}
	shell_print("\n");
	return error;
}

// Goes down to the next child of where the walk is. 0: there is none any more.
static long enter_child(struct walk *walk)
{
	size_t length = walk->length == 1 ? 0 : walk->length; // "/" itself
	long size = xs_directory(walk->transaction, walk->path, walk->next[walk->depth], walk->name,
				 sizeof(walk->name), NULL);

	if (size <= 0)
		return size;
	size_t name_length = strlen(walk->name);
	if (length + 1 + name_length > XS_PATH_MAX)
		return -ENAMETOOLONG;
	walk->next[walk->depth] += (uint32_t)name_length + 1;
	walk->path[length] = '/';
	memcpy(walk->path + length + 1, walk->name, name_length + 1);
	walk->length = length + 1 + name_length;
	int error = print_node(walk);
	walk->next[++walk->depth] = 0;
	return error ? error : 1;
}

static void leave(struct walk *walk)
{
	char *slash = strrchr(walk->path, '/');

	if (slash == walk->path)
		slash++;
	*slash = '\0';
	walk->length = (size_t)(slash - walk->path);
	walk->depth--;
}

static int walk_all(struct walk *walk)
{
	for (;;) {
		long entered = enter_child(walk);

		if (entered < 0)
			return (int)entered;
		if (!entered && !walk->depth)
			return 0;
		if (!entered)
			leave(walk);
		if (console_io_interrupted())
			return -EINTR;
		if (task_should_yield())
			task_yield();
	}
}

int store_ls_command(const struct invocation *call)
{
	static struct walk walk; // not on the stack, which it wouldn't fit
	int error = store_path_argument(call, call->argc ? call->argv[0] : "/", walk.path);

	if (error)
		return error;
	walk.length = strlen(walk.path);
	walk.full = call->options[STORE_LS_FULL];
	walk.permissions = call->options[STORE_LS_PERMISSIONS];
	walk.depth = 0;
	walk.next[0] = 0;
	error = xs_transaction_start(&walk.transaction);
	if (error)
		return store_refused(call, walk.path, error);
	error = walk_all(&walk);
	xs_transaction_end(walk.transaction, false);
	if (error == -EINTR)
		return error;
	return error ? store_refused(call, walk.path, error) : 0;
}
