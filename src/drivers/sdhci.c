// SPDX-License-Identifier: Apache-2.0
// Owns an SD host controller's registers, its status and its slot. The interrupt handler moves what the status
// registers show into `status`, and quiets the controller; everything else happens in the task that waits for it.
// Where no interrupt comes, the same status is looked for by the task itself.
#include "drivers/sdhci.h"

#include <errno.h>

#include "drivers/sdhci_internal.h"
#include "kernel/compiler.h"
#include "kernel/log.h"

#define RESET_TIME   MILLISECONDS(100)
#define COLLECTS_MAX 8u
#define POLL_PAUSE   MICROSECONDS(50)
#define POLL_READS   64u     // before the first pause
#define SLOW_CLOCK   400000u // up to here Broadcom's controllers need time between writes
#define SLOW_PAUSE   MICROSECONDS(10)

// How long an interrupt is waited for before the status is looked at. An interrupt that comes while the last
// one isn't ended yet gets stuck in QEMU's GICv2 until the next one of any kind: the deadline's, if no other.
#define LOST_TIME MILLISECONDS(5)
#define LOST_MAX  4u // then, if none ever came, none is waited for any more

#define STATUS_WANTED                                                                                        \
	(STATUS_COMMAND | STATUS_TRANSFER | STATUS_WRITE_READY | STATUS_READ_READY | STATUS_ERRORS)

// A command's answer is there in less time than an interrupt takes, and before its data.
#define STATUS_INTERRUPTING (STATUS_WANTED & ~STATUS_COMMAND)

uint32_t sdhci_get(struct sdhci *host, uint32_t offset)
{
	return host->registers.read(host->registers.context, offset);
}

void sdhci_set(struct sdhci *host, uint32_t offset, uint32_t value)
{
	host->registers.write(host->registers.context, offset, value);
	if (host->traits.slow_writes && offset != SDHCI_DATA && host->clock <= SLOW_CLOCK) {
		uint64_t until = time_now() + SLOW_PAUSE;

		while (time_now() < until)
			continue;
	}
}

void sdhci_change(struct sdhci *host, uint32_t offset, uint32_t clear, uint32_t bits)
{
	sdhci_set(host, offset, (sdhci_get(host, offset) & ~clear) | bits);
}

// ---- Status ----

// Has the controller tell of these changes of the slot: STATUS_CARD_IN, STATUS_CARD_OUT.
static void watch(struct sdhci *host, uint32_t cards)
{
	host->watched = cards;
	sdhci_set(host, SDHCI_STATUS_ENABLE, STATUS_WANTED | cards);
	sdhci_set(host, SDHCI_SIGNAL_ENABLE, host->polled ? 0 : STATUS_INTERRUPTING | cards);
}

