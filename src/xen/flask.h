// SPDX-License-Identifier: Apache-2.0
// HYPERVISOR_xsm_op as FLASK has it (public/xsm/flask_op.h): security labels and the policy about them. A label
// is a text, USER:ROLE:TYPE; a SID is Xen's number for it, which can be another one after each boot.
// Everything: -ENOSYS where Xen was booted without FLASK, -EACCES where its policy forbids it to Dom0.
#pragma once

#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>

#define FLASK_LABEL_MAX 256 // bytes of a label, with the NUL

// The label of a domain that asks for none (Xen's initial SID domU): the same number in every Xen and policy.
#define FLASK_SID_DOMU 12u

// -EINVAL: the policy has no such label. -ENODATA: no policy is loaded yet, so that no label means anything.
int flask_sid_of_label(const char *label, uint32_t *sid);

// -ERANGE: the label is longer than FLASK_LABEL_MAX. -EINVAL: there is no such SID. Before a policy is loaded Xen knows
// the initial SIDs, by a single word.
int flask_label_of_sid(uint32_t sid, char label[FLASK_LABEL_MAX]);

// 1: what the policy doesn't allow is refused; 0: it is done, and told on Xen's console.
int flask_get_enforcing(void);
int flask_set_enforcing(bool enforcing);

// Xen's copy is its own. -EINVAL: it is no policy, or doesn't fit this Xen; the one before stays.
int flask_load_policy(const void *policy, size_t size);

// 1: Xen has loaded a policy, at boot or since; 0: it hasn't.
int flask_has_policy(void);

// The newest version of the policy's format that this Xen reads.
int flask_policy_version(void);
