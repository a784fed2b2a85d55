// SPDX-License-Identifier: Apache-2.0
// The SD protocol. What a card says of itself is believed as far as it goes: a size, and what it can do.
#include "drivers/sdcard_commands.h"

#include <errno.h>

#include "kernel/compiler.h"

#define GO_IDLE           0u
#define ALL_SEND_CID      2u
#define SEND_ADDRESS      3u
#define SWITCH_FUNCTION   6u
#define SELECT            7u
#define SEND_IF_COND      8u
#define SEND_CSD          9u
#define VOLTAGE_SWITCH    11u
#define STOP              12u
#define SEND_STATUS       13u
#define SET_BLOCK_SIZE    16u
#define READ              17u // 18: several
#define WRITE             24u // 25: several
#define APPLICATION       55u
#define ACMD_BUS_WIDTH    6u
#define ACMD_OP_COND      41u
#define ACMD_CLEAR_DETECT 42u
#define ACMD_SEND_SCR     51u

#define IF_COND_PATTERN  0x1aau // 2.7 to 3.6 V
#define IF_COND_MASK     0xfffu
#define OP_COND_VOLTAGES 0x00ff8000u // 2.7 to 3.6 V
#define OP_COND_1V8      (1u << 24)
#define OP_COND_POWER    (1u << 28) // SDXC at its full speed
#define OP_COND_BY_BLOCK (1u << 30)
#define OP_COND_READY    (1u << 31)
#define OP_COND_TIME     SECONDS(1)
#define OP_COND_PAUSE    MILLISECONDS(1)

// Card status (4.10.1): what makes a command a failed one; whether it takes data; its state. Two bits tell of the command
// before, and aren't among the first: COM_CRC_ERROR and ILLEGAL_COMMAND, with which a card of version 1 reports CMD8.
#define STATUS_FAILED      0xfd390008u
#define STATUS_READY       (1u << 8)
#define STATUS_STATE(word) ((word) >> 9 & 0xf)
#define STATE_TRANSFER     4u
#define READY_TIME         SECONDS(2)

#define SWITCH_STATUS_SIZE 64u
#define SWITCH_SET         0x80000000u
#define SWITCH_OTHERS_KEEP 0x00fffff0u // 15 in each group but the first
#define SCR_SIZE           8u
#define CCC_SWITCH         (1u << 10)

#define CLOCK_DEFAULT 25000000u

struct speed {
	enum sdhci_timing timing; // also the function's number in the card's first group (4.3.10)
	uint32_t clock;
	bool needs_1v8, needs_tuning;
};

// The fastest first.
static const struct speed speeds[] = {
	{SDHCI_SDR104, 208000000, true, true},
	{SDHCI_SDR50, 100000000, true, true},
	{SDHCI_HIGH_SPEED, 50000000, false, false},
};

// ---- Commands ----

static int simple(struct sd_card *card, uint8_t index, enum sd_response response, uint32_t argument,
		  struct sd_answer *answer)
{
	struct sd_command command = {.index = index, .response = response, .argument = argument};
	int error = sdhci_execute(card->host, &command);

	if (error)
		sdhci_recover(card->host);
	if (!error && (response == SD_R1 || response == SD_R1B) && command.answer.words[0] & STATUS_FAILED)
		error = -EIO;
	if (answer)
		*answer = command.answer;
	return error;
}

static int application(struct sd_card *card, uint8_t index, enum sd_response response, uint32_t argument,
		       struct sd_answer *answer)
{
	int error = simple(card, APPLICATION, SD_R1, (uint32_t)card->address << 16, NULL);

	return error ? error : simple(card, index, response, argument, answer);
}

// A register of the card that comes as data, into `scratch`.
static int read_register(struct sd_card *card, uint8_t index, uint32_t argument, uint32_t size)
{
	struct sd_command command = {
		.index = index,
		.response = SD_R1,
		.argument = argument,
		.data = card->scratch,
		.block_size = size,
		.blocks = 1,
	};
	int error = sdhci_execute(card->host, &command);

	if (error)
		sdhci_recover(card->host);
	return error || !(command.answer.words[0] & STATUS_FAILED) ? error : -EIO;
}

// Bits of the CID and CSD registers, whose lowest 8 the controller keeps for itself.
static uint32_t bits(const struct sd_answer *answer, unsigned int high, unsigned int low)
{
	unsigned int shift = (low - 8) % 32, word = (low - 8) / 32;
	uint64_t value = answer->words[word] | (word < 3 ? (uint64_t)answer->words[word + 1] << 32 : 0);

	return (uint32_t)(value >> shift & ((1ull << (high - low + 1)) - 1));
}

