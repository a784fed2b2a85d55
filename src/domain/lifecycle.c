// SPDX-License-Identifier: Apache-2.0
// Domains that end by themselves. Xen only says that some domain did (VIRQ_DOM_EXC), so all are looked at.
#include "domain/lifecycle.h"

#include <errno.h>

#include "console/console.h"
#include "domain/domain.h"
#include "kernel/compiler.h"
#include "kernel/log.h"
#include "kernel/task.h"
#include "xen/domctl.h"
#include "xen/event.h"
#include "xenstore/xenstore.h"

static struct wait_queue queue = WAIT_QUEUE_INITIAL(queue);
static struct event_channel channel = { .port = INVALID_EVTCHN };

static const char *describe(unsigned int reason)
{
	static const char *const texts[] = {
		[SHUTDOWN_poweroff] = "has powered off",
		[SHUTDOWN_reboot] = "wants to reboot",
		[SHUTDOWN_suspend] = "has suspended itself",
		[SHUTDOWN_crash] = "has crashed",
		[SHUTDOWN_watchdog] = "was ended by its watchdog",
		[SHUTDOWN_soft_reset] = "wants to be reset",
	};

	return reason < ARRAY_SIZE(texts) ? texts[reason] : "has shut down";
}

static void look_at(struct domain *domain)
{
	struct domain_info info;

	if (domain->ended || domain->being_built || domain->being_destroyed)
		return;
	if (domctl_get_info(domain->id, &info) || !info.shutdown || info.dying)
		return;
	domain->ended = true;
	xenstore_domain_stopped(domain->id); // which doesn't know it any more when it has broken with it
	log_message(info.shutdown_reason == SHUTDOWN_crash ? LOG_LEVEL_WARNING : LOG_LEVEL_INFO,
		    "domain %u (%s) %s; 'xu destroy %u' gives its memory back", domain->id, domain->name,
		    describe(info.shutdown_reason), domain->id);
	if (domain->console)
		console_end(domain->console);
}

static void watch(void *unused)
{
	struct domain *domain;

	(void)unused;
	for (;;) {
		WAIT_UNTIL(&queue, channel.pending);
		event_channel_take(&channel);
		DOMAIN_FOR_EACH(domain)
			look_at(domain);
	}
}

int lifecycle_init(void)
{
	int error = event_channel_bind_virq(&channel, VIRQ_DOM_EXC, &queue);

	if (error)
		return error;
	if (task_create("lifecycle", watch, NULL))
		return 0;
	event_channel_close(&channel);
	return -ENOMEM;
}
