/* The log of a process's output: records as guest-agent/services/log-records.ts reads them, rotated by size. */
#ifndef LOG_H
#define LOG_H
#include <stddef.h>
#include <stdint.h>

struct log {
	const char *path; /* "": no log */
	uint64_t max_bytes;
	uint32_t max_files;
	int fd;
	uint64_t size, dropped; /* bytes */
};

void log_open(struct log *log);
/* Never fails and never waits for room: what a full disk does not take is dropped and counted. */
void log_write(struct log *log, uint8_t kind, const void *data, size_t length);

#endif
