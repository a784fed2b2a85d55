// SPDX-License-Identifier: Apache-2.0
// Xen's error numbers as this C library's, and errors in words. Xen numbers them as Linux does, a C library
// for bare metal above 34 does not, so that -38 from Xen (-ENOSYS) must not leave this room as it came.
#include <errno.h>

#include "kernel/compiler.h"
#include "xen/hypercall.h"
#include "xen/public.h"

struct error_name {
	uint8_t xen; // 0: Xen never returns it
	uint8_t local; // this program's
	const char *text;
};

static const struct error_name errors[] = {
	{ XEN_EPERM, EPERM, "not permitted" },
	{ XEN_ENOENT, ENOENT, "not found" },
	{ XEN_ESRCH, ESRCH, "no such domain" },
	{ 0, EINTR, "interrupted" },
	{ XEN_EIO, EIO, "input/output error" },
	{ XEN_ENXIO, ENXIO, "no such address" },
	{ XEN_E2BIG, E2BIG, "too much at once" },
	{ XEN_ENOEXEC, ENOEXEC, "not an executable image" },
	{ XEN_EBADF, EBADF, "bad handle" },
	{ XEN_EAGAIN, EAGAIN, "temporarily unavailable" },
	{ XEN_ENOMEM, ENOMEM, "out of memory" },
	{ XEN_EACCES, EACCES, "permission denied" },
	{ XEN_EFAULT, EFAULT, "bad address" },
	{ XEN_EBUSY, EBUSY, "in use" },
	{ XEN_EEXIST, EEXIST, "exists already" },
	{ XEN_EXDEV, EXDEV, "on another device" },
	{ XEN_ENODEV, ENODEV, "no such device" },
	{ XEN_ENOTDIR, ENOTDIR, "not a directory" },
	{ XEN_EISDIR, EISDIR, "is a directory" },
	{ XEN_EINVAL, EINVAL, "invalid argument" },
	{ XEN_ENFILE, ENFILE, "too many open files" },
	{ XEN_ENOSPC, ENOSPC, "no space left" },
	{ XEN_EROFS, EROFS, "read-only" },
	{ XEN_EDOM, EDOM, "out of the domain" },
	{ XEN_ERANGE, ERANGE, "out of range" },
	{ XEN_EDEADLK, EDEADLK, "would block for ever" },
	{ XEN_ENAMETOOLONG, ENAMETOOLONG, "name too long" },
	{ XEN_ENOSYS, ENOSYS, "this Xen has no such call" },
	{ XEN_ENOTEMPTY, ENOTEMPTY, "not empty" },
	{ XEN_ENODATA, ENODATA, "no data" },
	{ XEN_ETIME, ETIME, "timer expired" },
	{ XEN_EBADMSG, EBADMSG, "malformed message" },
	{ XEN_EOVERFLOW, EOVERFLOW, "value too large" },
	{ XEN_EILSEQ, EILSEQ, "illegal sequence" },
	{ XEN_EMSGSIZE, EMSGSIZE, "message too long" },
	{ XEN_EOPNOTSUPP, EOPNOTSUPP, "operation not supported by this Xen" },
	{ XEN_EADDRINUSE, EADDRINUSE, "address in use" },
	{ XEN_EADDRNOTAVAIL, EADDRNOTAVAIL, "address not available" },
	{ XEN_ENOBUFS, ENOBUFS, "out of buffers" },
	{ XEN_EISCONN, EISCONN, "connected already" },
	{ XEN_ENOTCONN, ENOTCONN, "not connected" },
	{ XEN_ETIMEDOUT, ETIMEDOUT, "timed out" },
	{ XEN_ECONNREFUSED, ECONNREFUSED, "connection refused" },
	{ 0, ENOTSUP, "this version of Xen is not supported" },
	{ 0, EPROTO, "protocol error" },
	{ 0, EALREADY, "under way already" },
	{ 0, EPIPE, "the other end is closed" },
	{ 0, EFBIG, "too large" },
	{ 0, ENOTTY, "not a terminal" },
};

int xen_error(long result)
{
	if (result >= 0)
		return result > INT32_MAX ? INT32_MAX : (int)result;
	for (size_t i = 0; i < ARRAY_SIZE(errors); i++)
		if (-(long)errors[i].xen == result)
			return -errors[i].local;
	return -EIO;
}

const char *error_text(int error)
{
	unsigned int number = error < 0 ? 0u - (unsigned int)error : (unsigned int)error;

	if (!number)
		return "no error";
	for (size_t i = 0; i < ARRAY_SIZE(errors); i++)
		if (errors[i].local == number)
			return errors[i].text;
	return "unknown error";
}
