// SPDX-License-Identifier: Apache-2.0
// CONTROL: what xenstored's own commands do that make sense here.
#include "xenstore/control.h"

#include <errno.h>
#include <stdarg.h>
#include <stdio.h>
#include <string.h>

#include "kernel/compiler.h"
#include "kernel/log.h"
#include "xenstore/quota.h"
#include "xenstore/store.h"
#include "xenstore/wire.h"

struct answer {
	char *text;
	size_t used, size;
};

static void say(struct answer *answer, const char *format, ...) PRINTF_LIKE(2, 3);
static void say(struct answer *answer, const char *format, ...)
{
	va_list arguments;

	va_start(arguments, format);
	int length = vsnprintf(answer->text + answer->used, answer->size - answer->used, format, arguments);
	va_end(arguments);
	answer->used = MIN(answer->used + (size_t)MAX(length, 0), answer->size - 1);
}

static int run_check(const char *arguments, unsigned int count, struct answer *answer)
{
	(void)arguments;
	(void)count;
	int error = store_check();

	if (!error)
		say(answer, "OK");
	return error;
}

static int run_print(const char *arguments, unsigned int count, struct answer *answer)
{
	(void)count;
	log_info("xenstore: control: %s", arguments);
	say(answer, "OK");
	return 0;
}

static int quota_of_domain(const char *text, struct answer *answer)
{
	const struct account *account;
	domid_t domid;

	if (!wire_parse_domid(text, &domid))
		return -EINVAL;
	account = account_find(domid);
	if (!account)
		return -ENOENT;
	say(answer, "Domain %u:\n", domid);
	for (unsigned int i = 0; i < XS_QUOTAS; i++)
		say(answer, "%-17s: %8u (limit %8u)\n", xs_quota_name(i), account->used[i], account->limit[i]);
	return 0;
}

// Nothing, or "DOMID", or "set NAME VALUE".
static int run_quota(const char *arguments, unsigned int count, struct answer *answer)
{
	enum xs_quota quota;
	uint64_t value;
	uint32_t limit;

	if (count == 1)
		return quota_of_domain(arguments, answer);
	if (count == 3) {
		if (strcmp(arguments, "set") || quota_by_name(wire_string(arguments, 1), &quota) ||
		    !wire_parse_number(wire_string(arguments, 2), UINT32_MAX, &value))
			return -EINVAL;
		say(answer, "OK");
		return xs_quota_set(DOMID_INVALID, quota, (uint32_t)value);
	}
	if (count)
		return -EINVAL;
	say(answer, "Quota settings:\n");
	for (unsigned int i = 0; i < XS_QUOTAS; i++)
		if (!xs_quota_get(DOMID_INVALID, i, &limit))
			say(answer, "%-17s: %8u\n", xs_quota_name(i), limit);
	return 0;
}

static int run_help(const char *arguments, unsigned int count, struct answer *answer);

static const struct {
	const char *name;
	int (*run)(const char *arguments, unsigned int count, struct answer *answer);
	unsigned int least, most; // arguments
	const char *usage;
} commands[] = {
	{ "check", run_check, 0, 0, "" },
	{ "print", run_print, 1, 1, "<string>" },
	{ "quota", run_quota, 0, 3, "[set <name> <value>|<domid>]" },
	{ "help", run_help, 0, 0, "" },
};

static int run_help(const char *arguments, unsigned int count, struct answer *answer)
{
	(void)arguments;
	(void)count;
	say(answer, "Supported commands:\n");
	for (size_t i = 0; i < ARRAY_SIZE(commands); i++)
		say(answer, "%s %s\n", commands[i].name, commands[i].usage);
	return 0;
}

int control_run(const char *arguments, unsigned int count, char *text, size_t size)
{
	struct answer answer = { .text = text, .size = size };

	for (size_t i = 0; i < ARRAY_SIZE(commands); i++) {
		if (strcmp(arguments, commands[i].name))
			continue;
		count--;
		if (count < commands[i].least || count > commands[i].most)
			return -EINVAL;
		return commands[i].run(count ? wire_string(arguments, 1) : "", count, &answer);
	}
	return -EINVAL;
}
