// SPDX-License-Identifier: Apache-2.0
// A PV disk in one text: xl-disk-configuration(5).
#include <errno.h>
#include <string.h>

#include "config/xlcfg_option.h"
#include "kernel/compiler.h"

// What was given so far; an empty text may be given again.
struct disk_reading {
	struct config_disk disk; // first: options find its fields
	bool has_format, has_access, old_prefix;
};

static int take_once(const struct xlcfg_option *option)
{
	const char **field = xlcfg_option_field(option);

	if (*field && **field)
		return xlcfg_refuse(option->reader, option->position, "disk: '%.40s' and '%.40s': give one",
				    *field, option->value);
	return xlcfg_option_text(option);
}

static int take_format(const struct xlcfg_option *option)
{
	struct disk_reading *reading = option->device;
	unsigned int format = CONFIG_DISK_RAW;
	int error = *option->value ? xlcfg_word(option->reader, option->position, "disk: format",
						config_disk_format_words, option->value, &format)
				   : 0;

	reading->disk.format = (enum config_disk_format)format;
	reading->has_format = true;
	return error;
}

static int take_access(const struct xlcfg_option *option)
{
	static const struct config_word words[] = {
		{ "rw", false }, { "w", false }, { "ro", true }, { "r", true }, { 0 }
	};
	struct disk_reading *reading = option->device;
	unsigned int read_only = false;
	int error = *option->value ? xlcfg_word(option->reader, option->position, "disk: access", words,
						option->value, &read_only)
				   : 0;

	reading->disk.read_only = read_only;
	reading->has_access = true;
	return error;
}

static int take_backend_type(const struct xlcfg_option *option)
{
	unsigned int type = 0;
	int error = xlcfg_word(option->reader, option->position, "disk: backendtype",
			       config_disk_backend_words, option->value, &type);

	((struct config_disk *)option->device)->backend_type = (enum config_disk_backend)type;
	return error;
}

static int take_protocol(const struct xlcfg_option *option)
{
	unsigned int protocol = 0;
	int error = xlcfg_word(option->reader, option->position, "disk: specification",
			       config_disk_protocol_words, option->value, &protocol);

	((struct config_disk *)option->device)->protocol = (enum config_disk_protocol)protocol;
	return error;
}

static int take_devtype(const struct xlcfg_option *option)
{
	static const struct config_word words[] = { { "disk", false }, { "cdrom", true }, { 0 } };
	unsigned int cdrom = false;
	int error =
		xlcfg_word(option->reader, option->position, "disk: devtype", words, option->value, &cdrom);

	((struct config_disk *)option->device)->cdrom = cdrom;
	return error;
}

static int take_grant_usage(const struct xlcfg_option *option)
{
	return xlcfg_warn(option->reader, option->position,
			  "disk: grant_usage=%.8s is ignored: virtio uses no grants here", option->value);
}

static const struct xlcfg_option_kind disk_options[] = {
	{ "format=", take_format, 0 },
	{ "access=", take_access, 0 },
	{ "vdev=", take_once, offsetof(struct config_disk, vdev) },
	{ "backend=", take_once, offsetof(struct config_disk, backend) },
	{ "script=", take_once, offsetof(struct config_disk, script) },
	{ "backendtype=", take_backend_type, 0 },
	{ "specification=", take_protocol, 0 },
	{ "devtype=", take_devtype, 0 },
	{ "grant_usage=", take_grant_usage, 0 },
	{ "cdrom", xlcfg_option_set, offsetof(struct config_disk, cdrom) },
	{ "direct-io-safe", xlcfg_option_set, offsetof(struct config_disk, direct_io_safe) },
	{ "discard", xlcfg_option_clear, offsetof(struct config_disk, no_discard) },
	{ "no-discard", xlcfg_option_set, offsetof(struct config_disk, no_discard) },
	{ "trusted", xlcfg_option_clear, offsetof(struct config_disk, untrusted) },
	{ "untrusted", xlcfg_option_set, offsetof(struct config_disk, untrusted) },
};

// "phy:/dev/sda": what stood in front of targets before there were options.
static const struct old_prefix {
	const char *prefix, *format, *script;
} old_prefixes[] = {
	{ "phy:", NULL, NULL },          { "file:", NULL, NULL },           { "tap:", NULL, NULL },
	{ "tap2:", NULL, NULL },         { "tapdisk:", NULL, NULL },        { "aio:", NULL, NULL },
	{ "ioemu:", NULL, NULL },        { "raw:", "raw", NULL },           { "qcow:", "qcow", NULL },
	{ "qcow2:", "qcow2", NULL },     { "vhd:", "vhd", NULL },           { "nbd:", NULL, "block-nbd" },
	{ "enbd:", NULL, "block-enbd" }, { "iscsi:", NULL, "block-iscsi" }, { "drbd:", NULL, "block-drbd" },
};

