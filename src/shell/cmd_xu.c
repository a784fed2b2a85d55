// SPDX-License-Identifier: Apache-2.0
// Domains: created, listed, paused, destroyed. Attaching to a console is in cmd_console.c.
#include <errno.h>
#include <inttypes.h>
#include <stdio.h>
#include <string.h>

#include "config/catalog.h"
#include "config/xlcfg.h"
#include "domain/domain.h"
#include "kernel/compiler.h"
#include "kernel/task.h"
#include "shell/commands.h"
#include "shell/domains.h"
#include "shell/json.h"
#include "shell/output.h"
#include "shell/words.h"
#include "xen/console_io.h"
#include "xen/domctl.h"

// A creation that takes longer tells how far it is.
#define PROGRESS_AFTER MILLISECONDS(500)
#define SPEED_AFTER    100u // milliseconds

static uint64_t creation_start;

// "kernel: 43 %, 11.8 MB/s (Ctrl-C stops)"; how fast is known after a while.
static bool show_progress(const struct domain_progress *progress)
{
	uint64_t milliseconds = progress->nanoseconds / 1000000;
	char speed[32] = "";

	if (time_now() - creation_start < PROGRESS_AFTER)
		return console_io_interrupted();
	if (!progress->total) {
		shell_status("waiting for %.40s (Ctrl-C stops)", progress->what);
		return console_io_interrupted();
	}
	if (milliseconds >= SPEED_AFTER) {
		uint64_t tenths = progress->done / 100 / milliseconds; // of MB/s

		snprintf(speed, sizeof(speed), ", %" PRIu64 ".%" PRIu64 " MB/s", tenths / 10, tenths % 10);
	}
	shell_status("%.40s: %" PRIu64 " %%%s (Ctrl-C stops)", progress->what,
		     progress->done * 100 / progress->total, speed);
	return console_io_interrupted();
}

static bool stop_quietly(const struct domain_progress *progress)
{
	(void)progress;
	return console_io_interrupted();
}

const struct command_option xu_create_options[] = {
	[XU_CREATE_ID] = { "-d", "ID", "the domain's id; 0 or none: Xen chooses one" },
	[XU_CREATE_PAUSED] = { "-p", NULL, "leave the domain paused" },
	[XU_CREATE_CONSOLE] = { "-c", NULL, "attach to its console" },
	[XU_CREATE_DRY_RUN] = { "-n, --dryrun", NULL, "check all, show what would be built, build nothing" },
	[XU_CREATE_QUIET] = { "-q, --quiet", NULL, "no progress, no warnings, no word of success" },
	[XU_CREATE_FILE] = { "-f, --defconfig", "FILE", "the same as FILE in the place of NAME" },
	{ 0 },
};

static int wanted_id(const struct invocation *call, domid_t *id)
{
	const char *text = call->options[XU_CREATE_ID];
	uint64_t number = 0;

	if (text && !shell_number(text, DOMID_FIRST_RESERVED - 1, &number)) {
		shell_error("%s: '%s' is not a domain id; take one from 1 to %u, or 0 to let Xen choose",
			    call->name, text, DOMID_FIRST_RESERVED - 1);
		return -EINVAL;
	}
	*id = number ? (domid_t)number : DOMID_ANY;
	return 0;
}

static void show_warnings(const struct catalog_entry *entry)
{
	for (const struct config_warning *warning = entry->warnings; warning; warning = warning->next)
		shell_print("W: %s\n", warning->text);
	if (entry->shadows)
		shell_print("W: there is a built-in configuration '%s' as well; the file counts\n",
			    entry->config.name);
}

#define SETTINGS_MAX (CONFIG_SHELL_LINE_MAX + 3 * WORDS_MAX + 1)

// A word KEY=VALUE as a line of a file. The quotes of VALUE may have been taken by the shell.
static size_t add_setting(char *text, size_t size, const char *word)
{
	const char *value = strchr(word, '=') + 1;
	const char *quote = (*value && strchr("\"'[", *value)) || strpbrk(value, "\"\\") ? "" : "\"";

	return (size_t)snprintf(text, size, "\n%.*s%s%s%s", (int)(value - word), word, quote, value, quote);
}

// The words from `first` on, as lines of a file.
static int read_settings(const struct invocation *call, int first, char settings[SETTINGS_MAX])
{
	size_t length = 0;

	settings[0] = '\0';
	for (int i = first; i < call->argc; i++) {
		if (!strchr(call->argv[i], '=')) {
			shell_error("%s: '%s' is no setting KEY=VALUE", call->name, call->argv[i]);
			return -EINVAL;
		}
		length += add_setting(settings + length, SETTINGS_MAX - length, call->argv[i]);
	}
	return 0;
}

// A file, or a configuration's name, and settings that count as if they stood at its end.
static struct catalog_entry *read_config(const struct invocation *call, const char *name, bool is_file, int first)
{
	char settings[SETTINGS_MAX];
	struct failure failure = { 0 };

	if (read_settings(call, first, settings))
		return NULL;
	struct catalog_entry *entry = is_file ? catalog_read(name, settings, &failure) :
						catalog_find(name, settings, &failure);
	if (!entry)
		shell_failure(call, &failure);
	return entry;
}