// ---- Identification (4.2) ----

static int read_op_cond(struct sd_card *card, bool version2)
{
	struct sd_answer answer;
	uint32_t ocr, argument = OP_COND_VOLTAGES;
	uint64_t deadline = time_now() + OP_COND_TIME;

	if (version2)
		argument |= OP_COND_BY_BLOCK | OP_COND_POWER | (sdhci_can_1v8(card->host) ? OP_COND_1V8 : 0);
	for (;;) {
		int error = application(card, ACMD_OP_COND, SD_R3, argument, &answer);
		if (error)
			return error == -ETIMEDOUT ? -ENODEV : error;
		ocr = answer.words[0];
		if (ocr & OP_COND_READY)
			break;
		if (time_now() >= deadline)
			return -ETIMEDOUT;
		task_sleep(OP_COND_PAUSE);
	}
	card->by_block = ocr & OP_COND_BY_BLOCK;
	card->at_1v8 = argument & ocr & OP_COND_1V8;
	return 0;
}

// From no power to where cards have names.
static int wake(struct sd_card *card)
{
	struct sd_answer answer;
	int error = sdhci_power_cycle(card->host);

	card->address = 0;
	if (!error)
		error = simple(card, GO_IDLE, SD_NO_RESPONSE, 0, NULL);
	if (error)
		return error;
	bool version2 = !simple(card, SEND_IF_COND, SD_R7, IF_COND_PATTERN, &answer);
	if (version2 && (answer.words[0] & IF_COND_MASK) != IF_COND_PATTERN)
		return -EPROTO;
	error = read_op_cond(card, version2);
	if (error || !card->at_1v8)
		return error;
	error = simple(card, VOLTAGE_SWITCH, SD_R1, 0, NULL);
	return error ? error : sdhci_switch_to_1v8(card->host);
}

static int read_csd(struct sd_card *card, bool *can_switch)
{
	struct sd_answer csd;
	int error = simple(card, SEND_CSD, SD_R2, (uint32_t)card->address << 16, &csd);

	if (error)
		return error;
	if (bits(&csd, 127, 126) == 1) {
		card->blocks = (bits(&csd, 69, 48) + 1ull) * 1024;
	} else if (bits(&csd, 127, 126) == 0) {
		unsigned int block_shift = bits(&csd, 83, 80), multiplier = bits(&csd, 49, 47) + 2;

		if (block_shift < 9 || block_shift > 11)
			return -EPROTO;
		card->blocks = (bits(&csd, 73, 62) + 1ull) << multiplier << (block_shift - 9);
	} else {
		return -EPROTO;
	}
	card->read_only = bits(&csd, 13, 12);
	*can_switch = bits(&csd, 95, 84) & CCC_SWITCH;
	return 0;
}

static int select_card(struct sd_card *card, bool *can_switch)
{
	struct sd_answer answer;
	int error = simple(card, ALL_SEND_CID, SD_R2, 0, &card->cid);

	if (!error)
		error = simple(card, SEND_ADDRESS, SD_R6, 0, &answer);
	if (error)
		return error;
	card->address = (uint16_t)(answer.words[0] >> 16);
	error = read_csd(card, can_switch);
	if (!error)
		error = simple(card, SELECT, SD_R1B, (uint32_t)card->address << 16, NULL);
	if (!error)
		error = sdhci_set_clock(card->host, CLOCK_DEFAULT);
	return !error && !card->by_block ? simple(card, SET_BLOCK_SIZE, SD_R1, SD_BLOCK_SIZE, NULL) : error;
}

// ---- Speed ----

static int widen_bus(struct sd_card *card)
{
	int error = application(card, ACMD_CLEAR_DETECT, SD_R1, 0, NULL);

	if (!error)
		error = simple(card, APPLICATION, SD_R1, (uint32_t)card->address << 16, NULL);
	if (!error)
		error = read_register(card, ACMD_SEND_SCR, 0, SCR_SIZE);
	if (error)
		return error;
	const uint8_t *scr = card->scratch;
	if (!(scr[1] & 4)) // SD_BUS_WIDTHS: 4 bits
		return 0;
	error = application(card, ACMD_BUS_WIDTH, SD_R1, 2, NULL);
	if (!error)
		sdhci_set_4_bits(card->host);
	return error;
}

