// SPDX-License-Identifier: Apache-2.0
// The commands of `xu` about Xen's security policy: getenforce, setenforce, loadpolicy.
#include <errno.h>
#include <inttypes.h>
#include <stdlib.h>
#include <string.h>
#include <strings.h>

#include "config/file_image.h"
#include "kernel/compiler.h"
#include "shell/commands.h"
#include "xen/flask.h"
#include "xen/hypercall.h"

#define POLICY_SIZE_MAX KIB(256) // Xen's own example policy has 20 KB

// An error in words; what there is to do about it depends on how Xen was booted.
static int refused(const struct invocation *call, const char *what, int error)
{
	if (error == -ENOSYS)
		shell_error("%s: this Xen has no security policy; boot it with xsm=flask", call->name);
	else if (error == -EACCES)
		shell_error("%s: Xen's policy doesn't allow Dom0 to %s", call->name, what);
	else
		shell_error("%s: Xen refuses to %s: %s", call->name, what, error_text(error));
	return error;
}

static void warn_without_policy(const struct invocation *call)
{
	if (flask_has_policy() == 0)
		shell_error("%s: no policy is loaded yet, so nothing is refused: 'xu loadpolicy FILE'", call->name);
}

int xu_getenforce_command(const struct invocation *call)
{
	int enforcing = flask_get_enforcing();

	if (enforcing == -ENOSYS) {
		shell_print("Disabled\n");
		return 0;
	}
	if (enforcing < 0)
		return refused(call, "tell", enforcing);
	shell_print("%s\n", enforcing ? "Enforcing" : "Permissive");
	warn_without_policy(call);
	return 0;
}

// ---- setenforce ----

const char *const xu_enforce_words[] = { "0", "1", "permissive", "enforcing", NULL };

int xu_setenforce_command(const struct invocation *call)
{
	for (unsigned int i = 0; xu_enforce_words[i]; i++) {
		if (strcasecmp(call->argv[0], xu_enforce_words[i]))
			continue;
		int error = flask_set_enforcing(i % 2);
		return error ? refused(call, "change that", error) : 0;
	}
	shell_error("%s: '%s' is neither 0 (permissive) nor 1 (enforcing)", call->name, call->argv[0]);
	return -EINVAL;
}

// ---- loadpolicy ----

// The whole file, to be given to free(); NULL with the reason.
static void *load_file(const struct image_source *file, size_t *size, struct failure *failure)
{
	uint64_t length;
	int error = file->size(file->context, &length);

	if (!error && (!length || length > POLICY_SIZE_MAX)) {
		failure_set(failure, -E2BIG, "%.160s: it has %" PRIu64 " bytes; a policy has 1 to %zu", file->name,
			    length, (size_t)POLICY_SIZE_MAX);
		return NULL;
	}
	void *bytes = error ? NULL : malloc((size_t)length);
	if (!error)
		error = bytes ? file->read(file->context, bytes, (size_t)length, 0) : -ENOMEM;
	if (error) {
		failure_set(failure, error, "%.180s: %s", file->name, error_text(error));
		free(bytes);
		return NULL;
	}
	*size = (size_t)length;
	return bytes;
}

static void *load_policy_file(const char *path, size_t *size, struct failure *failure)
{
	struct file_image *image;
	struct image_source file;

	if (file_image_open(path, &image, &file, failure))
		return NULL;
	void *bytes = load_file(&file, size, failure);
	file_image_close(image);
	return bytes;
}

int xu_loadpolicy_command(const struct invocation *call)
{
	struct failure failure = { 0 };
	size_t size;
	int enforcing = flask_get_enforcing();

	if (enforcing < 0)
		return refused(call, "load a policy", enforcing);
	void *policy = load_policy_file(call->argv[0], &size, &failure);
	if (!policy)
		return shell_failure(call, &failure);
	int error = flask_load_policy(policy, size);
	free(policy);
	if (error == -EINVAL)
		shell_error("%s: %s is no policy that fits this Xen; 'xu dmesg' may tell more. The one before stays",
			    call->name, call->argv[0]);
	if (error)
		return error == -EINVAL ? error : refused(call, "load a policy", error);
	shell_print("Successfully loaded policy.\n");
	// A guest could have changed that before there was a policy.
	if (!enforcing)
		shell_print("It isn't enforced: 'xu setenforce 1'\n");
	return 0;
}
