/* Reading an archive: ustar, PAX and GNU headers. Whoever sends it may be hostile: every length is checked. */
#define _GNU_SOURCE
#include "archive.h"
#include <errno.h>
#include <stdlib.h>
#include <string.h>
#include <sys/sysmacros.h>
#include <unistd.h>

#define EXTENDED_MAX (1 << 20)
#define XATTR_KEY "SCHILY.xattr."

static unsigned char in[1 << 16];
static size_t at, filled;
/* The member that is read, for messages. */
static char *current;

/* What extended headers say of the next member. */
static struct {
	char *path, *link;
	bool has_size, has_uid, has_gid, has_time;
	uint64_t size, uid, gid;
	struct timespec time;
	struct text xattrs;
} extended;

static bool fill(void)
{
	ssize_t got;
	do
		got = read(0, in, sizeof in);
	while (got < 0 && errno == EINTR);
	if (got < 0)
		fail("read", "");
	at = 0;
	filled = (size_t)got;
	return got > 0;
}

void read_bytes_exactly(void *to, size_t length)
{
	while (length) {
		if (at == filled && !fill())
			refuse("cut", current ? current : "");
		size_t part = filled - at < length ? filled - at : length;
		if (to)
			to = (char *)memcpy(to, in + at, part) + part;
		at += part;
		length -= part;
	}
}

void skip_bytes(uint64_t length)
{
	for (size_t part; length; length -= part) {
		part = length < sizeof in ? (size_t)length : sizeof in;
		read_bytes_exactly(NULL, part);
	}
}

void drain_input(void)
{
	while (fill())
		;
}

static _Noreturn void broken(void)
{
	refuse("broken", current ? current : "");
}

/* Octal digits, or GNU's binary form, which the first bit marks. */
static uint64_t number(const char *field, size_t size)
{
	uint64_t value = 0;
	if (*field & 0x80) {
		for (size_t i = 0; i < size; i++) {
			if (value >> 55)
				broken();
			value = value << 8 | (unsigned char)(i ? field[i] : field[i] & 0x7f);
		}
		return value;
	}
	size_t i = 0;
	while (i < size && field[i] == ' ')
		i++;
	for (; i < size && field[i] && field[i] != ' '; i++) {
		if (field[i] < '0' || field[i] > '7')
			broken();
		value = value << 3 | (uint64_t)(field[i] - '0');
	}
	return value;
}

static uint64_t decimal(const char *text, const char **end)
{
	char *stop;
	errno = 0;
	uint64_t value = strtoull(text, &stop, 10);
	if (stop == text || errno || *text == '-' || *text == '+')
		broken();
	*end = stop;
	return value;
}

static struct timespec time_of(const char *text)
{
	bool negative = *text == '-';
	const char *rest;
	struct timespec time = { .tv_sec = (time_t)decimal(text + negative, &rest) };
	long unit = 100000000;
	if (*rest == '.')
		for (rest++; *rest >= '0' && *rest <= '9'; rest++, unit /= 10)
			time.tv_nsec += (*rest - '0') * unit;
	if (!negative)
		return time;
	return (struct timespec){ -time.tv_sec - (time.tv_nsec > 0), time.tv_nsec ? 1000000000 - time.tv_nsec : 0 };
}

static char *copy_of(const char *text, size_t length)
{
	if (memchr(text, 0, length))
		broken();
	char *copy = allocate(length + 1);
	return memcpy(copy, text, length);
}

static void note_xattr(const char *name, const char *value, size_t length)
{
	uint32_t size = (uint32_t)length;
	append(&extended.xattrs, name, strlen(name) + 1);
	append(&extended.xattrs, &size, sizeof size);
	append(&extended.xattrs, value, length);
}

/* `%3D` and `%25`, in place. */
static char *plain_key(char *key)
{
	char *to = key;
	for (const char *from = key; *from; from++) {
		bool escaped = !strncmp(from, "%3D", 3) || !strncmp(from, "%25", 3);
		*to++ = !escaped ? *from : from[1] == '3' ? '=' : '%';
		from += escaped ? 2 : 0;
	}
	*to = 0;
	return key;
}

