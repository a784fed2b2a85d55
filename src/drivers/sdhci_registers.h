// SPDX-License-Identifier: Apache-2.0
// The standard register set of SD host controllers (SD Host Controller Simplified Specification 3.00, 2.2),
// as words of 32 bits: where a word holds several registers, the upper ones' bits are shifted.
#pragma once

#define SDHCI_SDMA_ADDRESS  0x00u
#define SDHCI_BLOCK         0x04u // size, count << 16
#define SDHCI_ARGUMENT      0x08u
#define SDHCI_COMMAND       0x0cu // transfer mode, command << 16
#define SDHCI_RESPONSE      0x10u // four words
#define SDHCI_DATA          0x20u
#define SDHCI_PRESENT       0x24u
#define SDHCI_CONTROL       0x28u // host control 1, power << 8, block gap << 16, wake-up << 24
#define SDHCI_CLOCK         0x2cu // clock, timeout << 16, reset << 24
#define SDHCI_STATUS        0x30u // normal, error << 16
#define SDHCI_STATUS_ENABLE 0x34u
#define SDHCI_SIGNAL_ENABLE 0x38u
#define SDHCI_CONTROL2      0x3cu // auto command error, host control 2 << 16
#define SDHCI_CAPABILITIES  0x40u
#define SDHCI_CAPABILITIES2 0x44u
#define SDHCI_ADMA_ADDRESS  0x58u // low, high
#define SDHCI_SLOT_VERSION  0xfcu // slot interrupts, version << 16

#define BLOCK_SDMA_BOUNDARY (7u << 12) // 512 KB

#define MODE_DMA         (1u << 0)
#define MODE_BLOCK_COUNT (1u << 1)
#define MODE_AUTO_CMD12  (1u << 2)
#define MODE_READ        (1u << 4)
#define MODE_MULTIPLE    (1u << 5)

#define COMMAND_RESPONSE_136  (1u << 16)
#define COMMAND_RESPONSE_48   (2u << 16)
#define COMMAND_RESPONSE_BUSY (3u << 16)
#define COMMAND_CHECK_CRC     (1u << 19)
#define COMMAND_CHECK_INDEX   (1u << 20)
#define COMMAND_DATA          (1u << 21)
#define COMMAND_ABORT         (3u << 22)
#define COMMAND_INDEX(index)  ((uint32_t)(index) << 24)

#define PRESENT_COMMAND_BUSY (1u << 0)
#define PRESENT_DATA_BUSY    (1u << 1)
#define PRESENT_WRITE_READY  (1u << 10)
#define PRESENT_READ_READY   (1u << 11)
#define PRESENT_CARD         (1u << 16)
#define PRESENT_CARD_STABLE  (1u << 17)
#define PRESENT_WRITABLE     (1u << 19)
#define PRESENT_DATA_LINES   (0xfu << 20)

#define CONTROL_4_BITS       (1u << 1)
#define CONTROL_HIGH_SPEED   (1u << 2)
#define CONTROL_DMA_MASK     (3u << 3)
#define CONTROL_DMA_SDMA     (0u << 3)
#define CONTROL_DMA_ADMA2    (2u << 3)
#define CONTROL_DMA_ADMA2_64 (3u << 3)
#define CONTROL_POWER_MASK   (0xfu << 8)
#define CONTROL_POWER_ON     (1u << 8)
#define CONTROL_POWER_3V3    (7u << 9)
#define CONTROL_POWER_3V0    (6u << 9)

#define CLOCK_INTERNAL      (1u << 0)
#define CLOCK_STABLE        (1u << 1)
#define CLOCK_CARD          (1u << 2)
#define CLOCK_TIMEOUT_MAX   (0xeu << 16)
#define CLOCK_RESET_ALL     (1u << 24)
#define CLOCK_RESET_COMMAND (1u << 25)
#define CLOCK_RESET_DATA    (1u << 26)

#define STATUS_COMMAND       (1u << 0)
#define STATUS_TRANSFER      (1u << 1)
#define STATUS_WRITE_READY   (1u << 4)
#define STATUS_READ_READY    (1u << 5)
#define STATUS_CARD_IN       (1u << 6)
#define STATUS_CARD_OUT      (1u << 7)
#define STATUS_ERROR_SUMMARY (1u << 15)
#define STATUS_TIMEOUTS      (1u << 16 | 1u << 20) // command, data
#define STATUS_CORRUPTED     (7u << 17 | 3u << 21) // CRC, end bit, index; data CRC, end bit
#define STATUS_ERRORS        0x07ff0000u

#define CONTROL2_TIMING_MASK  (7u << 16)
#define CONTROL2_TIMING(mode) ((uint32_t)(mode) << 16)
#define CONTROL2_1V8          (1u << 19)
#define CONTROL2_TUNE         (1u << 22)
#define CONTROL2_TUNED        (1u << 23)

// Of both capabilities words as one.
#define CAPABILITY_BASE_CLOCK(value) ((uint32_t)((value) >> 8 & 0xff)) // MHz; version 1 and 2: 6 bits
#define CAPABILITY_ADMA2             (1ull << 19)
#define CAPABILITY_HIGH_SPEED        (1ull << 21)
#define CAPABILITY_SDMA              (1ull << 22)
#define CAPABILITY_3V3               (1ull << 24)
#define CAPABILITY_64BIT             (1ull << 28)
#define CAPABILITY_SDR50             (1ull << 32)
#define CAPABILITY_SDR104            (1ull << 33)
#define CAPABILITY_TUNE_SDR50        (1ull << 45)

// ADMA2 descriptors (1.13.3): attributes, length << 16, address.
#define ADMA_VALID    (1u << 0)
#define ADMA_END      (1u << 1)
#define ADMA_TRANSFER (2u << 4)
