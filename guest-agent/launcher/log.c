#include "log.h"
#include <fcntl.h>
#include <limits.h>
#include <stdio.h>
#include <string.h>
#include <sys/stat.h>
#include <sys/uio.h>
#include <time.h>
#include <unistd.h>

#define HEADER 13

void log_open(struct log *log)
{
	log->fd = -1;
	if (!*log->path)
		return;
	log->fd = open(log->path, O_WRONLY | O_CREAT | O_APPEND | O_CLOEXEC, 0600);
	struct stat file;
	log->size = log->fd >= 0 && fstat(log->fd, &file) == 0 ? (uint64_t)file.st_size : 0;
}

/* log.1 to log.2 and so on, the oldest falling out; then log to log.1. */
static void rotate(struct log *log)
{
	char from[PATH_MAX], to[PATH_MAX];
	for (uint32_t i = log->max_files > 1 ? log->max_files - 1 : 0; i > 0; i--) {
		snprintf(to, sizeof to, "%s.%u", log->path, i);
		snprintf(from, sizeof from, i > 1 ? "%s.%u" : "%s", log->path, i - 1);
		rename(from, to);
	}
	if (log->max_files <= 1)
		unlink(log->path);
	close(log->fd);
	log_open(log);
}

static void write_record(struct log *log, uint8_t kind, const void *data, size_t length)
{
	if (log->max_bytes && log->size && log->size + HEADER + length > log->max_bytes)
		rotate(log);
	/* There was no room for the file before; there may be now. */
	if (log->fd < 0)
		log_open(log);
	struct timespec now;
	clock_gettime(CLOCK_REALTIME, &now);
	uint64_t time = (uint64_t)now.tv_sec * 1000000000u + (uint64_t)now.tv_nsec;
	uint32_t counted = (uint32_t)length + 8;
	unsigned char header[HEADER] = { kind };
	memcpy(header + 1, &counted, 4);
	memcpy(header + 5, &time, 8);
	struct iovec parts[2] = { { header, HEADER }, { (void *)data, length } };
	ssize_t written = log->fd < 0 ? -1 : writev(log->fd, parts, 2);
	if (written == (ssize_t)(HEADER + length)) {
		log->size += (uint64_t)written;
		return;
	}
	log->dropped += length;
	/* Half a record would hide all that follow. */
	if (written > 0 && ftruncate(log->fd, (off_t)log->size))
		log->size += (uint64_t)written;
}

void log_write(struct log *log, uint8_t kind, const void *data, size_t length)
{
	/* What is longer than a whole file is cut, so that no file passes the limit. */
	size_t most = log->max_bytes > HEADER ? (size_t)log->max_bytes - HEADER : length;
	const char *from = data;
	for (size_t part; *log->path && length; from += part, length -= part) {
		part = length < most ? length : most;
		write_record(log, kind, from, part);
	}
}
