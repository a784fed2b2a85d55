// SPDX-License-Identifier: Apache-2.0
// The little language that tables of store nodes are written in: a text, in which % and a letter stand for
// what the table's user puts there.
#pragma once

#include <stdbool.h>
#include <stddef.h>

// Bytes of the longest path of a toolstack's node, with the NUL.
#define STORE_PATH_SIZE 96

// Writes what a letter stands for, at most `size` bytes with the NUL. False: there is nothing for it.
typedef bool store_value(const void *context, char letter, char *text, size_t size);

// Writes the text with all that its letters stand for. False when there is nothing for one of them, or it
// doesn't fit.
bool store_expand(const char *template, store_value *value, const void *context, char *text, size_t size);