// What xl takes, a file or none, and a configuration's name.
static int config_to_create(const struct invocation *call, struct catalog_entry **entry)
{
	const char *file = call->options[XU_CREATE_FILE], *name = call->argv[0];

	if (!file && !name) {
		shell_error("%s: which configuration? 'xu config_list' shows them", call->name);
		return -EINVAL;
	}
	*entry = file ? read_config(call, file, true, 0) :
			read_config(call, name, name[0] == '/' || config_file_stem(name), 1);
	return *entry ? 0 : -EINVAL;
}

// On success the entry is the domain's.
static int build(const struct invocation *call, struct catalog_entry *entry, domid_t wanted,
		 struct failure *failure)
{
	bool quiet = call->options[XU_CREATE_QUIET], paused = call->options[XU_CREATE_PAUSED];
	struct domain *domain;

	creation_start = time_now();
	paused |= entry->config.paused;
	domain_set_progress(quiet ? stop_quietly : show_progress);
	int error = domain_create_from(&entry->source, wanted, paused, &domain, failure);
	domain_set_progress(NULL);
	shell_status_clear();
	if (error)
		return error;
	if (paused && !quiet)
		shell_print("I: Created domain is paused\nTo unpause issue: xu unpause %u\n", domain->id);
	if (!quiet)
		shell_print("domain:%u created\n", domain->id);
	if (!call->options[XU_CREATE_CONSOLE])
		return 0;

	char id[sizeof("65535")], *argv[] = { id, NULL };

	snprintf(id, sizeof(id), "%u", domain->id);
	console_command(&(struct invocation){ .name = call->name, .argc = 1, .argv = argv });
	return 0; // the domain is there, whatever became of the console
}

static int dry_run(struct catalog_entry *entry, struct failure *failure)
{
	struct json json = { 0 };
	int error = catalog_open_images(entry, failure);

	if (error)
		return error;
	catalog_close_images(entry);
	list_long(&json, NULL, &entry->config);
	catalog_release(entry);
	return 0;
}

int xu_create_command(const struct invocation *call)
{
	struct failure failure = { 0 };
	struct catalog_entry *entry;
	domid_t wanted;
	int error = wanted_id(call, &wanted);

	if (!error)
		error = config_to_create(call, &entry);
	if (error)
		return error;
	if (!call->options[XU_CREATE_QUIET])
		show_warnings(entry);
	error = domain_config_check_support(&entry->config, &failure);
	if (!error)
		error = call->options[XU_CREATE_DRY_RUN] ? dry_run(entry, &failure) :
							  build(call, entry, wanted, &failure);
	if (!error)
		return 0;
	catalog_release(entry);
	return shell_failure(call, &failure);
}

int xu_config_update_command(const struct invocation *call)
{
	struct failure failure = { 0 };
	struct catalog_entry *entry;
	domid_t id;
	int error = domains_argument(call, &id);

	if (error)
		return error;
	entry = read_config(call, call->argv[1], true, 2);
	if (!entry)
		return -EINVAL;
	show_warnings(entry);
	error = domain_config_check_support(&entry->config, &failure);
	if (!error)
		error = domain_set_source(id, &entry->source, &failure);
	if (!error)
		return 0;
	catalog_release(entry);
	return shell_failure(call, &failure);
}

const struct command_option xu_destroy_options[] = {
	{ "-f", NULL, "no difference: Dom0 is never destroyed" },
	{ 0 },
};

static int apply(const struct invocation *call, int (*action)(domid_t id, struct failure *failure),
		 const char *done)
{
	struct failure failure = { 0 };
	domid_t id;
	int error = domains_other_argument(call, &id);

	if (error)
		return error;
	if (action(id, &failure))
		return shell_failure(call, &failure);
	shell_print("domain:%u %s\n", id, done);
	return 0;
}

int xu_destroy_command(const struct invocation *call)
{
	return apply(call, domain_destroy, "destroyed");
}

int xu_pause_command(const struct invocation *call)
{
	return apply(call, domain_pause, "paused");
}

int xu_unpause_command(const struct invocation *call)
{
	return apply(call, domain_unpause, "unpaused");
}

int xu_resume_command(const struct invocation *call)
{
	return apply(call, domain_resume, "resumed");
}

static void print_name(const char *name, void *unused)
{
	(void)unused;
	shell_print("%s\n", name);
}

int xu_config_list_command(const struct invocation *call)
{
	struct failure failure = { 0 };

	return catalog_each(print_name, NULL, &failure) ? shell_failure(call, &failure) : 0;
}

// Everything that 'xu create' would check before it builds anything.
int xu_config_check_command(const struct invocation *call)
{
	struct failure failure = { 0 };
	struct catalog_entry *entry = catalog_read(call->argv[0], NULL, &failure);

	if (!entry)
		return shell_failure(call, &failure);
	show_warnings(entry);
	int error = domain_config_check_support(&entry->config, &failure);
	if (!error)
		error = catalog_open_images(entry, &failure);
	if (!error)
		shell_print("%s: right, it is the configuration '%s'\n", call->argv[0], entry->config.name);
	catalog_release(entry);
	return error ? shell_failure(call, &failure) : 0;
}

static void write_config(const char *text, void *unused)
{
	(void)unused;
	shell_print("%s", text);
}

int xu_config_command(const struct invocation *call)
{
	struct catalog_entry *entry = read_config(call, call->argv[0], false, 1);

	if (!entry)
		return -EINVAL;
	show_warnings(entry);
	config_print(&entry->config, write_config, NULL);
	catalog_release(entry);
	return 0;
}
