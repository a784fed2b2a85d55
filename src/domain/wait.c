// SPDX-License-Identifier: Apache-2.0
#include "domain/wait.h"

#include <errno.h>
#include <string.h>

#include "console/console.h"
#include "domain/departed.h"
#include "domain/domain.h"
#include "kernel/task.h"
#include "xen/domctl.h"
#include "xenstore/xenstore.h"

#define POLL MILLISECONDS(20) // in which no console prints as much as its backlog holds

static bool store_has(const char *path, const char *value)
{
	char found[FAILURE_TEXT_MAX];
	long length = xs_read(XS_NO_TRANSACTION, path, found, sizeof(found));

	if (!value)
		return length >= 0 || length == -ERANGE;
	return length >= 0 && !strcmp(found, value);
}

static bool console_has(const char *name, const char *text)
{
	domid_t id;
	const struct domain *domain = domain_resolve(name, &id, NULL) ? domain_find_by_name(name) : domain_find(id);
	const struct console *console = domain ? domain->console : departed_find(name);

	return console && console_has_printed(console, text);
}

static bool domain_runs(const char *name)
{
	struct domain_info info;
	domid_t id;

	if (domain_resolve(name, &id, NULL))
		return false;
	const struct domain *domain = domain_find(id);
	return (!domain || !domain->being_built) && !domctl_get_info(id, &info) && !info.shutdown && !info.dying;
}

static bool domain_has_ended(const char *name)
{
	struct domain_info info;
	domid_t id;

	return domain_resolve(name, &id, NULL) || domctl_get_info(id, &info) || info.shutdown || info.dying;
}

bool wait_condition_holds(const struct condition *condition)
{
	switch (condition->kind) {
	case CONDITION_STORE:
		return store_has(condition->path, condition->text);
	case CONDITION_CONSOLE:
		return console_has(condition->domain, condition->text);
	case CONDITION_DOMAIN:
		return domain_runs(condition->domain);
	case CONDITION_END:
		return domain_has_ended(condition->domain);
	}
	return false;
}

int wait_for(const char *text, uint64_t deadline, bool (*interrupted)(void), struct failure *failure)
{
	struct condition condition;
	const char *fault = condition_parse(text, &condition);

	if (fault)
		return failure_set(failure, -EINVAL, "'%.80s' %s", text, fault);
	while (!wait_condition_holds(&condition)) {
		if (interrupted && interrupted())
			return failure_set(failure, -EINTR, "stopped waiting for %.80s", text);
		if (time_now() >= deadline)
			return failure_set(failure, -ETIMEDOUT, "%.80s has not come in time", text);
		task_sleep(POLL);
	}
	return 0;
}
