// SPDX-License-Identifier: Apache-2.0
// SD host controllers: commands and their data. The interrupt handler moves what the status registers show
// into `status`, and quiets the controller; everything else happens in the task that waits for it. Where no
// interrupt comes, the same status is looked for by the task itself.
#include "drivers/sdhci.h"

#include <errno.h>

#include "drivers/registers.h"
#include "drivers/sdhci_registers.h"
#include "kernel/compiler.h"
#include "kernel/log.h"
#include "kernel/panic.h"

#define COMMAND_TIME  SECONDS(1)
#define DATA_TIME     SECONDS(1) // for a card's first data
#define MEGABYTE_TIME SECONDS(3) // for each megabyte
#define BUSY_TIME     SECONDS(2) // a card that programs
#define RESET_TIME    MILLISECONDS(100)
#define COLLECTS_MAX  8u
#define POLL_PAUSE    MICROSECONDS(50)
#define POLL_READS    64u     // before the first pause
#define SLOW_CLOCK    400000u // up to here Broadcom's controllers need time between writes
#define SLOW_PAUSE    MICROSECONDS(10)
#define GUESSED_CLOCK 100000000u
#define DIVIDER_MAX   2046u // version 3
#define DIVIDER_MAX_2 256u

#define TUNING_BLOCK_SIZE 64u
#define TUNING_TRIES      40u // 2.2.25

// Each piece is a whole number of blocks, and its length isn't the 0 that stands for 64 KB and that not every
// controller knows.
#define ADMA_PIECE    (127u * 512u)
#define SDMA_BOUNDARY KIB(512)

// How long an interrupt is waited for before the status is looked at. An interrupt that comes while the last
// one isn't ended yet gets stuck in QEMU's GICv2 until the next one of any kind: the deadline's, if no other.
#define LOST_TIME MILLISECONDS(5)
#define LOST_MAX  4u // then, if none ever came, none is waited for any more

#define STATUS_WANTED                                                                                        \
	(STATUS_COMMAND | STATUS_TRANSFER | STATUS_WRITE_READY | STATUS_READ_READY | STATUS_ERRORS)

static uint32_t get(struct sdhci *host, uint32_t offset)
{
	return host->registers.read(host->registers.context, offset);
}

static void set(struct sdhci *host, uint32_t offset, uint32_t value)
{
	host->registers.write(host->registers.context, offset, value);
	if (host->traits.slow_writes && offset != SDHCI_DATA && host->clock <= SLOW_CLOCK) {
		uint64_t until = time_now() + SLOW_PAUSE;

		while (time_now() < until)
			continue;
	}
}

static void change(struct sdhci *host, uint32_t offset, uint32_t clear, uint32_t bits)
{
	set(host, offset, (get(host, offset) & ~clear) | bits);
}

// ---- Status ----

// Has the controller tell of these changes of the slot: STATUS_CARD_IN, STATUS_CARD_OUT.
static void watch(struct sdhci *host, uint32_t cards)
{
	host->watched = cards;
	set(host, SDHCI_STATUS_ENABLE, STATUS_WANTED | cards);
	set(host, SDHCI_SIGNAL_ENABLE, host->polled ? 0 : STATUS_WANTED | cards);
}

// Takes over what the status registers show. In the handler, or with interrupts masked.
static bool collect(struct sdhci *host)
{
	uint32_t status = get(host, SDHCI_STATUS);

	if (status == UINT32_MAX || !(status & (STATUS_WANTED | host->watched)))
		return false;
	status &= STATUS_WANTED | host->watched;
	if (status & host->watched) {
		watch(host, 0);
		host->card_changed = true;
	}
	set(host, SDHCI_STATUS, status);
	host->status |= status;
	return true;
}

// Until there is nothing left: see LOST_TIME.
static void handle_interrupt(void *argument)
{
	struct sdhci *host = argument;
	bool found = false;

	for (unsigned int i = 0; i < COLLECTS_MAX && collect(host); i++)
		found = true;
	if (found) {
		host->interrupts_come = true;
		wait_queue_wake(&host->events);
	}
}

static bool look(struct sdhci *host)
{
	unsigned long state = irq_save();
	bool found = collect(host);

	irq_restore(state);
	return found;
}

