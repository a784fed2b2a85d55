// SPDX-License-Identifier: Apache-2.0
// Xen's public headers, all that this program uses, as Debian's libxen-dev ships them: the one place that
// includes <xen/...>. Included as "xen/public.h"; "xen/..." in quotes is this room, <xen/...> in angle
// brackets is Xen's. The headers choose an architecture by the compiler's macros; the host tests are built
// with Arm64's layout too.
#pragma once

#include <stddef.h>
#include <stdint.h>

#ifndef __XEN_TOOLS__
#define __XEN_TOOLS__ 1
#endif

#pragma push_macro("__x86_64__")
#pragma push_macro("__aarch64__")
#undef __x86_64__
#undef __aarch64__
#define __aarch64__ 1

#include <xen/xen.h>

#include <xen/device_tree_defs.h>
#include <xen/domctl.h>
#include <xen/errno.h>
#include <xen/event_channel.h>
#include <xen/grant_table.h>
#include <xen/hvm/hvm_op.h>
#include <xen/hvm/params.h>
#include <xen/io/console.h>
#include <xen/io/xenbus.h>
#include <xen/io/xs_wire.h>
#include <xen/memory.h>
#include <xen/sched.h>
#include <xen/sysctl.h>
#include <xen/vcpu.h>
#include <xen/version.h>
#include <xen/xsm/flask_op.h>

#pragma pop_macro("__aarch64__")
#pragma pop_macro("__x86_64__")
