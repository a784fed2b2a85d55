// SPDX-License-Identifier: Apache-2.0
// `xu dt-overlay`: device-tree overlays at run time.
#include <errno.h>
#include <libfdt.h>
#include <stdlib.h>

#include "config/images_folder.h"
#include "domain/domain.h"
#include "kernel/compiler.h"
#include "shell/commands.h"
#include "shell/domains.h"
#include "xen/hypercall.h"
#include "xen/overlay.h"

static int refused(const struct invocation *call, const char *file, int error)
{
	const char *reason = error_text(error);

	if (error == -ENOSYS || error == -EOPNOTSUPP)
		reason = "this Xen was built without overlays at run time (CONFIG_OVERLAY_DTB, from 4.18 on)";
	else if (error == -EBUSY)
		reason = "a device of it is given to a domain, or is in use";
	else if (error == -EINVAL)
		reason = "Xen doesn't take it: a node isn't where the overlay wants it, or is there already";
	shell_error("%s: %s: %s", call->name, file, reason);
	return error;
}

// The file's bytes, to be given to free(), or NULL after saying why.
static void *load(const struct invocation *call, const char *file, size_t *size)
{
	struct failure failure = { 0 };
	void *overlay = images_folder_load(file, size, &failure);

	if (!overlay) {
		shell_failure(call, &failure);
		return NULL;
	}
	if (*size < sizeof(struct fdt_header) || fdt_check_header(overlay) || fdt_totalsize(overlay) > *size) {
		shell_error("%s: %s is not a compiled overlay; dtc -@ makes one", call->name, file);
		free(overlay);
		return NULL;
	}
	return overlay;
}

static int change(const struct invocation *call, int (*action)(const void *overlay, size_t size))
{
	size_t size;
	void *overlay = load(call, call->argv[0], &size);

	if (!overlay)
		return -EINVAL;
	int error = action(overlay, size);
	free(overlay);
	return error ? refused(call, call->argv[0], error) : 0;
}

static int add(const struct invocation *call)
{
	return change(call, overlay_add);
}

static int take_out(const struct invocation *call)
{
	return change(call, overlay_remove);
}

static int attach(const struct invocation *call)
{
	struct failure failure = { 0 };
	size_t size;
	domid_t id;

	if (domain_resolve(call->argv[1], &id, &failure))
		return shell_failure(call, &failure);
	void *overlay = load(call, call->argv[0], &size);
	if (!overlay)
		return -EINVAL;
	int error = overlay_attach(id, overlay, size);
	free(overlay);
	return error ? refused(call, call->argv[0], error) : 0;
}

const struct command xu_overlay_commands[] = {
	{
		.name = "add",
		.arguments = "FILE",
		.help = "Add an overlay's nodes to Xen's tree of the machine",
		.run = add,
		.min_arguments = 1,
		.max_arguments = 1,
		.completion = COMPLETE_FILE,
	},
	{
		.name = "attach",
		.arguments = "FILE DOMAIN",
		.help = "Give the devices of an overlay that was added to a domain",
		.run = attach,
		.min_arguments = 2,
		.max_arguments = 2,
		.completion = COMPLETE_FILE,
		.rest = COMPLETE_DOMAIN,
	},
	{
		.name = "remove",
		.arguments = "FILE",
		.help = "Take the nodes out again",
		.run = take_out,
		.min_arguments = 1,
		.max_arguments = 1,
		.completion = COMPLETE_FILE,
	},
	{ 0 },
};