// Takes over what the status registers show. In the handler, or with interrupts masked.
static bool collect(struct sdhci *host)
{
	uint32_t status = sdhci_get(host, SDHCI_STATUS);

	if (status == UINT32_MAX || !(status & (STATUS_WANTED | host->watched)))
		return false;
	status &= STATUS_WANTED | host->watched;
	if (status & host->watched) {
		watch(host, 0);
		host->card_changed = true;
	}
	sdhci_set(host, SDHCI_STATUS, status);
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

bool sdhci_look(struct sdhci *host)
{
	unsigned long state = irq_save();
	bool found = collect(host);

	irq_restore(state);
	return found;
}

void sdhci_forget(struct sdhci *host, uint32_t bits)
{
	unsigned long state = irq_save();

	host->status &= ~bits;
	irq_restore(state);
}

// It looks once more behind the deadline: the CPU may have been away meanwhile, not the device.
static void poll(struct sdhci *host, uint32_t bits, uint64_t deadline)
{
	for (unsigned int i = 0; !(host->status & bits) && !host->card_changed; i++) {
		bool is_last = time_now() >= deadline, found = sdhci_look(host);

		if (is_last)
			return;
		if (!found && i >= POLL_READS)
			task_sleep(POLL_PAUSE);
	}
}

static void wait_for_interrupt(struct sdhci *host, uint32_t bits, uint64_t deadline)
{
	while (!host->polled && !(host->status & bits) && !host->card_changed && time_now() < deadline) {
		uint64_t until = MIN(deadline, time_now() + LOST_TIME);
		int silent =
			WAIT_UNTIL_DEADLINE(&host->events, host->status & bits || host->card_changed, until);

		if (silent && sdhci_look(host) && host->status & bits && !host->interrupts_come &&
		    ++host->interrupts_lost == LOST_MAX) {
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
int sdhci_await(struct sdhci *host, uint32_t bits, uint64_t deadline)
{
	uint32_t ends = bits | STATUS_ERRORS;
	bool interrupts = bits & STATUS_INTERRUPTING;

	if (interrupts)
		wait_for_interrupt(host, ends, deadline);
	if (!interrupts || host->polled)
		poll(host, ends, deadline);
	if (host->card_changed && !sdhci_card_present(host))
		return -ENODEV;
	int error = status_error(host);
	return error || host->status & bits ? error : -ETIMEDOUT;
}

// Waits until a register has none of the bits, or all of them.
int sdhci_await_register(struct sdhci *host, uint32_t offset, uint32_t bits, uint32_t value, uint64_t time)
{
	uint64_t deadline = time_now() + time;

	for (unsigned int i = 0; (sdhci_get(host, offset) & bits) != value; i++) {
		if (time_now() >= deadline)
			return -ETIMEDOUT;
		if (i >= POLL_READS)
			task_sleep(POLL_PAUSE);
	}
	return 0;
}

// ---- Recovery ----

static int reset(struct sdhci *host, uint32_t which)
{
	sdhci_change(host, SDHCI_CLOCK, 0, which);
	return sdhci_await_register(host, SDHCI_CLOCK, which, 0, RESET_TIME);
}

void sdhci_recover(struct sdhci *host)
{
	if (reset(host, CLOCK_RESET_COMMAND) || reset(host, CLOCK_RESET_DATA))
		log_error("an SD controller doesn't end the reset of its lines");
	sdhci_look(host);
	sdhci_forget(host, UINT32_MAX);
}

// ---- The slot ----

bool sdhci_card_present(struct sdhci *host)
{
	return host->traits.no_card_detect || sdhci_get(host, SDHCI_PRESENT) & PRESENT_CARD;
}

bool sdhci_write_protected(struct sdhci *host)
{
	return !host->traits.no_write_protect && !(sdhci_get(host, SDHCI_PRESENT) & PRESENT_WRITABLE);
}

// Only the change that is possible is asked for: the other would come at once.
void sdhci_watch_card(struct sdhci *host)
{
	unsigned long state = irq_save();

	host->card_changed = false;
	if (!host->traits.no_card_detect) {
		uint32_t bit = sdhci_card_present(host) ? STATUS_CARD_OUT : STATUS_CARD_IN;

		sdhci_set(host, SDHCI_STATUS, STATUS_CARD_IN | STATUS_CARD_OUT);
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
	host->capabilities = sdhci_get(host, SDHCI_CAPABILITIES) | (uint64_t)sdhci_get(host, SDHCI_CAPABILITIES2) << 32;
	host->version = sdhci_get(host, SDHCI_SLOT_VERSION) >> 16 & 0xff;
	error = choose_dma(host);
	if (error)
		return error;
	host->polled = !line || interrupt_attach(&host->interrupt, *line, handle_interrupt, host);
	watch(host, 0);
	return 0;
}

void sdhci_stop(struct sdhci *host)
{
	sdhci_set(host, SDHCI_SIGNAL_ENABLE, 0);
	if (host->interrupt.handler)
		interrupt_detach(&host->interrupt);
	page_free(host->descriptors, 0);
	host->descriptors = NULL;
}
