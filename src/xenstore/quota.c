// SPDX-License-Identifier: Apache-2.0
// The accounts of the domains (quota.h).
#include "xenstore/quota.h"

#include <errno.h>
#include <stdlib.h>
#include <string.h>

#include "kernel/compiler.h"
#include "kernel/panic.h"
#include "xen/domctl.h"
#include "xenstore/wire.h"

// The order is that of enum xs_quota, the names are those of GET_QUOTA.
static struct {
	const char *name;
	uint32_t limit; // of new domains
} quotas[XS_QUOTAS] = {
	[XS_QUOTA_NODES] = { "nodes", CONFIG_XENSTORE_QUOTA_NODES },
	[XS_QUOTA_WATCHES] = { "watches", CONFIG_XENSTORE_QUOTA_WATCHES },
	[XS_QUOTA_OUTSTANDING] = { "outstanding", CONFIG_XENSTORE_QUOTA_OUTSTANDING },
	[XS_QUOTA_MEMORY] = { "memory", CONFIG_XENSTORE_QUOTA_MEMORY },
	[XS_QUOTA_TRANSACTIONS] = { "transactions", CONFIG_XENSTORE_QUOTA_TRANSACTIONS },
	[XS_QUOTA_TRANSACTION_NODES] = { "transaction-nodes", CONFIG_XENSTORE_QUOTA_TRANSACTION_NODES },
	[XS_QUOTA_NODE_PERMISSIONS] = { "node-permissions", CONFIG_XENSTORE_QUOTA_NODE_PERMISSIONS },
	[XS_QUOTA_PATH_MAX] = { "path-max", CONFIG_XENSTORE_QUOTA_PATH_MAX },
	[XS_QUOTA_NODE_SIZE] = { "node-size", CONFIG_XENSTORE_QUOTA_NODE_SIZE },
};

struct list account_list = LIST_INITIAL(account_list);
static struct charge total;

const char *xs_quota_name(enum xs_quota quota)
{
	return quotas[quota].name;
}

int quota_by_name(const char *name, enum xs_quota *quota)
{
	for (unsigned int i = 0; i < XS_QUOTAS; i++) {
		if (!strcmp(name, quotas[i].name)) {
			*quota = i;
			return 0;
		}
	}
	return -EINVAL;
}

int quota_init(void)
{
	struct account *account;
	int error = account_create(0, &account);

	if (!error)
		account->privileged = true;
	return error;
}

struct account *account_find(domid_t domid)
{
	struct account *account;

	ACCOUNT_FOR_EACH(account)
		if (account->domid == domid)
			return account;
	return NULL;
}

int account_create(domid_t domid, struct account **created)
{
	struct account *account = calloc(1, sizeof(*account));

	if (!account)
		return -ENOMEM;
	account->domid = domid;
	account->features = WIRE_FEATURES;
	for (unsigned int i = 0; i < XS_QUOTAS; i++)
		account->limit[i] = quotas[i].limit;
	list_append(&account_list, &account->link);
	*created = account;
	return 0;
}

int account_of(domid_t domid, struct account **account)
{
	struct domain_info info;

	*account = account_find(domid);
	if (*account)
		return 0;
	if (domid >= DOMID_FIRST_RESERVED || domctl_get_info(domid, &info))
		return -ENOENT;
	return account_create(domid, account);
}

void account_destroy(struct account *account)
{
	struct account *heir = account_find(0);

	account_charge(heir, XS_QUOTA_NODES, account->used[XS_QUOTA_NODES]);
	account_charge(heir, XS_QUOTA_MEMORY, account->used[XS_QUOTA_MEMORY]);
	list_remove(&account->link);
	free(account);
}

bool account_allows(const struct account *account, enum xs_quota quota, int64_t more)
{
	uint32_t limit = account->limit[quota];

	return account->privileged || !limit || more <= 0 || account->used[quota] + more <= limit;
}

