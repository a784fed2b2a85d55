// SPDX-License-Identifier: Apache-2.0
// Where things stand in a FAT volume's structures: offsets in bytes. For fat*.c and partition.c.
#pragma once

#include <stdbool.h>
#include <stdint.h>
#include <string.h>

// Boot sector with the BIOS parameter block.
enum {
	BPB_SECTOR_SIZE = 11,     // 2 bytes
	BPB_CLUSTER_SECTORS = 13, // 1
	BPB_RESERVED = 14,        // 2: sectors before the first FAT
	BPB_FATS = 16,            // 1
	BPB_ROOT_ENTRIES = 17,    // 2; 0 with FAT32
	BPB_SECTORS_16 = 19,      // 2; 0: see the next
	BPB_MEDIA = 21,           // 1
	BPB_FAT_SIZE_16 = 22,     // 2: sectors; 0 with FAT32
	BPB_SECTORS_32 = 32,      // 4
	BPB_FAT_SIZE_32 = 36,     // 4
	BPB_FLAGS = 40,           // 2: see FLAG_*
	BPB_VERSION = 42,         // 2
	BPB_ROOT_CLUSTER = 44,    // 4
	BPB_FSINFO = 48,          // 2: sector
	BPB_LABEL_16 = 43,        // 11
	BPB_LABEL_32 = 71,        // 11
	BPB_SIGNATURE = 510,      // 2: 0xaa55
};
enum { FLAG_FAT_MASK = 0x0f, FLAG_ONE_FAT = 0x80 }; // only the FAT of that number is kept up

// What large cards are sold with: the same kind of sector, with another name in it and no BIOS parameter block.
static inline bool fat_is_exfat(const uint8_t *boot)
{
	return !memcmp(boot + 3, "EXFAT   ", 8);
}

// FSINFO sector of FAT32.
enum { FSI_LEAD = 0, FSI_STRUCTURE = 484, FSI_FREE = 488, FSI_NEXT = 492 };
#define FSI_LEAD_SIGNATURE      0x41615252u
#define FSI_STRUCTURE_SIGNATURE 0x61417272u
#define FSI_UNKNOWN             0xffffffffu

// Directory entry.
enum {
	ENTRY_SIZE = 32,
	ENTRY_NAME = 0, // 11 bytes
	ENTRY_ATTRIBUTES = 11,
	ENTRY_CASE = 12,
	ENTRY_CREATION_DATE = 16,
	ENTRY_ACCESS_DATE = 18,
	ENTRY_CLUSTER_HIGH = 20,
	ENTRY_TIME = 22,
	ENTRY_DATE = 24,
	ENTRY_CLUSTER_LOW = 26,
	ENTRY_FILE_SIZE = 28,
};
enum {
	ATTRIBUTE_READ_ONLY = 0x01,
	ATTRIBUTE_HIDDEN = 0x02,
	ATTRIBUTE_LABEL = 0x08,
	ATTRIBUTE_DIRECTORY = 0x10,
	ATTRIBUTE_ARCHIVE = 0x20,
	ATTRIBUTE_LONG_NAME = 0x0f, // all of them: part of a long name
	ATTRIBUTE_MASK = 0x3f,
};
enum { NAME_END = 0x00, NAME_DELETED = 0xe5, NAME_IS_E5 = 0x05 }; // first byte of the name
enum { CASE_LOWER_BASE = 0x08, CASE_LOWER_EXTENSION = 0x10 };     // as Windows NT writes them

// Part of a long name, 13 UTF-16 units; the parts stand before the short entry, the last one first.
enum { LONG_ORDER = 0, LONG_CHECKSUM = 13, LONG_LAST = 0x40, LONG_UNITS = 13, LONG_PARTS_MAX = 20 };
