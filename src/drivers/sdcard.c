// SPDX-License-Identifier: Apache-2.0
// A slot for SD cards: its task identifies the card, carries out requests, tries again what failed, and
// notices when the card is pulled or another one put in.
#include "drivers/sdcard.h"

#include <errno.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include "drivers/sdcard_commands.h"
#include "kernel/compiler.h"
#include "kernel/log.h"
#include "storage/block.h"

#define TRIES       4u         // of a transfer
#define LOOK_TIME   SECONDS(2) // between looks into a slot that doesn't tell
#define START_TIME  SECONDS(2)
#define SETTLE_TIME MILLISECONDS(200) // contacts bounce

struct slot {
	struct list link;
	struct block_device block;
	struct sd_card card;
	struct list requests;
	bool looked; // for the first card
	const char *place;
};

static struct list slots = LIST_INITIAL(slots);
static struct wait_queue looked = WAIT_QUEUE_INITIAL(looked);

// ---- Requests ----

// A request without blocks waits for the card to have written everything. `block.blocks` is the card's at
// this time, checked where it is carried out.
static void submit(struct block_device *block, struct block_request *request)
{
	struct slot *slot = block->driver;

	if (!block->present) {
		block_request_done(request, -ENODEV);
		return;
	}
	list_append(&slot->requests, &request->link);
	wait_queue_wake(&slot->card.host->events);
}

static int flush(struct block_device *block)
{
	struct wait_queue queue = WAIT_QUEUE_INITIAL(queue);
	struct block_request request = {.queue = &queue};

	submit(block, &request);
	WAIT_UNTIL(&queue, request.done);
	return request.error;
}

static const struct block_operations operations = {.submit = submit, .flush = flush};

// ---- Carrying out ----

static int check(const struct block_device *block, const struct block_request *request)
{
	if (request->write && block->read_only)
		return -EROFS;
	return request->count > block->max_blocks || request->block > block->blocks ||
			       request->count > block->blocks - request->block
		       ? -EINVAL
		       : 0;
}

static int try_once(struct slot *slot, const struct block_request *request)
{
	if (!request->count)
		return sd_await_ready(&slot->card);
	return sd_transfer(&slot->card, request->write, request->block, request->count, request->buffer);
}

// The same card as before, from the beginning.
static int start_again(struct sd_card *card)
{
	struct sd_card before = *card;
	int error = sd_identify(card);

	return error || memcmp(&before.cid, &card->cid, sizeof(card->cid)) == 0 ? error : -ENODEV;
}

// After a failed transfer: the card is stopped and asked; where it doesn't answer, it is started again.
static int recover(struct slot *slot)
{
	sdhci_recover(slot->card.host);
	if (!sdhci_card_present(slot->card.host))
		return -ENODEV;
	return sd_stop(&slot->card) ? start_again(&slot->card) : 0;
}

static int carry_out(struct slot *slot, const struct block_request *request)
{
	int error = check(&slot->block, request);

	if (error)
		return error;
	for (unsigned int i = 0; (error = try_once(slot, request)) && i + 1 < TRIES; i++) {
		if (error == -ENODEV || recover(slot))
			return -ENODEV;
		log_debug("%s: %s of block %llu again after error %d", slot->block.name,
			  request->write ? "write" : "read", (unsigned long long)request->block, error);
	}
	if (!error)
		return 0;
	log_error("%s: %s of %u blocks at %llu failed: error %d", slot->block.name,
		  request->write ? "write" : "read", request->count, (unsigned long long)request->block,
		  error);
	if (recover(slot))
		return -ENODEV;
	return error == -ETIMEDOUT ? error : -EIO;
}

static void fail_all(struct slot *slot)
{
	struct block_request *request;

	LIST_FOR_EACH (request, &slot->requests, link) {
		list_remove(&request->link);
		block_request_done(request, -ENODEV);
	}
}

// ---- The card's coming and going ----

