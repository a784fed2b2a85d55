// SPDX-License-Identifier: Apache-2.0
// Greets, repeats its command line, and lets a monkey swing to and fro. `period=MS` sets the time between two
// pictures.
#include <stdio.h>

#include "common/guest.h"
#include "kernel/compiler.h"
#include "kernel/devicetree.h"
#include "kernel/task.h"

#define COLUMNS 60
#define STEP    2
#define ROWS    4
#define WIDTH   12

static const char frames[][ROWS][WIDTH + 1] = {
	{
		" \\  .-\"-.   ",
		"  \\@(o o)@  ",
		"    (_Y_)\\_ ",
		"    _/ \\_   ",
	},
	{
		"    .-\"-.   ",
		"   @(o o)@  ",
		"  _/(_Y_)\\_ ",
		"     ] [    ",
	},
	{
		"    .-\"-.  /",
		"   @(o o)@/ ",
		"  _/(_Y_)   ",
		"    _/ \\_   ",
	},
	{
		"    .-\"-.   ",
		"   @(o o)@  ",
		"  _/(_Y_)\\_ ",
		"     ] [    ",
	},
};

static void print_arguments(void)
{
	const char *position = devicetree_bootargs(), *word;
	int length;

	printf("Hello world!\nArguments:");
	while ((word = guest_next_word(&position, &length)))
		printf(" \"%.*s\"", length, word);
	printf("\n");
}

// The column of picture `number`: there and back again.
static int column_of(unsigned int number)
{
	const unsigned int steps = (COLUMNS - WIDTH) / STEP;
	unsigned int phase = number % (2 * steps);

	return (int)(STEP * (phase < steps ? phase : 2 * steps - phase));
}

int main(void)
{
	guest_start("monkey");
	print_arguments();
	uint64_t period = MILLISECONDS(guest_option("period", 250, 3600000));

	for (unsigned int number = 0;; number++) {
		if (number > 0)
			printf("\033[%dA", ROWS); // up to the first row of the last picture
		for (int row = 0; row < ROWS; row++)
			printf("\r%*s%s\033[K\n", column_of(number), "",
			       frames[number % ARRAY_SIZE(frames)][row]);
		task_sleep(period);
	}
}
