// SPDX-License-Identifier: Apache-2.0
// A fuzz target is one file, fuzz_NAME.c, with one function: libFuzzer calls it with bytes that it makes up
// (preset `fuzz`, clang only), replay.c with those of tests/fuzz/corpus/NAME (every build of the host tests).
#pragma once

#include <stddef.h>
#include <stdint.h>

#include "kernel/panic.h"

// Takes any bytes, and returns 0. Everything else that happens is a finding.
int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size);

#define FUZZ_CHECK(condition) ASSERT(condition)