static void announce(struct slot *slot)
{
	struct block_device *block = &slot->block;
	const struct sd_card *card = &slot->card;

	block->block_size = SD_BLOCK_SIZE;
	block->blocks = card->blocks;
	block->max_blocks = SDHCI_BLOCKS_MAX;
	block->read_only = card->read_only || sdhci_write_protected(card->host);
	log_info("%s: %s card of %llu MB%s, %u kHz, %s%s, %s", block->name, sd_kind(card),
		 (unsigned long long)(card->blocks >> 11), block->read_only ? ", read-only" : "",
		 card->host->clock / 1000, sdhci_dma_name(card->host), card->host->polled ? ", polled" : "",
		 slot->place);
	block_register(block);
}

static void card_goes(struct slot *slot)
{
	if (!slot->block.present)
		return;
	log_warning("%s: the card was pulled, or doesn't answer any more", slot->block.name);
	block_unregister(&slot->block);
	fail_all(slot);
}

static void look_for_card(struct slot *slot)
{
	sdhci_watch_card(slot->card.host);
	int error = sdhci_card_present(slot->card.host) ? sd_identify(&slot->card) : -ENODEV;

	if (!error)
		announce(slot);
	else if (!slot->card.host->traits.no_card_detect && error != -ENODEV)
		log_error("%s: the card in the slot can't be used: error %d (%s)", slot->block.name, error,
			  slot->place);
	slot->looked = true;
	wait_queue_wake(&looked);
}

static void serve_request(struct slot *slot)
{
	struct block_request *request = LIST_ENTRY(slot->requests.next, struct block_request, link);

	list_remove(&request->link);
	int error = carry_out(slot, request);
	if (error == -ENODEV)
		card_goes(slot);
	block_request_done(request, error);
}

// Where a slot doesn't tell of a new card, it is looked for.
static void wait_for_work(struct slot *slot)
{
	struct sdhci *host = slot->card.host;
	bool look = !slot->block.present && host->traits.no_card_detect;
	bool poll = host->polled && !host->traits.no_card_detect;
	uint64_t deadline = look || poll ? time_now() + LOOK_TIME : TIME_NEVER;
	bool silent = WAIT_UNTIL_DEADLINE(&host->events,
					  !list_is_empty(&slot->requests) || host->card_changed, deadline);

	if (silent)
		host->card_changed = look || sdhci_card_present(host) != slot->block.present;
}

static void serve(void *argument)
{
	struct slot *slot = argument;
	struct sdhci *host = slot->card.host;

	look_for_card(slot);
	for (;;) {
		wait_for_work(slot);
		if (host->card_changed) {
			card_goes(slot);
			if (!host->traits.no_card_detect)
				task_sleep(SETTLE_TIME);
			look_for_card(slot);
		} else if (!list_is_empty(&slot->requests)) {
			serve_request(slot);
		}
	}
}

int sdcard_serve(struct sdhci *host, const char *place)
{
	static unsigned int next_number;
	struct slot *slot = calloc(1, sizeof(*slot));

	if (!slot)
		return -ENOMEM;
	slot->card.host = host;
	slot->card.scratch = page_alloc(0);
	slot->place = place;
	slot->block.operations = &operations;
	slot->block.driver = slot;
	snprintf(slot->block.name, sizeof(slot->block.name), "mmc%u", next_number);
	list_init(&slot->requests);
	if (!slot->card.scratch || !task_create(slot->block.name, serve, slot)) {
		page_free(slot->card.scratch, 0);
		free(slot);
		return -ENOMEM;
	}
	next_number++;
	list_append(&slots, &slot->link);
	return 0;
}

static bool all_looked(void)
{
	struct slot *slot;

	LIST_FOR_EACH (slot, &slots, link)
		if (!slot->looked)
			return false;
	return true;
}

void sdcard_wait_all(void)
{
	WAIT_UNTIL_DEADLINE(&looked, all_looked(), time_now() + START_TIME);
}