static void forget(struct sdhci *host, uint32_t bits)
{
	unsigned long state = irq_save();

	host->status &= ~bits;
	irq_restore(state);
}

static void poll(struct sdhci *host, uint32_t bits, uint64_t deadline)
{
	for (unsigned int i = 0; !(host->status & bits) && !host->card_changed && time_now() < deadline; i++)
		if (!look(host) && i >= POLL_READS)
			task_sleep(POLL_PAUSE);
}

static void wait_for_interrupt(struct sdhci *host, uint32_t bits, uint64_t deadline)
{
	while (!host->polled && !(host->status & bits) && !host->card_changed && time_now() < deadline) {
		uint64_t until = MIN(deadline, time_now() + LOST_TIME);
		int silent =
			WAIT_UNTIL_DEADLINE(&host->events, host->status & bits || host->card_changed, until);

		if (silent && look(host) && !host->interrupts_come && ++host->interrupts_lost == LOST_MAX) {
			log_warning("an SD controller's interrupt doesn't come; it is polled from now on");
			host->polled = true;
		}
	}
}

static int status_error(const struct sdhci *host)
{
	if (host->status & STATUS_CORRUPTED)
		return -EILSEQ;
	if (host->status & STATUS_TIMEOUTS)
		return -ETIMEDOUT;
	return host->status & STATUS_ERRORS ? -EIO : 0;
}

// Waits until one of the bits is there.
static int await(struct sdhci *host, uint32_t bits, uint64_t deadline)
{
	uint32_t ends = bits | STATUS_ERRORS;

	if (!host->polled)
		wait_for_interrupt(host, ends, deadline);
	if (host->polled)
		poll(host, ends, deadline);
	if (host->card_changed && !sdhci_card_present(host))
		return -ENODEV;
	int error = status_error(host);
	return error || host->status & bits ? error : -ETIMEDOUT;
}

// Waits until a register has none of the bits, or all of them.
static int await_register(struct sdhci *host, uint32_t offset, uint32_t bits, uint32_t value, uint64_t time)
{
	uint64_t deadline = time_now() + time;

	for (unsigned int i = 0; (get(host, offset) & bits) != value; i++) {
		if (time_now() >= deadline)
			return -ETIMEDOUT;
		if (i >= POLL_READS)
			task_sleep(POLL_PAUSE);
	}
	return 0;
}

// ---- Data ----

static uint32_t data_size(const struct sd_command *command)
{
	return command->block_size * command->blocks;
}

static uint64_t data_deadline(const struct sd_command *command)
{
	return time_now() + DATA_TIME + data_size(command) * MEGABYTE_TIME / MIB(1);
}

static uint64_t device_address(const struct sdhci *host, const void *pointer)
{
	return virt_to_phys(pointer) + host->traits.dma_offset;
}

// SDMA stops at each such boundary; commands are made to end there (sdhci_blocks_at_once()), and what crosses
// one nevertheless goes through the data port.
static uint32_t to_sdma_boundary(const struct sdhci *host, const void *data)
{
	return (uint32_t)(SDMA_BOUNDARY - (device_address(host, data) & (SDMA_BOUNDARY - 1)));
}

uint32_t sdhci_blocks_at_once(const struct sdhci *host, const void *data)
{
	return host->dma == SDHCI_SDMA ? MAX(to_sdma_boundary(host, data) / 512, 1u) : SDHCI_BLOCKS_MAX;
}

static bool can_use_dma(const struct sdhci *host, const struct sd_command *command)
{
	uint64_t start = virt_to_phys(command->data), last = start + data_size(command) - 1;

	if (host->dma == SDHCI_PIO ||
	    (host->dma == SDHCI_SDMA && data_size(command) > to_sdma_boundary(host, command->data)))
		return false;
	if (host->traits.dma_end && (start < host->traits.dma_start || last >= host->traits.dma_end))
		return false;
	return host->dma == SDHCI_ADMA2_64 || last + host->traits.dma_offset <= UINT32_MAX;
}

// With caches that the device doesn't see: nothing of ours may be written over what it writes, nothing older
// may be read by it.
static void pass_to_device(const struct sdhci *host, const void *data, uint32_t size, bool device_writes)
{
	if (host->traits.coherent)
		return;
	if (device_writes)
		cache_clean_invalidate(data, size);
	else
		cache_clean(data, size);
}