/* `value` ends with a NUL in place of the record's line feed. */
static void note_record(char *key, char *value, size_t length)
{
	const char *rest;
	if (!strcmp(key, "path"))
		extended.path = copy_of(value, length);
	else if (!strcmp(key, "linkpath"))
		extended.link = copy_of(value, length);
	else if (!strcmp(key, "size"))
		extended.size = decimal(value, &rest), extended.has_size = true;
	else if (!strcmp(key, "uid"))
		extended.uid = decimal(value, &rest), extended.has_uid = true;
	else if (!strcmp(key, "gid"))
		extended.gid = decimal(value, &rest), extended.has_gid = true;
	else if (!strcmp(key, "mtime"))
		extended.time = time_of(value), extended.has_time = true;
	else if (!strncmp(key, XATTR_KEY, strlen(XATTR_KEY)))
		note_xattr(plain_key(key + strlen(XATTR_KEY)), value, length);
	else if (!strncmp(key, "GNU.sparse.", 11))
		refuse("sparse", current ? current : "");
}

static void note_records(char *text, size_t length)
{
	for (char *end = text + length; text < end;) {
		char *space;
		size_t size = strtoul(text, &space, 10);
		char *equals = space < end && *space == ' ' ? memchr(space, '=', (size_t)(end - space)) : NULL;
		if (!equals || size > (size_t)(end - text) || equals >= text + size - 1 || text[size - 1] != '\n')
			broken();
		*equals = 0;
		text[size - 1] = 0;
		note_record(space + 1, equals + 1, (size_t)(text + size - 1 - equals - 1));
		text += size;
	}
}

static char *read_extended(uint64_t size)
{
	if (size > EXTENDED_MAX)
		refuse("name-too-long", current ? current : "");
	char *body = allocate((size_t)size + 1);
	read_bytes_exactly(body, (size_t)size);
	skip_bytes((TAR_BLOCK - size % TAR_BLOCK) % TAR_BLOCK);
	return body;
}

static bool is_checked(const char *block)
{
	uint64_t sum = 0;
	for (int i = 0; i < TAR_BLOCK; i++)
		sum += i >= 148 && i < 156 ? ' ' : (unsigned char)block[i];
	return sum == number(block + 148, 8);
}

static char *path_of(const char *block)
{
	bool prefixed = !memcmp(block + 257, "ustar\0", 6) && block[345];
	struct text path = { 0 };
	if (prefixed) {
		append(&path, block + 345, strnlen(block + 345, 155));
		append(&path, "/", 1);
	}
	append(&path, block, strnlen(block, 100));
	append(&path, "", 1);
	return path.at;
}

/* Extended headers take precedence. */
static void fill_member(struct member *member, const char *block)
{
	struct stat *st = &member->stat;
	char type = block[156];
	member->path = extended.path ? extended.path : path_of(block);
	current = member->path;
	size_t length = strlen(member->path);
	bool folder = (type == '0' || type == 0) && length && member->path[length - 1] == '/';
	member->type = folder ? '5' : type == 0 || type == '7' ? '0' : type;
	member->link = extended.link ? extended.link : strndup(block + 157, 100);
	st->st_mode = (mode_t)(number(block + 100, 8) & 07777);
	st->st_uid = (uid_t)(extended.has_uid ? extended.uid : number(block + 108, 8));
	st->st_gid = (gid_t)(extended.has_gid ? extended.gid : number(block + 116, 8));
	st->st_size = (off_t)(extended.has_size ? extended.size : number(block + 124, 12));
	st->st_mtim = extended.has_time ? extended.time : (struct timespec){ .tv_sec = (time_t)number(block + 136, 12) };
	st->st_rdev = makedev((unsigned)number(block + 329, 8), (unsigned)number(block + 337, 8));
	member->xattrs = extended.xattrs;
	if (st->st_size < 0)
		broken();
	memset(&extended, 0, sizeof extended);
}

bool read_member(struct member *member)
{
	static const char zeros[TAR_BLOCK];
	char block[TAR_BLOCK];
	free(member->path);
	free(member->link);
	free(member->xattrs.at);
	*member = (struct member){ 0 };
	current = NULL;
	for (;;) {
		if (at == filled && !fill())
			return false;
		read_bytes_exactly(block, sizeof block);
		if (!memcmp(block, zeros, sizeof block))
			return false;
		if (!is_checked(block))
			broken();
		uint64_t size = number(block + 124, 12);
		char *body = strchr("xgLK", block[156]) && block[156] ? read_extended(size) : NULL;
		if (block[156] == 'x')
			note_records(body, (size_t)size);
		else if (block[156] == 'L')
			extended.path = strdup(body);
		else if (block[156] == 'K')
			extended.link = strdup(body);
		free(body);
		if (body)
			continue;
		fill_member(member, block);
		return true;
	}
}
