// SPDX-License-Identifier: Apache-2.0
// The steps of which build.c makes its table. Each is 0 or a negative errno, with the reason in build->failure where there is
// more to say; an undoing that fails can be tried again.
#pragma once

#include "domain/domain.h"
#include "domain/plan.h"

struct build {
	const struct domain_config *config;
	domid_t wanted;
	bool paused;
	struct plan plan;
	struct domain *domain;
	struct failure *failure;
};

// build_domain.c
int build_take_name(struct build *build);
int build_make_plan(struct build *build);
int build_create_domain(struct build *build);
int build_set_limits(struct build *build);
int build_place_cpus(struct build *build);
int build_populate_memory(struct build *build);
int build_fill_memory(struct build *build);
int build_set_first_cpu(struct build *build);
int build_start(struct build *build);
int build_drop_name(struct domain *domain, struct failure *failure);
// Destroys a domain and waits until Xen has freed it; one that is gone already is no error. Neither the store nor Dom0's grant
// table knows its id then.
int build_destroy_in_xen(domid_t id, struct failure *failure);
int build_destroy_domain(struct domain *domain, struct failure *failure);
int build_stop(struct domain *domain, struct failure *failure);

// build_services.c
int build_allocate_ports(struct build *build);
int build_seed_grants(struct build *build);
int build_set_parameters(struct build *build);
int build_open_console(struct build *build);
int build_write_store_nodes(struct build *build);
int build_open_store(struct build *build);
int build_attach_devices(struct build *build);
int build_find_backends(struct build *build);
int build_attach_pv_devices(struct build *build);
int build_end_console(struct domain *domain, struct failure *failure);
int build_remove_store_nodes(struct domain *domain, struct failure *failure);
int build_detach_devices(struct domain *domain, struct failure *failure);
