// SPDX-License-Identifier: Apache-2.0
// How much two words differ: for "did you mean".
#pragma once

// Letters to insert, delete or replace that make one of the other (Levenshtein's distance). Of a word longer
// than 32 bytes only its beginning counts.
unsigned int spelling_distance(const char *a, const char *b);
