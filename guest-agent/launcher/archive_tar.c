/* Writing an archive: POSIX ustar headers, and PAX records (pax(1)) for what does not fit into them. */
#define _GNU_SOURCE
#include "archive.h"
#include <stdio.h>
#include <string.h>
#include <sys/sysmacros.h>
#include <unistd.h>

#define NAME_SIZE 100
#define LARGEST_ID 07777777u
#define LARGEST 077777777777ull /* of eleven octal digits: sizes and times */

static unsigned char out[1 << 16];
static size_t filled;

void flush_output(void)
{
	for (size_t at = 0; at < filled;) {
		ssize_t written = write(1, out + at, filled - at);
		if (written < 0)
			fail("write", "");
		at += (size_t)written;
	}
	filled = 0;
}

void write_bytes(const void *bytes, size_t length)
{
	for (const char *from = bytes; length;) {
		size_t part = sizeof out - filled < length ? sizeof out - filled : length;
		memcpy(out + filled, from, part);
		filled += part;
		from += part;
		length -= part;
		if (filled == sizeof out)
			flush_output();
	}
}

void write_padding(uint64_t size)
{
	static const char zeros[TAR_BLOCK];
	write_bytes(zeros, (TAR_BLOCK - size % TAR_BLOCK) % TAR_BLOCK);
}

void end_archive(void)
{
	static const char zeros[2 * TAR_BLOCK];
	write_bytes(zeros, sizeof zeros);
	flush_output();
}

void add_record(struct text *records, const char *key, const void *value, size_t length)
{
	char head[24];
	size_t rest = strlen(key) + length + 3, digits = 1;
	/* The length counts its own digits. */
	while ((size_t)snprintf(head, sizeof head, "%zu ", rest + digits) > digits + 1)
		digits++;
	append(records, head, digits + 1);
	append(records, key, strlen(key));
	append(records, "=", 1);
	append(records, value, length);
	append(records, "\n", 1);
}

static void put_octal(char *field, size_t size, uint64_t value)
{
	for (size_t at = size - 1; at-- > 0; value >>= 3)
		field[at] = (char)('0' + (value & 7));
}

static void put_header(char type, const char *path, const char *link, const struct stat *st)
{
	char block[TAR_BLOCK] = { 0 };
	memcpy(block, path, strnlen(path, NAME_SIZE));
	put_octal(block + 100, 8, st->st_mode & 07777);
	put_octal(block + 108, 8, st->st_uid > LARGEST_ID ? 0 : st->st_uid);
	put_octal(block + 116, 8, st->st_gid > LARGEST_ID ? 0 : st->st_gid);
	put_octal(block + 124, 12, (uint64_t)st->st_size > LARGEST ? 0 : (uint64_t)st->st_size);
	put_octal(block + 136, 12, st->st_mtim.tv_sec < 0 ? 0 : (uint64_t)st->st_mtim.tv_sec);
	memset(block + 148, ' ', 8);
	block[156] = type;
	memcpy(block + 157, link, strnlen(link, NAME_SIZE));
	memcpy(block + 257, "ustar\0" "00", 8);
	if (type == '3' || type == '4') {
		put_octal(block + 329, 8, major(st->st_rdev));
		put_octal(block + 337, 8, minor(st->st_rdev));
	}
	unsigned sum = 0;
	for (int i = 0; i < TAR_BLOCK; i++)
		sum += (unsigned char)block[i];
	snprintf(block + 148, 8, "%06o", sum);
	write_bytes(block, sizeof block);
}

static void add_number(struct text *records, const char *key, uint64_t value)
{
	char text[24];
	add_record(records, key, text, (size_t)snprintf(text, sizeof text, "%llu", (unsigned long long)value));
}

static void add_time(struct text *records, struct timespec time)
{
	char text[40];
	bool negative = time.tv_sec < 0;
	long long seconds = time.tv_sec;
	long fraction = time.tv_nsec;
	if (negative) {
		seconds = -seconds - (fraction > 0);
		fraction = fraction > 0 ? 1000000000 - fraction : 0;
	}
	int length = snprintf(text, sizeof text, "%s%lld.%09ld", negative ? "-" : "", seconds, fraction);
	add_record(records, "mtime", text, (size_t)length);
}

static void add_records(struct text *records, const struct member *member)
{
	const struct stat *st = &member->stat;
	if (strlen(member->path) > NAME_SIZE)
		add_record(records, "path", member->path, strlen(member->path));
	if (member->link && strlen(member->link) > NAME_SIZE)
		add_record(records, "linkpath", member->link, strlen(member->link));
	if (st->st_mtim.tv_sec < 0 || st->st_mtim.tv_nsec)
		add_time(records, st->st_mtim);
	if (st->st_uid > LARGEST_ID)
		add_number(records, "uid", st->st_uid);
	if (st->st_gid > LARGEST_ID)
		add_number(records, "gid", st->st_gid);
	if ((uint64_t)st->st_size > LARGEST)
		add_number(records, "size", (uint64_t)st->st_size);
	append(records, member->xattrs.at ? member->xattrs.at : "", member->xattrs.length);
}

void write_member(const struct member *member)
{
	static struct text records;
	records.length = 0;
	add_records(&records, member);
	if (records.length) {
		struct stat plain = { .st_mode = 0644, .st_size = (off_t)records.length };
		put_header('x', "PaxHeader", "", &plain);
		write_bytes(records.at, records.length);
		write_padding(records.length);
	}
	put_header(member->type, member->path, member->link ? member->link : "", &member->stat);
}
