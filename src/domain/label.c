// SPDX-License-Identifier: Apache-2.0
// Labels of configurations looked up in Xen's policy.
#include "domain/label.h"

#include <errno.h>

#include "xen/flask.h"
#include "xen/hypercall.h"

int label_choose(const struct domain_config *config, uint32_t *sid, struct failure *failure)
{
	const char *label = config->security_label;

	if (!label) {
		*sid = config->ssidref ? config->ssidref : FLASK_SID_DOMU;
		return 0;
	}
	int error = flask_sid_of_label(label, sid);
	switch (error) {
	case 0:
		return 0;
	case -EINVAL:
		return failure_set(failure, error,
				   "seclabel: Xen's policy has no label '%s'; 'xu list -Z' shows how they look", label);
	case -ENOSYS:
		return failure_set(failure, error,
				   "seclabel: this Xen has no security labels; boot it with xsm=flask, or take the line out");
	case -ENODATA:
		return failure_set(failure, error,
				   "seclabel: Xen has no policy yet; load one with 'xu loadpolicy FILE'");
	}
	return failure_set(failure, error, "seclabel: Xen doesn't look up '%s': %s", label, error_text(error));
}
