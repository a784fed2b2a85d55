// SPDX-License-Identifier: Apache-2.0
// The SD bus as SD host controllers drive it: power, clock, width, timing and the signals' voltage.
#include <errno.h>

#include "drivers/sdhci_internal.h"
#include "kernel/compiler.h"

#define IDENTIFY_CLOCK 400000u
#define GUESSED_CLOCK  100000000u
#define DIVIDER_MAX    2046u // version 3
#define DIVIDER_MAX_2  256u
#define STABLE_TIME    MILLISECONDS(150) // 2.2.14

// SD Physical Layer Simplified Specification, 6.4.1: without power long enough to be off; until the voltage is
// reached, boards differ; then a millisecond, and 74 clocks, for the card to wake up.
#define OFF_TIME  MILLISECONDS(2)
#define RISE_TIME MILLISECONDS(10)
#define WAKE_TIME MILLISECONDS(1)

#define TUNING_BLOCK_SIZE 64u
#define TUNING_TRIES      40u // 2.2.25
#define TUNING_TIME       MILLISECONDS(150)
#define TUNING_COMMAND                                                                                       \
	(COMMAND_INDEX(19) | COMMAND_RESPONSE_48 | COMMAND_CHECK_CRC | COMMAND_CHECK_INDEX | COMMAND_DATA | MODE_READ)

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

	sdhci_change(host, SDHCI_CLOCK, 0xffff, 0);
	host->clock = 0;
	if (!hz)
		return 0;
	sdhci_change(host, SDHCI_CLOCK, 0xffff, field | CLOCK_INTERNAL | CLOCK_TIMEOUT_MAX);
	int error = sdhci_await_register(host, SDHCI_CLOCK, CLOCK_STABLE, CLOCK_STABLE, STABLE_TIME);
	if (error)
		return error;
	sdhci_change(host, SDHCI_CLOCK, 0, CLOCK_CARD);
	host->clock = base / divider;
	return 0;
}

void sdhci_set_4_bits(struct sdhci *host)
{
	sdhci_change(host, SDHCI_CONTROL, 0, CONTROL_4_BITS);
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
	sdhci_change(host, SDHCI_CLOCK, CLOCK_CARD, 0);
	sdhci_change(host, SDHCI_CONTROL, CONTROL_HIGH_SPEED,
	       timing == SDHCI_DEFAULT_SPEED ? 0 : CONTROL_HIGH_SPEED);
	if (host->version >= 2)
		sdhci_change(host, SDHCI_CONTROL2, CONTROL2_TIMING_MASK, CONTROL2_TIMING(timing));
	sdhci_change(host, SDHCI_CLOCK, 0, CLOCK_CARD);
}

int sdhci_switch_to_1v8(struct sdhci *host)
{
	sdhci_change(host, SDHCI_CLOCK, CLOCK_CARD, 0);
	if (sdhci_get(host, SDHCI_PRESENT) & PRESENT_DATA_LINES)
		return -EIO; // the card holds them low once it has agreed
	sdhci_change(host, SDHCI_CONTROL2, 0, CONTROL2_1V8);
	task_sleep(MILLISECONDS(5));
	if (!(sdhci_get(host, SDHCI_CONTROL2) & CONTROL2_1V8))
		return -EIO;
	sdhci_change(host, SDHCI_CLOCK, 0, CLOCK_CARD);
	return sdhci_await_register(host, SDHCI_PRESENT, PRESENT_DATA_LINES, PRESENT_DATA_LINES, MILLISECONDS(10));
}

// The controller compares the blocks by itself; their data isn't read (2.2.25).
int sdhci_tune(struct sdhci *host)
{
	sdhci_change(host, SDHCI_CONTROL2, CONTROL2_TUNED, CONTROL2_TUNE);
	for (unsigned int i = 0; i < TUNING_TRIES && sdhci_get(host, SDHCI_CONTROL2) & CONTROL2_TUNE; i++) {
		sdhci_forget(host, UINT32_MAX);
		sdhci_set(host, SDHCI_BLOCK, BLOCK_SDMA_BOUNDARY | TUNING_BLOCK_SIZE);
		sdhci_set(host, SDHCI_ARGUMENT, 0);
		sdhci_set(host, SDHCI_COMMAND, TUNING_COMMAND);
		if (sdhci_await(host, STATUS_READ_READY, time_now() + TUNING_TIME))
			break;
	}
	if ((sdhci_get(host, SDHCI_CONTROL2) & (CONTROL2_TUNE | CONTROL2_TUNED)) == CONTROL2_TUNED)
		return 0;
	sdhci_change(host, SDHCI_CONTROL2, CONTROL2_TUNE | CONTROL2_TUNED, 0);
	sdhci_recover(host);
	return -EIO;
}

int sdhci_power_cycle(struct sdhci *host)
{
	uint32_t voltage = host->capabilities & CAPABILITY_3V3 ? CONTROL_POWER_3V3 : CONTROL_POWER_3V0;
	uint32_t mode = CONTROL_4_BITS | CONTROL_HIGH_SPEED | CONTROL_POWER_MASK;

	sdhci_recover(host); // from what the card before left undone
	sdhci_set_clock(host, 0);
	sdhci_change(host, SDHCI_CONTROL, mode, 0);
	if (host->version >= 2)
		sdhci_change(host, SDHCI_CONTROL2,
		       CONTROL2_TIMING_MASK | CONTROL2_1V8 | CONTROL2_TUNE | CONTROL2_TUNED, 0);
	task_sleep(OFF_TIME);
	sdhci_change(host, SDHCI_CONTROL, 0, voltage);
	sdhci_change(host, SDHCI_CONTROL, 0, voltage | CONTROL_POWER_ON);
	task_sleep(RISE_TIME);
	int error = sdhci_set_clock(host, IDENTIFY_CLOCK);
	task_sleep(WAKE_TIME);
	return error;
}

