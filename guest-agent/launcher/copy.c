/*
 * Brings a file's bytes from a share of the host to the data disk, past the page cache on both sides: an emulated guest
 * copies three times as fast so. What is in the target already is kept; the XXH64 of the whole is printed
 * (github.com/Cyan4973/xxHash, doc/xxhash_spec.md).
 */
#define _GNU_SOURCE
#include <errno.h>
#include <fcntl.h>
#include <signal.h>
#include <stdint.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/prctl.h>
#include <sys/stat.h>
#include "archive.h"
#include "job.h"
#include "sys.h"

/* What one request of virtiofs carries (256 pages); smaller and greater pieces take a third longer. */
#define PIECE (1u << 20)
/* Addresses and lengths of direct reads and writes are multiples of this on every disk (open(2), O_DIRECT). */
#define DIRECT_UNIT 4096u

#define PRIME1 0x9E3779B185EBCA87ull
#define PRIME2 0xC2B2AE3D27D4EB4Full
#define PRIME3 0x165667B19E3779F9ull
#define PRIME4 0x85EBCA77C2B2AE63ull
#define PRIME5 0x27D4EB2F165667C5ull
#define STRIPE 32

static uint64_t lanes[4] = { PRIME1 + PRIME2, PRIME2, 0, -PRIME1 };

static uint64_t rotate(uint64_t x, int bits)
{
	return x << bits | x >> (64 - bits);
}

static uint64_t round64(uint64_t lane, uint64_t input)
{
	return rotate(lane + input * PRIME2, 31) * PRIME1;
}

/* Whole stripes alone. */
static void add_stripes(const unsigned char *at, size_t length)
{
	uint64_t a = lanes[0], b = lanes[1], c = lanes[2], d = lanes[3], word[4];
	for (; length >= STRIPE; at += STRIPE, length -= STRIPE) {
		memcpy(word, at, STRIPE);
		a = round64(a, word[0]);
		b = round64(b, word[1]);
		c = round64(c, word[2]);
		d = round64(d, word[3]);
	}
	lanes[0] = a, lanes[1] = b, lanes[2] = c, lanes[3] = d;
}

/* The digest of `size` bytes, of which those behind the last stripe are given. */
static uint64_t digest(uint64_t size, const unsigned char *at, size_t length)
{
	uint64_t sum = PRIME5;
	if (size >= STRIPE) {
		sum = rotate(lanes[0], 1) + rotate(lanes[1], 7) + rotate(lanes[2], 12) + rotate(lanes[3], 18);
		for (int i = 0; i < 4; i++)
			sum = (sum ^ round64(0, lanes[i])) * PRIME1 + PRIME4;
	}
	sum += size;
	for (uint64_t word; length >= 8; at += 8, length -= 8) {
		memcpy(&word, at, 8);
		sum = rotate(sum ^ round64(0, word), 27) * PRIME1 + PRIME4;
	}
	for (uint32_t word; length >= 4; at += 4, length -= 4) {
		memcpy(&word, at, 4);
		sum = rotate(sum ^ word * PRIME1, 23) * PRIME2 + PRIME3;
	}
	for (; length; at++, length--)
		sum = rotate(sum ^ *at * PRIME5, 11) * PRIME1;
	sum = (sum ^ sum >> 33) * PRIME2;
	sum = (sum ^ sum >> 29) * PRIME3;
	return sum ^ sum >> 32;
}

/* Past the page cache where the file system can do that. */
static int open_direct(const char *path, int flags)
{
	int fd = open(path, flags | O_DIRECT | O_CLOEXEC, 0600);
	if (fd < 0 && errno == EINVAL)
		fd = open(path, flags | O_CLOEXEC, 0600);
	if (fd < 0)
		fail("open", path);
	return fd;
}

static size_t read_piece(int fd, unsigned char *piece, size_t wanted, uint64_t at, const char *path)
{
	size_t done = 0;
	while (done < wanted) {
		/* A direct read's length is a multiple of the unit, though the file may end before. */
		size_t room = (wanted - done + DIRECT_UNIT - 1) / DIRECT_UNIT * DIRECT_UNIT;
		ssize_t got = pread(fd, piece + done, room, (off_t)(at + done));
		if (got < 0 && errno == EINTR)
			continue;
		if (got < 0)
			fail("read", path);
		if (got == 0)
			refuse("short", path);
		done += (size_t)got;
	}
	return wanted;
}

static void write_piece(int fd, const unsigned char *piece, size_t length, uint64_t at, const char *path)
{
	if (length % DIRECT_UNIT && fcntl(fd, F_SETFL, fcntl(fd, F_GETFL) & ~O_DIRECT))
		fail("fcntl", path);
	for (size_t done = 0; done < length;) {
		ssize_t written = pwrite(fd, piece + done, length - done, (off_t)(at + done));
		if (written < 0 && errno == EINTR)
			continue;
		if (written < 0)
			fail("write", path);
		done += (size_t)written;
	}
}

int copy_file(const char *source_path, const char *target_path, const char *size_text)
{
	/* Whoever asked is gone: another one may go on with the target. */
	prctl(PR_SET_PDEATHSIG, SIGKILL);
	uint64_t size = strtoull(size_text, NULL, 10), at = 0;
	int source = open_direct(source_path, O_RDONLY), target = open_direct(target_path, O_RDWR | O_CREAT);
	struct stat found;
	if (fstat(target, &found))
		fail("stat", target_path);
	uint64_t here = (uint64_t)found.st_size >= size ? size : (uint64_t)found.st_size / DIRECT_UNIT * DIRECT_UNIT;
	unsigned char *piece = aligned_alloc(DIRECT_UNIT, PIECE);
	if (!piece)
		fail("memory", "");
	size_t length = 0;
	for (; at < size; at += length) {
		bool kept = at < here;
		uint64_t end = kept ? here : size;
		length = end - at < PIECE ? end - at : PIECE;
		read_piece(kept ? target : source, piece, length, at, kept ? target_path : source_path);
		if (!kept)
			write_piece(target, piece, length, at, target_path);
		add_stripes(piece, length);
	}
	if (ftruncate(target, (off_t)size) || fsync(target))
		fail("sync", target_path);
	size_t rest = length % STRIPE;
	printf("%016llx\n", (unsigned long long)digest(size, piece + length - rest, rest));
	return fflush(stdout) ? 1 : 0;
}