static void fill_descriptors(struct sdhci *host, const struct sd_command *command)
{
	uint32_t *at = host->descriptors, left = data_size(command);
	uint64_t address = device_address(host, command->data);
	unsigned int words = host->dma == SDHCI_ADMA2_64 ? 3 : 2;

	for (; left; at += words) {
		uint32_t piece = MIN(left, ADMA_PIECE);

		left -= piece;
		at[0] = ADMA_VALID | ADMA_TRANSFER | (left ? 0 : ADMA_END) | piece << 16;
		at[1] = (uint32_t)address;
		if (words == 3)
			at[2] = (uint32_t)(address >> 32);
		address += piece;
	}
	pass_to_device(host, host->descriptors, PAGE_SIZE, false);
	address = device_address(host, host->descriptors);
	set(host, SDHCI_ADMA_ADDRESS, (uint32_t)address);
	if (words == 3)
		set(host, SDHCI_ADMA_ADDRESS + 4, (uint32_t)(address >> 32));
}

static void prepare_dma(struct sdhci *host, const struct sd_command *command)
{
	static const uint32_t selects[] = {
		[SDHCI_SDMA] = CONTROL_DMA_SDMA,
		[SDHCI_ADMA2] = CONTROL_DMA_ADMA2,
		[SDHCI_ADMA2_64] = CONTROL_DMA_ADMA2_64,
	};

	change(host, SDHCI_CONTROL, CONTROL_DMA_MASK, selects[host->dma]);
	pass_to_device(host, command->data, data_size(command), !command->write);
	if (host->dma == SDHCI_SDMA)
		set(host, SDHCI_SDMA_ADDRESS, (uint32_t)device_address(host, command->data));
	else
		fill_descriptors(host, command);
}

static int finish_dma(struct sdhci *host, const struct sd_command *command)
{
	int error = await(host, STATUS_TRANSFER, data_deadline(command));

	if (!error && !command->write)
		pass_to_device(host, command->data, data_size(command), true);
	host->dma_works |= !error;
	return error;
}

// Buffers are aligned to words; the port takes them in the order of memory.
static void copy_block(struct sdhci *host, const struct sd_command *command, uint32_t *words)
{
	for (uint32_t i = 0; i < command->block_size / 4; i++)
		if (command->write)
			set(host, SDHCI_DATA, words[i]);
		else
			words[i] = get(host, SDHCI_DATA);
}

static int transfer_pio(struct sdhci *host, const struct sd_command *command)
{
	uint32_t ready = command->write ? PRESENT_WRITE_READY : PRESENT_READ_READY;
	uint32_t bit = command->write ? STATUS_WRITE_READY : STATUS_READ_READY;
	uint64_t deadline = data_deadline(command);

	for (uint32_t i = 0; i < command->blocks; i++) {
		while (!(get(host, SDHCI_PRESENT) & ready)) {
			int error = await(host, bit, deadline);
			if (error)
				return error;
			forget(host, bit);
		}
		copy_block(host, command, (uint32_t *)command->data + i * (command->block_size / 4));
		if (task_should_yield())
			task_yield();
	}
	return await(host, STATUS_TRANSFER, deadline);
}

// ---- Commands ----

static uint32_t command_word(const struct sd_command *command)
{
	static const uint32_t kinds[] = {
		[SD_NO_RESPONSE] = 0,
		[SD_R1] = COMMAND_RESPONSE_48 | COMMAND_CHECK_CRC | COMMAND_CHECK_INDEX,
		[SD_R1B] = COMMAND_RESPONSE_BUSY | COMMAND_CHECK_CRC | COMMAND_CHECK_INDEX,
		[SD_R2] = COMMAND_RESPONSE_136 | COMMAND_CHECK_CRC,
		[SD_R3] = COMMAND_RESPONSE_48,
		[SD_R6] = COMMAND_RESPONSE_48 | COMMAND_CHECK_CRC | COMMAND_CHECK_INDEX,
		[SD_R7] = COMMAND_RESPONSE_48 | COMMAND_CHECK_CRC | COMMAND_CHECK_INDEX,
	};

	return COMMAND_INDEX(command->index) | kinds[command->response] |
	       (command->abort ? COMMAND_ABORT : 0);
}

