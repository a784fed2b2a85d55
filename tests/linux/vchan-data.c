// SPDX-License-Identifier: Apache-2.0
// vchan-data client|server DOMAIN PATH MEGABYTES, in the Linux guest: sends so much over a channel of Debian's libxenvchan to a
// peer that sends all of it back, and compares the checksums of what went and what came.
#include <inttypes.h>
#include <stdbool.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include <libxenvchan.h>

#define RING_SIZE (256u << 10)
#define PIECE_SIZE (32u << 10)

struct stream {
	uint64_t bytes, checksum;
	size_t start, end; // of what `piece` holds
	union {
		uint8_t bytes[PIECE_SIZE];
		uint64_t words[PIECE_SIZE / 8];
	} piece;
};

static void die(const char *what)
{
	perror(what);
	exit(1);
}

// Marsaglia's xorshift64: no two pieces are alike.
static void fill(struct stream *stream)
{
	static uint64_t state = 88172645463325252u;

	for (size_t i = 0; i < PIECE_SIZE / 8; i++) {
		state ^= state << 13;
		state ^= state >> 7;
		state ^= state << 17;
		stream->piece.words[i] = state;
	}
	stream->start = 0;
	stream->end = PIECE_SIZE;
}

// FNV-1a's steps, of 8 bytes each.
static void add(struct stream *stream)
{
	for (size_t i = 0; i < PIECE_SIZE / 8; i++)
		stream->checksum = (stream->checksum ^ stream->piece.words[i]) * 0x100000001b3u;
}

// Both return whether anything went.
static bool send_some(struct libxenvchan *channel, struct stream *out, uint64_t total)
{
	if (out->start == out->end) {
		if (out->bytes == total)
			return false;
		fill(out);
		add(out);
	}
	int count = libxenvchan_write(channel, out->piece.bytes + out->start, out->end - out->start);
	if (count < 0)
		die("write");
	out->start += (size_t)count;
	out->bytes += (uint64_t)count;
	return count > 0;
}

static bool receive_some(struct libxenvchan *channel, struct stream *in, uint64_t total)
{
	if (in->bytes == total)
		return false;
	int count = libxenvchan_read(channel, in->piece.bytes + in->end, PIECE_SIZE - in->end);
	if (count < 0)
		die("read");
	in->end += (size_t)count;
	in->bytes += (uint64_t)count;
	if (in->end == PIECE_SIZE) {
		add(in);
		in->end = 0;
	}
	return count > 0;
}

int main(int argc, char **argv)
{
	static struct stream in, out;

	if (argc != 5) {
		fprintf(stderr, "usage: vchan-data client|server DOMAIN PATH MEGABYTES\n");
		return 1;
	}
	int peer = atoi(argv[2]);
	uint64_t total = strtoull(argv[4], NULL, 10) << 20;
	bool server = !strcmp(argv[1], "server");
	struct libxenvchan *channel = server ? libxenvchan_server_init(NULL, peer, argv[3], RING_SIZE, RING_SIZE)
					     : libxenvchan_client_init(NULL, peer, argv[3]);
	if (!channel)
		die("the channel");
	while (server && libxenvchan_is_open(channel) != 1)
		libxenvchan_wait(channel);
	channel->blocking = 0;
	while (in.bytes < total) {
		bool moved = send_some(channel, &out, total);

		if (!receive_some(channel, &in, total) && !moved)
			libxenvchan_wait(channel);
	}
	libxenvchan_close(channel);
	printf("sent %016" PRIx64 ", received %016" PRIx64 "\n", out.checksum, in.checksum);
	return in.checksum != out.checksum;
}