static int use_speed(struct sd_card *card, const struct speed *speed)
{
	const uint8_t *status = card->scratch;
	int error = read_register(card, SWITCH_FUNCTION, SWITCH_SET | SWITCH_OTHERS_KEEP | speed->timing,
				  SWITCH_STATUS_SIZE);

	if (error || (status[16] & 0xf) != (unsigned int)speed->timing) // what it says that it does now
		return error ? error : -ENOTSUP;
	sdhci_set_timing(card->host, speed->timing);
	error = sdhci_set_clock(card->host, speed->clock);
	return !error && speed->needs_tuning ? sdhci_tune(card->host) : error;
}

// The fastest that both offer. What the card can do is in bytes 12 and 13 of the switch function's status.
static int speed_up(struct sd_card *card)
{
	const uint8_t *status = card->scratch;
	int error = read_register(card, SWITCH_FUNCTION, SWITCH_OTHERS_KEEP | 0xf, SWITCH_STATUS_SIZE);

	if (error)
		return error;
	uint32_t offered = (uint32_t)status[12] << 8 | status[13];
	for (size_t i = 0; i < ARRAY_SIZE(speeds); i++) {
		const struct speed *speed = &speeds[i];

		if (!(offered >> speed->timing & 1) || !sdhci_can_time(card->host, speed->timing) ||
		    (speed->needs_1v8 && !card->at_1v8))
			continue;
		error = use_speed(card, speed);
		if (error != -ENOTSUP)
			return error;
	}
	return 0;
}

static int identify(struct sd_card *card)
{
	bool can_switch = false;
	int error = wake(card);

	if (!error)
		error = select_card(card, &can_switch);
	if (!error)
		error = widen_bus(card);
	return !error && can_switch ? speed_up(card) : error;
}

// A card that doesn't manage 1.8 V, or tuning, is used without; so is DMA that has never worked.
int sd_identify(struct sd_card *card)
{
	int error = identify(card);

	if (error && error != -ENODEV && card->at_1v8 && !card->host->traits.no_1v8) {
		card->host->traits.no_1v8 = true;
		error = identify(card);
	}
	return error && error != -ENODEV && sdhci_give_up_dma(card->host) ? identify(card) : error;
}

// ---- Use ----

static int transfer_once(struct sd_card *card, bool write, uint64_t block, uint32_t count, void *buffer)
{
	struct sd_command command = {
		.index = (uint8_t)((write ? WRITE : READ) + (count > 1)),
		.response = SD_R1,
		.write = write,
		.argument = (uint32_t)(card->by_block ? block : block * SD_BLOCK_SIZE),
		.data = buffer,
		.block_size = SD_BLOCK_SIZE,
		.blocks = count,
	};
	int error = sdhci_execute(card->host, &command);

	return error || !(command.answer.words[0] & STATUS_FAILED) ? error : -EIO;
}

int sd_transfer(struct sd_card *card, bool write, uint64_t block, uint32_t count, void *buffer)
{
	uint32_t done = 0;
	int error = 0;

	while (done < count && !error) {
		char *at = (char *)buffer + done * SD_BLOCK_SIZE;
		uint32_t piece = MIN(count - done, sdhci_blocks_at_once(card->host, at));

		error = transfer_once(card, write, block + done, piece, at);
		done += piece;
	}
	return error;
}

int sd_await_ready(struct sd_card *card)
{
	uint64_t deadline = time_now() + READY_TIME;
	struct sd_answer answer;

	for (;;) {
		int error = simple(card, SEND_STATUS, SD_R1, (uint32_t)card->address << 16, &answer);
		if (error)
			return error;
		if (answer.words[0] & STATUS_READY && STATUS_STATE(answer.words[0]) == STATE_TRANSFER)
			return 0;
		if (time_now() >= deadline)
			return -ETIMEDOUT;
		task_sleep(MICROSECONDS(100));
	}
}

// The first status tells of the failure that is being recovered from: only whether it came counts.
int sd_stop(struct sd_card *card)
{
	struct sd_command stop = {.index = STOP, .response = SD_R1B, .abort = true};

	if (sdhci_execute(card->host, &stop))
		sdhci_recover(card->host);
	int error = simple(card, SEND_STATUS, SD_R1, (uint32_t)card->address << 16, NULL);
	return error && error != -EIO ? error : sd_await_ready(card);
}

const char *sd_kind(const struct sd_card *card)
{
	if (!card->by_block)
		return "SDSC";
	return card->blocks > GIB(32) / SD_BLOCK_SIZE ? "SDXC" : "SDHC";
}
