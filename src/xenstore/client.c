// SPDX-License-Identifier: Apache-2.0
// The start and end of what a client holds.
#include "xenstore/client.h"

#include "xenstore/transaction.h"
#include "xenstore/watch.h"

void client_init(struct client *client, struct account *account, void (*wake)(struct client *client))
{
	*client = (struct client){
		.who = { .domid = account->domid, .target = DOMID_INVALID, .privileged = account->privileged },
		.account = account,
		.wake = wake,
	};
	list_init(&client->points);
	list_init(&client->events);
	list_init(&client->transactions);
}

void client_reset(struct client *client)
{
	watch_remove_all(client);
	transaction_end_all(client);
}