static int take_old_prefixes(struct xlcfg_option *option, const char **text)
{
	struct disk_reading *reading = option->device;

	for (size_t i = 0; i < ARRAY_SIZE(old_prefixes); i++) {
		const struct old_prefix *prefix = &old_prefixes[i];
		size_t length = strlen(prefix->prefix);

		if (strncmp(*text, prefix->prefix, length))
			continue;
		reading->old_prefix = true;
		*text += length;
		if (prefix->script)
			reading->disk.script = prefix->script;
		i = (size_t)-1; // "tap:aio:/file": from the beginning
		if (!prefix->format)
			continue;
		option->value = prefix->format;
		int error = take_format(option);
		if (error)
			return error;
	}
	return 0;
}

// "hdc:cdrom", as the vdev was written once.
static int take_vdev(struct xlcfg_option *option, char *part)
{
	char *colon = strrchr(part, ':');

	option->offset = offsetof(struct config_disk, vdev);
	option->value = part;
	if (!colon)
		return take_once(option);
	*colon = '\0';
	int error = take_once(option);
	option->value = colon + 1;
	return error ? error : take_devtype(option);
}

// In their order: target, format, vdev, access, as far as they weren't given by name.
static int take_positional(struct xlcfg_option *option, char *part)
{
	struct disk_reading *reading = option->device;

	option->value = part;
	if (!reading->disk.target) {
		option->offset = offsetof(struct config_disk, target);
		return take_once(option);
	}
	if (!reading->has_format && !reading->old_prefix) {
		if (*reading->disk.target || !strchr(part, ':'))
			return take_format(option);
		reading->disk.format = CONFIG_DISK_EMPTY;
		reading->has_format = true;
		return take_vdev(option, part);
	}
	if (!reading->disk.vdev)
		return take_vdev(option, part);
	if (!reading->has_access)
		return take_access(option);
	return xlcfg_refuse(option->reader, option->position,
			    "disk: '%.40s' is one too many: TARGET,FORMAT,VDEV,ACCESS, others by name", part);
}

static int take_disk_option(struct xlcfg_option *option, char *part)
{
	const struct xlcfg_option_kind *kind =
		xlcfg_option_find(disk_options, ARRAY_SIZE(disk_options), part, &option->value);

	if (kind) {
		option->offset = kind->offset;
		return kind->take(option);
	}
	if (!strchr(part, '='))
		return take_positional(option, part);
	return xlcfg_refuse(
		option->reader, option->position,
		"disk: unknown option '%.40s': there are format, vdev, access, backend, backendtype, "
		"specification, devtype, script, target",
		part);
}

// A target by name is the rest of the string, commas included; one comma at its end ends it.
static int take_target(struct xlcfg_option *option, const char *text)
{
	size_t length = strlen(text);
	char *target;

	if (length && text[length - 1] == ',')
		length--;
	target = xlcfg_text(option->reader, text, length);
	if (!target)
		return -ENOMEM;
	option->offset = offsetof(struct config_disk, target);
	option->value = target;
	return take_once(option);
}

static const char *unless_empty(const char *text)
{
	return text && *text ? text : NULL;
}

int xlcfg_disk(struct xlcfg_reader *reader, const struct xlcfg_value *value, struct config_disk *disk)
{
	struct disk_reading reading = { .has_format = false };
	struct xlcfg_option option = { .reader = reader, .position = value->position, .device = &reading };
	const char *text = value->text;
	char part[XLCFG_OPTION_MAX];
	int error = 0;

	while (!error && *text) {
		text += strspn(text, " \t\n");
		if (!reading.disk.target)
			error = take_old_prefixes(&option, &text);
		if (error)
			break;
		if (!strncmp(text, "target=", strlen("target="))) {
			error = take_target(&option, text + strlen("target="));
			break;
		}
		error = xlcfg_option_next(reader, value->position, &text, part);
		if (!error)
			error = take_disk_option(&option, part);
	}
	*disk = reading.disk;
	disk->target = unless_empty(disk->target);
	disk->vdev = unless_empty(disk->vdev);
	disk->backend = unless_empty(disk->backend);
	disk->script = unless_empty(disk->script);
	disk->read_only |= disk->cdrom;
	if (disk->cdrom && !disk->target)
		disk->format = CONFIG_DISK_EMPTY;
	return error;
}