bool account_exceeds(const struct account *account, enum xs_quota quota)
{
	return !account->privileged && account->limit[quota] && account->used[quota] > account->limit[quota];
}

bool account_allows_size(const struct account *account, enum xs_quota quota, size_t size)
{
	return account->privileged || !account->limit[quota] || size <= account->limit[quota];
}

void account_charge(struct account *account, enum xs_quota quota, int64_t difference)
{
	int64_t used = account->used[quota] + difference;

	ASSERT(used >= 0 && used <= UINT32_MAX);
	account->used[quota] = (uint32_t)used;
}

static int find_account(domid_t domid, struct account **account)
{
	return domid == DOMID_INVALID ? 0 : account_of(domid, account);
}

int xs_quota_get(domid_t domid, enum xs_quota quota, uint32_t *limit)
{
	struct account *account = NULL;
	int error = find_account(domid, &account);

	if (!error)
		*limit = account ? account->limit[quota] : quotas[quota].limit;
	return error;
}

int xs_quota_set(domid_t domid, enum xs_quota quota, uint32_t limit)
{
	struct account *account = NULL;
	int error = find_account(domid, &account);

	if (error)
		return error;
	*(account ? &account->limit[quota] : &quotas[quota].limit) = limit;
	return 0;
}

// ---- Nodes ----

void charges_start(struct charges *charges)
{
	charges->list = charges->few;
	charges->count = 0;
	charges->room = CHARGES_FEW;
}

void charges_end(struct charges *charges)
{
	if (charges->list != charges->few)
		free(charges->list);
}

static int make_room(struct charges *charges)
{
	size_t bytes = charges->room * sizeof(*charges->list);
	struct charge *more = malloc(2 * bytes);

	if (!more)
		return -ENOMEM;
	memcpy(more, charges->list, bytes);
	charges_end(charges);
	charges->list = more;
	charges->room *= 2;
	return 0;
}

static struct charge *find_charge(const struct charges *charges, domid_t domid)
{
	for (unsigned int i = 0; i < charges->count; i++)
		if (charges->list[i].domid == domid)
			return &charges->list[i];
	return NULL;
}

int charges_add(struct charges *charges, domid_t domid, int32_t nodes, int64_t bytes)
{
	struct charge *charge = find_charge(charges, domid);

	if (!charge) {
		if (charges->count == charges->room) {
			int error = make_room(charges);

			if (error)
				return error;
		}
		charge = &charges->list[charges->count++];
		*charge = (struct charge){ .domid = domid };
	}
	charge->nodes += nodes;
	charge->bytes += bytes;
	return 0;
}

int charges_reserve(struct charges *charges, const struct charges *more)
{
	int error = 0;

	for (unsigned int i = 0; i < more->count && !error; i++)
		error = charges_add(charges, more->list[i].domid, 0, 0);
	return error;
}

void charges_merge(struct charges *charges, const struct charges *more)
{
	for (unsigned int i = 0; i < more->count; i++) {
		int error = charges_add(charges, more->list[i].domid, more->list[i].nodes, more->list[i].bytes);

		ASSERT(!error);
	}
}

struct charge charges_of(const struct charges *charges, domid_t domid)
{
	const struct charge *charge = find_charge(charges, domid);

	return charge ? *charge : (struct charge){ .domid = domid };
}

void charges_apply_one(domid_t domid, int32_t nodes, int64_t bytes)
{
	struct account *account = account_find(domid);

	ASSERT(account);
	account_charge(account, XS_QUOTA_NODES, nodes);
	account_charge(account, XS_QUOTA_MEMORY, bytes);
	total.nodes += nodes;
	total.bytes += bytes;
}

void charges_apply(const struct charges *charges)
{
	for (unsigned int i = 0; i < charges->count; i++)
		charges_apply_one(charges->list[i].domid, charges->list[i].nodes, charges->list[i].bytes);
}

struct charge charges_total(void)
{
	return total;
}
