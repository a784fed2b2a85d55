// SPDX-License-Identifier: Apache-2.0
// The domains that are served: introduction, end, and what is told of them (xenstore.h, "Domains").
#include "xenstore/xenstore.h"

#include <errno.h>
#include <stdlib.h>

#include "xenstore/server.h"
#include "xenstore/store.h"
#include "xenstore/transaction.h"
#include "xenstore/watch.h"

static struct list guests = LIST_INITIAL(guests);
static struct wait_queue changes = WAIT_QUEUE_INITIAL(changes); // an account's `changing` has ended

static struct guest *find(domid_t domid)
{
	struct guest *guest;

	LIST_FOR_EACH(guest, &guests, link)
		if (guest->client.who.domid == domid)
			return guest;
	return NULL;
}

int xenstore_init(void)
{
	int error = quota_init();

	return error ? error : store_init();
}

bool xenstore_is_introduced(domid_t domid)
{
	return domid == 0 || find(domid);
}

static bool is_changing(domid_t domid)
{
	const struct account *account = account_find(domid);

	return account && account->changing;
}

static void end_change(struct account *account)
{
	account->changing = false;
	wait_queue_wake(&changes);
}

// ---- Introduction ----

static int introduce_first(struct account *account, gfn_t ring, evtchn_port_t port)
{
	struct guest *guest = calloc(1, sizeof(*guest));

	if (!guest)
		return -ENOMEM;
	int error = server_start(guest, account, ring, port);
	if (error) {
		free(guest);
		return error;
	}
	list_append(&guests, &guest->link);
	account->introduced = true;
	store_fire_special(STORE_INTRODUCE_DOMAIN, account->domid);
	return 0;
}

static int introduce_again(struct account *account, struct guest *guest, evtchn_port_t port)
{
	account->changing = true;
	int error = server_restart(guest, port);
	end_change(account);
	return error;
}

int xenstore_introduce(domid_t domid, gfn_t ring, evtchn_port_t remote_port)
{
	if (domid == 0 || domid >= DOMID_FIRST_RESERVED)
		return -EINVAL;
	WAIT_UNTIL(&changes, !is_changing(domid));

	struct guest *guest = find(domid);
	struct account *account = account_find(domid);
	if (guest)
		return introduce_again(account, guest, remote_port);

	bool is_new = !account;
	int error = is_new ? account_create(domid, &account) : 0;
	if (!error) {
		error = introduce_first(account, ring, remote_port);
		if (error && is_new)
			account_destroy(account);
	}
	return error;
}

// ---- The end ----

// Nobody stands in for a domain that is gone.
static void forget_target(domid_t target)
{
	struct guest *guest;

	LIST_FOR_EACH(guest, &guests, link)
		if (guest->client.who.target == target)
			guest->client.who.target = DOMID_INVALID;
}

int xenstore_release(domid_t domid)
{
	if (domid == 0)
		return -EINVAL;
	WAIT_UNTIL(&changes, !is_changing(domid));

	struct account *account = account_find(domid);
	struct guest *guest = find(domid);
	if (!account)
		return -ENOENT;
	account->changing = true;
	if (guest) {
		list_remove(&guest->link);
		server_stop(guest);
		free(guest);
	}
	forget_target(domid);
	store_forget_domain(domid);
	account_destroy(account);
	wait_queue_wake(&changes);
	if (guest)
		store_fire_special(STORE_RELEASE_DOMAIN, domid);
	return 0;
}

int xenstore_domain_stopped(domid_t domid)
{
	struct guest *guest = find(domid);

	if (!guest)
		return -ENOENT;
	if (!guest->stopped)
		store_fire_special(STORE_RELEASE_DOMAIN, domid);
	guest->stopped = true;
	return 0;
}

int xenstore_resume(domid_t domid)
{
	struct guest *guest = find(domid);

	if (!guest)
		return -ENOENT;
	guest->stopped = false;
	return 0;
}

// ---- Properties ----

int xenstore_set_target(domid_t domid, domid_t target)
{
	struct guest *guest = find(domid);

	if (!guest || !find(target))
		return -ENOENT;
	guest->client.who.target = target;
	return 0;
}

int xenstore_get_features(domid_t domid, uint32_t *features)
{
	struct account *account;
	int error = account_of(domid, &account);

	if (!error)
		*features = account->features;
	return error;
}

int xenstore_set_features(domid_t domid, uint32_t features)
{
	struct account *account;
	int error = account_of(domid, &account);

	if (error)
		return error;
	if (account->introduced || account->privileged)
		return -EBUSY;
	if (features & ~WIRE_FEATURES)
		return -EINVAL;
	account->features = features;
	return 0;
}

// ---- Figures ----

void xs_for_each_domain(void (*each)(const struct xs_domain_statistics *statistics, void *context), void *context)
{
	const struct account *account;

	ACCOUNT_FOR_EACH(account) {
		const struct guest *guest = find(account->domid);
		struct xs_domain_statistics statistics = {
			.domid = account->domid,
			.introduced = account->introduced,
			.broken = guest && guest->connection.broken,
			.requests = account->requests,
			.refused = account->refused,
			.events_lost = account->events_lost,
		};

		for (unsigned int i = 0; i < XS_QUOTAS; i++) {
			statistics.used[i] = account->used[i];
			statistics.limit[i] = account->limit[i];
		}
		each(&statistics, context);
	}
}

void xs_statistics(struct xs_statistics *statistics)
{
	struct watch_figures watches = watch_figures();
	struct transaction_figures transactions = transaction_figures();
	struct charge nodes = charges_total();

	*statistics = (struct xs_statistics){
		.nodes = (uint64_t)nodes.nodes,
		.node_bytes = (uint64_t)nodes.bytes,
		.retained_bytes = transactions.retained,
		.watches = watches.watches,
		.transactions = transactions.open,
		.requests = request_count(),
		.commits = transactions.commits,
		.conflicts = transactions.conflicts,
		.events = watches.events,
		.events_lost = watches.events_lost,
	};
}
