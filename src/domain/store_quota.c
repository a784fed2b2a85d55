// SPDX-License-Identifier: Apache-2.0
// Names of quotas, which configurations have as text (store_quota.h).
#include "domain/store_quota.h"

#include <errno.h>
#include <string.h>

#include "xenstore/xenstore.h"

static enum xs_quota find(const char *name)
{
	enum xs_quota quota = 0;

	while (quota < XS_QUOTAS && strcmp(xs_quota_name(quota), name))
		quota++;
	return quota;
}

int store_quota_check(const struct domain_config *config, struct failure *failure)
{
	bool given[XS_QUOTAS] = { false };

	for (uint32_t i = 0; i < config->quota_count; i++) {
		const char *name = config->quotas[i].name;
		enum xs_quota quota = find(name);

		if (quota == XS_QUOTAS)
			return failure_set(failure, -EINVAL,
					   "xenstore_quota: there is no '%.40s'; 'xs quota' shows those there are",
					   name);
		if (given[quota])
			return failure_set(failure, -EINVAL, "xenstore_quota: '%s' is given twice", name);
		given[quota] = true;
	}
	return 0;
}

int store_quota_apply(domid_t domid, const struct domain_config *config)
{
	int error = 0;

	for (uint32_t i = 0; i < config->quota_count && !error; i++)
		error = xs_quota_set(domid, find(config->quotas[i].name), config->quotas[i].limit);
	return error;
}
