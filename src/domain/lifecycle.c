// SPDX-License-Identifier: Apache-2.0
// Xen only says that some domain has ended (VIRQ_DOM_EXC), so all are looked at. An answer takes long, and has
// a task of its own.
#include "domain/lifecycle.h"

#include <errno.h>
#include <stdio.h>

#include "console/console.h"
#include "domain/build.h"
#include "domain/core.h"
#include "domain/departed.h"
#include "domain/domain.h"
#include "domain/pv_devices.h"
#include "domain/restart.h"
#include "kernel/compiler.h"
#include "kernel/log.h"
#include "kernel/task.h"
#include "storage/mount.h"
#include "xen/domctl.h"
#include "xen/event.h"
#include "xenstore/xenstore.h"

static struct wait_queue queue = WAIT_QUEUE_INITIAL(queue);
static struct event_channel channel = { .port = INVALID_EVTCHN };
static bool wanted; // by lifecycle_look()

// ---- What is to be done ----

static const struct reason {
	const char *text;
	enum config_end end;
} reasons[] = {
	[SHUTDOWN_poweroff] = { "has powered off", CONFIG_END_POWEROFF },
	[SHUTDOWN_reboot] = { "wants to reboot", CONFIG_END_REBOOT },
	[SHUTDOWN_suspend] = { "has suspended itself", CONFIG_ENDS },
	[SHUTDOWN_crash] = { "has crashed", CONFIG_END_CRASH },
	[SHUTDOWN_watchdog] = { "was ended by its watchdog", CONFIG_END_WATCHDOG },
	[SHUTDOWN_soft_reset] = { "wants to be reset", CONFIG_END_SOFT_RESET },
};

static const char *describe(unsigned int reason)
{
	return reason < ARRAY_SIZE(reasons) ? reasons[reason].text : "has shut down";
}

// Nobody knows what to do after an unknown end: as with xl, nothing is kept.
static enum config_action configured(const struct domain *domain, unsigned int reason)
{
	if (!domain->source)
		return CONFIG_ACTION_PRESERVE;
	if (reason >= ARRAY_SIZE(reasons))
		return CONFIG_ACTION_DESTROY;
	return config_action(domain->source->config, reasons[reason].end);
}

static bool is_restart(enum config_action action)
{
	return action == CONFIG_ACTION_RESTART || action == CONFIG_ACTION_RENAME_RESTART ||
	       action == CONFIG_ACTION_COREDUMP_RESTART || action == CONFIG_ACTION_SOFT_RESET;
}

static bool ends_too_often(struct domain *domain)
{
	if (time_now() - domain->start_time >= SECONDS(CONFIG_RESTART_SECONDS)) {
		domain->quick_ends = 0;
		return false;
	}
	return CONFIG_RESTART_LIMIT && domain->quick_ends++ >= CONFIG_RESTART_LIMIT;
}

static enum config_action choose(struct domain *domain, unsigned int reason)
{
	enum config_action action = configured(domain, reason);

	if (!is_restart(action) || !ends_too_often(domain))
		return action;
	log_warning("domain %u (%s) has ended %u times within %u seconds of its start: it isn't restarted any more",
		    domain->id, domain->name, domain->quick_ends, CONFIG_RESTART_SECONDS);
	return CONFIG_ACTION_DESTROY;
}

static const char *consequence(enum config_action action)
{
	if (is_restart(action))
		return "is restarted";
	return action == CONFIG_ACTION_PRESERVE ? NULL : "is destroyed";
}

// ---- The answer ----

// To the images folder, under the names that the domain has and had.
static void dump_core(const struct domain *domain)
{
	char file[DOMAIN_NAME_MAX + sizeof("core--65535")];
	struct failure failure = { 0 };

	if (domain->answer != CONFIG_ACTION_COREDUMP_DESTROY && domain->answer != CONFIG_ACTION_COREDUMP_RESTART)
		return;
	snprintf(file, sizeof(file), "core-%s-%u", domain->name, domain->id);
	if (core_write_file(domain->id, file, NULL, &failure))
		log_error("domain %u (%s): there is no core: %s", domain->id, domain->name, failure.text);
	else
		log_info("domain %u (%s): its core is %s%s", domain->id, domain->name, mount_images_folder(), file);
}