static uint32_t mode_word(const struct sd_command *command, bool by_dma)
{
	uint32_t multiple = MODE_MULTIPLE | MODE_BLOCK_COUNT | MODE_AUTO_CMD12;

	return COMMAND_DATA | (by_dma ? MODE_DMA : 0) | (command->write ? 0 : MODE_READ) |
	       (command->blocks > 1 ? multiple : 0);
}

static int await_lines(struct sdhci *host, const struct sd_command *command)
{
	bool data = (command->data || command->response == SD_R1B) && !command->abort;

	return await_register(host, SDHCI_PRESENT, PRESENT_COMMAND_BUSY | (data ? PRESENT_DATA_BUSY : 0), 0,
			      BUSY_TIME);
}

static void read_answer(struct sdhci *host, struct sd_command *command)
{
	unsigned int words = command->response == SD_R2 ? 4 : command->response != SD_NO_RESPONSE;

	for (unsigned int i = 0; i < words; i++)
		command->answer.words[i] = get(host, SDHCI_RESPONSE + 4 * i);
}

static int execute_data(struct sdhci *host, struct sd_command *command)
{
	bool by_dma = can_use_dma(host, command);

	ASSERT(command->block_size % 4 == 0 && data_size(command) <= SDHCI_BLOCKS_MAX * 512);
	if (by_dma)
		prepare_dma(host, command);
	set(host, SDHCI_BLOCK, command->blocks << 16 | BLOCK_SDMA_BOUNDARY | command->block_size);
	set(host, SDHCI_ARGUMENT, command->argument);
	set(host, SDHCI_COMMAND, command_word(command) | mode_word(command, by_dma));
	int error = await(host, STATUS_COMMAND, time_now() + COMMAND_TIME);
	if (error)
		return error;
	read_answer(host, command);
	return by_dma ? finish_dma(host, command) : transfer_pio(host, command);
}

int sdhci_execute(struct sdhci *host, struct sd_command *command)
{
	int error = await_lines(host, command);

	if (error)
		return error;
	look(host);
	forget(host, UINT32_MAX);
	if (command->data)
		return execute_data(host, command);
	set(host, SDHCI_ARGUMENT, command->argument);
	set(host, SDHCI_COMMAND, command_word(command));
	error = await(host, STATUS_COMMAND, time_now() + COMMAND_TIME);
	if (!error)
		read_answer(host, command);
	return !error && command->response == SD_R1B ? await(host, STATUS_TRANSFER, time_now() + BUSY_TIME)
						     : error;
}

static int reset(struct sdhci *host, uint32_t which)
{
	change(host, SDHCI_CLOCK, 0, which);
	return await_register(host, SDHCI_CLOCK, which, 0, RESET_TIME);
}

void sdhci_recover(struct sdhci *host)
{
	if (reset(host, CLOCK_RESET_COMMAND) || reset(host, CLOCK_RESET_DATA))
		log_error("an SD controller doesn't end the reset of its lines");
	look(host);
	forget(host, UINT32_MAX);
}

// ---- Bus ----

// The divider's field (2.2.14): 10 bits in version 3, of which the upper two are in bits 7 and 6; before,
// powers of 2.
static uint32_t divider_field(const struct sdhci *host, uint32_t *divider)
{
	uint32_t field;

	if (host->version < 2) {
		uint32_t power = 1;

		while (power < *divider && power < DIVIDER_MAX_2)
			power *= 2;
		*divider = power;
		return (power / 2) << 8;
	}
	if (*divider > 1)
		*divider = MIN(ROUND_UP(*divider, 2u), DIVIDER_MAX);
	field = *divider / 2;
	return (field & 0xff) << 8 | (field >> 8) << 6;
}

static uint32_t base_clock(const struct sdhci *host)
{
	uint32_t mask = host->version < 2 ? 0x3f : 0xff;
	uint32_t clock = (CAPABILITY_BASE_CLOCK(host->capabilities) & mask) * 1000000u;

	if (!clock)
		clock = host->traits.base_clock;
	return clock ? clock : GUESSED_CLOCK;
}

