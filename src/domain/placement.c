// SPDX-License-Identifier: Apache-2.0
// Affinity and share of a domain's CPUs.
#include "domain/placement.h"

#include <errno.h>
#include <inttypes.h>

#include "kernel/compiler.h"
#include "xen/cpupool.h"
#include "xen/domctl.h"
#include "xen/hypercall.h"
#include "xen/sysctl.h"

static int pin(domid_t domid, uint32_t vcpu, const struct cpu_set *hard, const struct cpu_set *soft,
	       struct failure *failure)
{
	struct cpu_set hard_copy = hard ? *hard : (struct cpu_set){ 0 }; // Xen answers in place
	struct cpu_set soft_copy = soft ? *soft : (struct cpu_set){ 0 };
	int error =
		domctl_set_affinity(domid, vcpu, hard ? &hard_copy : NULL, soft ? &soft_copy : NULL, false);

	if (error == -EINVAL)
		return failure_set(failure, error,
				   "cpus: none of those for virtual CPU %" PRIu32
				   " is in the domain's pool; 'xu cpupool-list -c' shows its CPUs",
				   vcpu);
	return error;
}

static int set_share(domid_t domid, const struct domain_config *config, struct failure *failure)
{
	struct domain_info info;
	struct scheduling share;
	struct cpupool pool;
	int error = domctl_get_info(domid, &info);

	if (!error)
		error = cpupool_next(info.cpupool, &pool);
	if (error)
		return error;
	if (pool.scheduler != XEN_SCHEDULER_CREDIT && pool.scheduler != XEN_SCHEDULER_CREDIT2)
		return failure_set(
			failure, -EOPNOTSUPP,
			"cpu_weight and cap: the scheduler %s, which runs the domain's pool, knows none",
			scheduler_name(pool.scheduler));
	error = domctl_get_scheduling(domid, pool.scheduler, &share);
	if (error)
		return error;
	if (config->cpu_weight)
		share.weight = config->cpu_weight;
	share.cap = config->cap;
	return domctl_set_scheduling(domid, pool.scheduler, &share);
}

int placement_apply(domid_t domid, const struct domain_config *config, struct failure *failure)
{
	uint32_t pinned = MIN(MAX(config->cpu_count, config->soft_cpu_count), config_max_vcpus(config));
	int error = 0;

	for (uint32_t i = 0; i < pinned && !error; i++)
		error = pin(domid, i, i < config->cpu_count ? &config->cpus[i] : NULL,
			    i < config->soft_cpu_count ? &config->soft_cpus[i] : NULL, failure);
	if (!error && (config->cpu_weight || config->cap))
		error = set_share(domid, config, failure);
	return error;
}