static void destroy(struct domain *domain)
{
	struct failure failure = { 0 };

	if (domain->console)
		departed_keep(domain->id, domain->name, domain->console);
	if (!domain_unbuild(domain, UNBUILD_ALL, &failure))
		return;
	domain->being_destroyed = false;
	log_error("%s", failure.text);
}

// The name and the console outlive a restart that fails.
static void restart(struct domain *domain)
{
	struct failure failure = { 0 };
	struct console *console = domain->console ? console_get(domain->console) : NULL;
	domid_t former = domain->id;
	char name[DOMAIN_NAME_MAX];
	int error;

	snprintf(name, sizeof(name), "%s", domain->name);
	if (domain->answer == CONFIG_ACTION_RENAME_RESTART)
		error = domain_restart_beside(domain, &failure);
	else
		error = domain_restart(domain, &failure);
	if (error)
		log_error("domain %u (%s) could not be restarted: %s", former, name, failure.text);
	else
		log_info("domain %u (%s) has started in the place of domain %u", domain->id, name, former);
	if (console && error)
		departed_keep(former, name, console);
	if (console)
		console_put(console);
}

static void answer(void *argument)
{
	struct domain *domain = argument;

	dump_core(domain);
	if (is_restart(domain->answer))
		restart(domain);
	else
		destroy(domain);
}

// False when it had to be given here, and the list of domains has changed.
static bool start_answer(struct domain *domain)
{
	char name[16];

	snprintf(name, sizeof(name), "end of %u", domain->id);
	if (task_create(name, answer, domain))
		return true;
	answer(domain); // the others wait
	return false;
}

// ---- Noticing ----

static void say(const struct domain *domain, unsigned int reason)
{
	enum log_level level = reason == SHUTDOWN_crash || reason == SHUTDOWN_watchdog ? LOG_LEVEL_WARNING : LOG_LEVEL_INFO;
	const char *what = consequence(domain->answer);

	if (what)
		log_message(level, "domain %u (%s) %s and %s", domain->id, domain->name, describe(reason), what);
	else
		log_message(level, "domain %u (%s) %s; 'xu destroy %u' gives its memory back", domain->id,
			    domain->name, describe(reason), domain->id);
}

// False when the list of domains has changed.
static bool look_at(struct domain *domain)
{
	struct domain_info info;

	if (domain->ended || domain->being_built || domain->being_destroyed)
		return true;
	if (domctl_get_info(domain->id, &info) || !info.shutdown || info.dying)
		return true;
	domain->ended = true;
	if (info.shutdown_reason == SHUTDOWN_suspend) { // all of it stays as it is
		log_info("domain %u (%s) %s; 'xu resume %u' lets it go on", domain->id, domain->name,
			 describe(info.shutdown_reason), domain->id);
		return true;
	}
	xenstore_domain_stopped(domain->id); // which doesn't know it any more when it has broken with it
	domain->answer = choose(domain, info.shutdown_reason);
	domain->restarting = is_restart(domain->answer);
	say(domain, info.shutdown_reason);
	if (domain->console && domain->restarting)
		console_hold(domain->console);
	else if (domain->console)
		console_end(domain->console);
	if (domain->answer == CONFIG_ACTION_PRESERVE)
		return true;
	domain->being_destroyed = true; // nobody else is to
	pv_devices_domains_changed();
	return start_answer(domain);
}

static bool must_look(void)
{
	return wanted || READ_ONCE(channel.pending);
}

static bool look_at_all(void)
{
	struct domain *domain;

	DOMAIN_FOR_EACH(domain)
	if (!look_at(domain))
		return false;
	return true;
}

static void watch(void *unused)
{
	(void)unused;
	for (;;) {
		WAIT_UNTIL(&queue, must_look());
		wanted = false;
		event_channel_take(&channel);
		while (!look_at_all())
			;
	}
}

void lifecycle_look(void)
{
	wanted = true;
	wait_queue_wake(&queue);
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
