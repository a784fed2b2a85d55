// SPDX-License-Identifier: Apache-2.0
#include "domain/autostart.h"

#include <errno.h>
#include <inttypes.h>
#include <stdlib.h>
#include <string.h>

#include "config/catalog.h"
#include "domain/domain.h"
#include "domain/wait.h"
#include "kernel/devicetree.h"
#include "kernel/list.h"
#include "kernel/log.h"
#include "kernel/task.h"
#include "xen/domctl.h"

// A configuration that is to be started.
struct start {
	struct list link;
	struct catalog_entry *entry;
};

// ---- Collecting ----

static void put_in_order(struct list *starts, struct start *start)
{
	struct list *place = starts;
	struct start *other;

	LIST_FOR_EACH(other, starts, link)
	{
		if (other->entry->config.autostart > start->entry->config.autostart) {
			place = &other->link;
			break;
		}
	}
	list_insert_before(place, &start->link);
}

// A file that is wrong is said here: nobody knows whether it was to start.
static void consider(const char *name, void *starts)
{
	struct failure failure = { 0 };
	struct catalog_entry *entry = catalog_find(name, NULL, &failure);

	if (!entry) {
		log_error("autostart: %s", failure.text);
		return;
	}
	struct start *start = entry->config.autostart ? malloc(sizeof(*start)) : NULL;
	if (start) {
		start->entry = entry;
		put_in_order(starts, start);
		return;
	}
	if (entry->config.autostart)
		log_error("autostart: '%s' isn't started: out of memory", name);
	catalog_release(entry);
}

// The names first, since a folder isn't read while its files are.
struct name {
	struct list link;
	char text[DOMAIN_NAME_MAX];
};

static void note_name(const char *text, void *names)
{
	struct name *name = strlen(text) < DOMAIN_NAME_MAX ? malloc(sizeof(*name)) : NULL;

	if (!name) {
		log_error("autostart: '%.64s' isn't looked at: out of memory", text);
		return;
	}
	strcpy(name->text, text);
	list_append(names, &name->link);
}

static void collect(struct list *starts)
{
	struct list names = LIST_INITIAL(names);
	struct failure failure = { 0 };
	struct name *name;

	if (catalog_each(note_name, &names, &failure))
		log_error("autostart: %s", failure.text);
	LIST_FOR_EACH(name, &names, link)
	{
		consider(name->text, starts);
		free(name);
	}
}

// ---- Starting ----

static int wait_for_all(const struct domain_config *config, struct failure *failure)
{
	uint32_t seconds = config->autostart_timeout ? config->autostart_timeout : CONFIG_AUTOSTART_SECONDS;
	uint64_t deadline = time_now() + SECONDS(seconds);
	int error = 0;

	for (uint32_t i = 0; i < config->autostart_wait_count && !error; i++)
		error = wait_for(config->autostart_waits[i], deadline, NULL, failure);
	return error;
}

static int start_one(struct catalog_entry *entry, struct failure *failure)
{
	struct domain *domain;
	int error = domain_config_check_support(&entry->config, failure);

	for (const struct config_warning *warning = entry->warnings; warning; warning = warning->next)
		log_warning("autostart: %s", warning->text);
	if (!error)
		error = wait_for_all(&entry->config, failure);
	if (!error)
		error = domain_create_from(&entry->source, DOMID_ANY, false, &domain, failure);
	if (!error)
		log_info("autostart: '%s' is domain %u", domain->name, domain->id);
	return error;
}

static void start_all(void *unused)
{
	struct list starts = LIST_INITIAL(starts);
	struct start *start;

	(void)unused;
	collect(&starts);
	LIST_FOR_EACH(start, &starts, link)
	{
		struct failure failure = { 0 };

		if (start_one(start->entry, &failure)) {
			log_error("autostart: '%s' isn't started: %s", start->entry->config.name, failure.text);
			catalog_release(start->entry);
		}
		free(start);
	}
}

static bool is_forbidden(void)
{
	static const char word[] = "noautostart";
	const char *rest = devicetree_bootargs();

	for (; *rest; rest += strcspn(rest, " ")) {
		rest += strspn(rest, " ");
		if (strcspn(rest, " ") == strlen(word) && !strncmp(rest, word, strlen(word)))
			return true;
	}
	return false;
}

int autostart_init(void)
{
	if (is_forbidden())
		return 0;
	return task_create("autostart", start_all, NULL) ? 0 : -ENOMEM;
}
