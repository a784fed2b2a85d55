// SPDX-License-Identifier: Apache-2.0
// Tables of words and what they mean.
#include "config/words.h"

#include <stdio.h>
#include <string.h>
#include <strings.h>

#include "config/domain_config.h"
#include "kernel/panic.h"

const struct config_word config_gic_words[] = {
	{ "default", CONFIG_GIC_DEFAULT },
	{ "v2", CONFIG_GIC_V2 },
	{ "v3", CONFIG_GIC_V3 },
	{ 0 },
};

const struct config_word config_tee_words[] = {
	{ "none", CONFIG_TEE_NONE },
	{ "optee", CONFIG_TEE_OPTEE },
	{ "ffa", CONFIG_TEE_FFA },
	{ 0 },
};

const struct config_word config_console_log_words[] = {
	{ "default", CONFIG_CONSOLE_DEFAULT },
	{ "card", CONFIG_CONSOLE_CARD },
	{ "none", CONFIG_CONSOLE_NONE },
	{ 0 },
};

const struct config_word config_action_words[] = {
	{ "destroy", CONFIG_ACTION_DESTROY },
	{ "restart", CONFIG_ACTION_RESTART },
	{ "rename-restart", CONFIG_ACTION_RENAME_RESTART },
	{ "preserve", CONFIG_ACTION_PRESERVE },
	{ "coredump-destroy", CONFIG_ACTION_COREDUMP_DESTROY },
	{ "coredump-restart", CONFIG_ACTION_COREDUMP_RESTART },
	{ "soft-reset", CONFIG_ACTION_SOFT_RESET },
	{ 0 },
};

const struct config_word config_disk_format_words[] = {
	{ "raw", CONFIG_DISK_RAW },
	{ "qcow", CONFIG_DISK_QCOW },
	{ "qcow2", CONFIG_DISK_QCOW2 },
	{ "vhd", CONFIG_DISK_VHD },
	{ "qed", CONFIG_DISK_QED },
	{ "empty", CONFIG_DISK_EMPTY },
	{ 0 },
};

const struct config_word config_disk_backend_words[] = {
	{ "phy", CONFIG_DISK_BACKEND_PHY },
	{ "tap", CONFIG_DISK_BACKEND_TAP },
	{ "qdisk", CONFIG_DISK_BACKEND_QDISK },
	{ "standalone", CONFIG_DISK_BACKEND_STANDALONE },
	{ 0 },
};

const struct config_word config_disk_protocol_words[] = {
	{ "xen", CONFIG_DISK_XEN },
	{ "virtio", CONFIG_DISK_VIRTIO },
	{ 0 },
};

const struct config_word *config_word_find(const struct config_word *words, const char *text)
{
	for (; words->word; words++)
		if (!strcasecmp(words->word, text))
			return words;
	return NULL;
}

const char *config_word_of(const struct config_word *words, unsigned int value)
{
	while (words->word && words->value != value)
		words++;
	ASSERT(words->word);
	return words->word;
}

void config_word_list(const struct config_word *words, char *buffer, size_t size)
{
	size_t length = 0;

	for (; words->word && length < size; words++) {
		const char *separator = !words[1].word ? "" : !words[2].word ? " or " : ", ";

		length += (size_t)snprintf(buffer + length, size - length, "%s%s", words->word, separator);
	}
}