int sdhci_set_clock(struct sdhci *host, uint32_t hz)
{
	uint32_t base = base_clock(host), divider = hz ? (base + hz - 1) / hz : 1;
	uint32_t field = divider_field(host, &divider);

	change(host, SDHCI_CLOCK, 0xffff, 0);
	host->clock = 0;
	if (!hz)
		return 0;
	change(host, SDHCI_CLOCK, 0xffff, field | CLOCK_INTERNAL | CLOCK_TIMEOUT_MAX);
	int error = await_register(host, SDHCI_CLOCK, CLOCK_STABLE, CLOCK_STABLE, RESET_TIME);
	if (error)
		return error;
	change(host, SDHCI_CLOCK, 0, CLOCK_CARD);
	host->clock = base / divider;
	return 0;
}

void sdhci_set_4_bits(struct sdhci *host)
{
	change(host, SDHCI_CONTROL, 0, CONTROL_4_BITS);
}

bool sdhci_can_1v8(const struct sdhci *host)
{
	return host->version >= 2 && !host->traits.no_1v8 &&
	       host->capabilities & (CAPABILITY_SDR50 | CAPABILITY_SDR104);
}

bool sdhci_can_time(const struct sdhci *host, enum sdhci_timing timing)
{
	static const uint64_t needed[] = {
		[SDHCI_HIGH_SPEED] = CAPABILITY_HIGH_SPEED,
		[SDHCI_SDR50] = CAPABILITY_SDR50,
		[SDHCI_SDR104] = CAPABILITY_SDR104,
	};

	return timing == SDHCI_DEFAULT_SPEED || host->capabilities & needed[timing];
}

// The mode is changed while the clock stands.
void sdhci_set_timing(struct sdhci *host, enum sdhci_timing timing)
{
	change(host, SDHCI_CLOCK, CLOCK_CARD, 0);
	change(host, SDHCI_CONTROL, CONTROL_HIGH_SPEED,
	       timing == SDHCI_DEFAULT_SPEED ? 0 : CONTROL_HIGH_SPEED);
	if (host->version >= 2)
		change(host, SDHCI_CONTROL2, CONTROL2_TIMING_MASK, CONTROL2_TIMING(timing));
	change(host, SDHCI_CLOCK, 0, CLOCK_CARD);
}

int sdhci_switch_to_1v8(struct sdhci *host)
{
	change(host, SDHCI_CLOCK, CLOCK_CARD, 0);
	if (get(host, SDHCI_PRESENT) & PRESENT_DATA_LINES)
		return -EIO; // the card holds them low once it has agreed
	change(host, SDHCI_CONTROL2, 0, CONTROL2_1V8);
	task_sleep(MILLISECONDS(5));
	if (!(get(host, SDHCI_CONTROL2) & CONTROL2_1V8))
		return -EIO;
	change(host, SDHCI_CLOCK, 0, CLOCK_CARD);
	return await_register(host, SDHCI_PRESENT, PRESENT_DATA_LINES, PRESENT_DATA_LINES, MILLISECONDS(10));
}

// The controller compares the blocks by itself; their data isn't read (2.2.25).
int sdhci_tune(struct sdhci *host)
{
	const struct sd_command tuning = {.index = 19, .response = SD_R1};

	change(host, SDHCI_CONTROL2, CONTROL2_TUNED, CONTROL2_TUNE);
	for (unsigned int i = 0; i < TUNING_TRIES && get(host, SDHCI_CONTROL2) & CONTROL2_TUNE; i++) {
		forget(host, UINT32_MAX);
		set(host, SDHCI_BLOCK, BLOCK_SDMA_BOUNDARY | TUNING_BLOCK_SIZE);
		set(host, SDHCI_ARGUMENT, 0);
		set(host, SDHCI_COMMAND, command_word(&tuning) | COMMAND_DATA | MODE_READ);
		if (await(host, STATUS_READ_READY, time_now() + MILLISECONDS(150)))
			break;
	}
	if ((get(host, SDHCI_CONTROL2) & (CONTROL2_TUNE | CONTROL2_TUNED)) == CONTROL2_TUNED)
		return 0;
	change(host, SDHCI_CONTROL2, CONTROL2_TUNE | CONTROL2_TUNED, 0);
	sdhci_recover(host);
	return -EIO;
}

