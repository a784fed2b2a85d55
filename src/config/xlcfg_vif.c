// SPDX-License-Identifier: Apache-2.0
// A PV network device in one text: xl-network-configuration(5).
#include <errno.h>
#include <string.h>

#include "config/xlcfg_option.h"
#include "kernel/compiler.h"

static int take_mac(const struct xlcfg_option *option)
{
	struct config_vif *vif = option->device;
	uint8_t *mac = xlcfg_alloc(option->reader, CONFIG_MAC_SIZE, 1);
	const char *text = option->value;
	uint64_t byte = 0;

	if (!mac)
		return -ENOMEM;
	for (int i = 0; i < CONFIG_MAC_SIZE; i++) {
		char end = i < CONFIG_MAC_SIZE - 1 ? ':' : '\0';

		if (!xlcfg_digits(&text, 16, &byte) || byte > 255 || *text != end)
			return xlcfg_refuse(option->reader, option->position,
					    "vif: mac=%.40s: give six bytes as 00:16:3e:01:02:03",
					    option->value);
		mac[i] = (uint8_t)byte;
		text++;
	}
	vif->mac = mac;
	return 0;
}

static int take_number(const struct xlcfg_option *option, const char *what, int64_t least, int64_t most,
		       int64_t *number)
{
	const struct xlcfg_value value = { .position = option->position, .text = option->value };

	return xlcfg_number(option->reader, &value, what, least, most, number);
}

static int take_mtu(const struct xlcfg_option *option)
{
	int64_t number;
	int error = take_number(option, "vif: mtu", 68, 65535, &number); // RFC 791: the least for IPv4

	if (!error)
		((struct config_vif *)option->device)->mtu = (uint32_t)number;
	return error;
}

static int take_devid(const struct xlcfg_option *option)
{
	int64_t number;
	int error = take_number(option, "vif: devid", 0, INT32_MAX, &number);

	if (!error)
		((struct config_vif *)option->device)->devid = (int32_t)number;
	return error;
}

static int take_type(const struct xlcfg_option *option)
{
	if (!strcmp(option->value, "vif"))
		return 0;
	return xlcfg_refuse(option->reader, option->position,
			    "vif: type=%.40s: Arm64 has no emulated devices; leave type out", option->value);
}

static int take_model(const struct xlcfg_option *option)
{
	return xlcfg_warn(option->reader, option->position,
			  "vif: model=%.40s is ignored: Arm64 has no emulated devices", option->value);
}

// "1MB/s", "500Kb/s@20ms": bytes or bits a second, with powers of 1000, and how often they are given out.
static bool parse_rate(const char *text, struct config_vif *vif)
{
	static const struct {
		char letter;
		uint64_t factor;
	} factors[] = { { 'K', 1000 }, { 'M', 1000 * 1000 }, { 'G', 1000 * 1000 * 1000 } };
	uint64_t rate, interval = 0, unit = 1000 * 1000;

	if (!xlcfg_digits(&text, 10, &rate) || !rate)
		return false;
	for (size_t i = 0; i < ARRAY_SIZE(factors); i++)
		if (*text == factors[i].letter) {
			if (__builtin_mul_overflow(rate, factors[i].factor, &rate))
				return false;
			text++;
			break;
		}
	if (*text != 'B' && *text != 'b')
		return false;
	vif->bytes_per_second = *text == 'b' ? rate / 8 : rate;
	if (strncmp(text + 1, "/s", 2))
		return false;
	text += 3;
	if (*text == '@') {
		text++;
		if (!xlcfg_digits(&text, 10, &interval) || !interval)
			return false;
		if (*text == 'm' || *text == 'u')
			unit = *text++ == 'm' ? 1000 : 1;
		text += *text == 's';
		if (interval > UINT32_MAX / unit)
			return false;
		vif->interval_us = (uint32_t)(interval * unit);
	}
	return !*text && vif->bytes_per_second;
}

static int take_rate(const struct xlcfg_option *option)
{
	if (parse_rate(option->value, option->device))
		return 0;
	return xlcfg_refuse(option->reader, option->position,
			    "vif: rate=%.40s: give it as 1MB/s, 10Mb/s or 500KB/s@20ms", option->value);
}

static const struct xlcfg_option_kind vif_options[] = {
	{ "mac=", take_mac, 0 },
	{ "bridge=", xlcfg_option_text, offsetof(struct config_vif, bridge) },
	{ "backend=", xlcfg_option_text, offsetof(struct config_vif, backend) },
	{ "gatewaydev=", xlcfg_option_text, offsetof(struct config_vif, gateway) },
	{ "netdev=", xlcfg_option_text, offsetof(struct config_vif, gateway) },
	{ "ip=", xlcfg_option_text, offsetof(struct config_vif, ip) },
	{ "script=", xlcfg_option_text, offsetof(struct config_vif, script) },
	{ "vifname=", xlcfg_option_text, offsetof(struct config_vif, name) },
	{ "vlan=", xlcfg_option_text, offsetof(struct config_vif, vlan) },
	{ "rate=", take_rate, 0 },
	{ "mtu=", take_mtu, 0 },
	{ "devid=", take_devid, 0 },
	{ "type=", take_type, 0 },
	{ "model=", take_model, 0 },
	{ "trusted", xlcfg_option_clear, offsetof(struct config_vif, untrusted) },
	{ "untrusted", xlcfg_option_set, offsetof(struct config_vif, untrusted) },
};

int xlcfg_vif(struct xlcfg_reader *reader, const struct xlcfg_value *value, struct config_vif *vif)
{
	struct xlcfg_option option = { .reader = reader, .position = value->position, .device = vif };
	const char *text = value->text;
	char part[XLCFG_OPTION_MAX];

	vif->devid = -1;
	while (*text) {
		int error = xlcfg_option_next(reader, value->position, &text, part);

		if (error)
			return error;
		if (!*part)
			continue;
		const struct xlcfg_option_kind *kind =
			xlcfg_option_find(vif_options, ARRAY_SIZE(vif_options), part, &option.value);
		if (!kind)
			return xlcfg_refuse(
				reader, value->position,
				"vif: unknown option '%.40s': there are mac, bridge, backend, ip, "
				"script, rate, mtu, vlan, devid, vifname, gatewaydev, untrusted",
				part);
		option.offset = kind->offset;
		error = kind->take(&option);
		if (error)
			return error;
	}
	return 0;
}