int sdhci_power_cycle(struct sdhci *host)
{
	uint32_t voltage = host->capabilities & CAPABILITY_3V3 ? CONTROL_POWER_3V3 : CONTROL_POWER_3V0;
	uint32_t mode = CONTROL_4_BITS | CONTROL_HIGH_SPEED | CONTROL_POWER_MASK;

	sdhci_recover(host); // from what the card before left undone
	sdhci_set_clock(host, 0);
	change(host, SDHCI_CONTROL, mode, 0);
	if (host->version >= 2)
		change(host, SDHCI_CONTROL2,
		       CONTROL2_TIMING_MASK | CONTROL2_1V8 | CONTROL2_TUNE | CONTROL2_TUNED, 0);
	task_sleep(MILLISECONDS(1));
	change(host, SDHCI_CONTROL, 0, voltage);
	change(host, SDHCI_CONTROL, 0, voltage | CONTROL_POWER_ON);
	task_sleep(MILLISECONDS(1));
	int error = sdhci_set_clock(host, 400000);
	task_sleep(MILLISECONDS(1)); // 74 clocks for the card to wake up
	return error;
}

// ---- The slot ----

bool sdhci_card_present(struct sdhci *host)
{
	return host->traits.no_card_detect || get(host, SDHCI_PRESENT) & PRESENT_CARD;
}

bool sdhci_write_protected(struct sdhci *host)
{
	return !host->traits.no_write_protect && !(get(host, SDHCI_PRESENT) & PRESENT_WRITABLE);
}

// Only the change that is possible is asked for: the other would come at once.
void sdhci_watch_card(struct sdhci *host)
{
	unsigned long state = irq_save();

	host->card_changed = false;
	if (!host->traits.no_card_detect) {
		uint32_t bit = sdhci_card_present(host) ? STATUS_CARD_OUT : STATUS_CARD_IN;

		set(host, SDHCI_STATUS, STATUS_CARD_IN | STATUS_CARD_OUT);
		watch(host, bit);
		host->card_changed = sdhci_card_present(host) != (bit == STATUS_CARD_OUT); // in between
	}
	irq_restore(state);
}

// ---- Start ----

static int choose_dma(struct sdhci *host)
{
	bool adma = host->capabilities & CAPABILITY_ADMA2 && host->version >= 1;

	if (host->traits.no_dma)
		host->dma = SDHCI_PIO;
	else if (adma)
		host->dma = host->capabilities & CAPABILITY_64BIT ? SDHCI_ADMA2_64 : SDHCI_ADMA2;
	else
		host->dma = host->capabilities & CAPABILITY_SDMA ? SDHCI_SDMA : SDHCI_PIO;
	if (host->dma < SDHCI_ADMA2)
		return 0;
	host->descriptors = page_alloc(0);
	return host->descriptors ? 0 : -ENOMEM;
}

bool sdhci_give_up_dma(struct sdhci *host)
{
	if (host->dma == SDHCI_PIO || host->dma_works)
		return false;
	host->dma = SDHCI_PIO;
	return true;
}

const char *sdhci_dma_name(const struct sdhci *host)
{
	static const char *const names[] = {"PIO", "SDMA", "ADMA2", "ADMA2 of 64 bits"};

	return names[host->dma];
}

int sdhci_start(struct sdhci *host, const struct interrupt_line *line)
{
	wait_queue_init(&host->events);
	int error = reset(host, CLOCK_RESET_ALL);
	if (error)
		return error;
	host->capabilities = get(host, SDHCI_CAPABILITIES) | (uint64_t)get(host, SDHCI_CAPABILITIES2) << 32;
	host->version = get(host, SDHCI_SLOT_VERSION) >> 16 & 0xff;
	error = choose_dma(host);
	if (error)
		return error;
	host->polled = !line || interrupt_attach(&host->interrupt, *line, handle_interrupt, host);
	watch(host, 0);
	return 0;
}

void sdhci_stop(struct sdhci *host)
{
	set(host, SDHCI_SIGNAL_ENABLE, 0);
	if (host->interrupt.handler)
		interrupt_detach(&host->interrupt);
	page_free(host->descriptors, 0);
	host->descriptors = NULL;
}
