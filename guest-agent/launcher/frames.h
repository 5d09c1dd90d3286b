/* Frames of guest-agent/protocol/stream-format.ts (5 bytes: kind u8, length u32), and those between agent and monitor alone. */
#ifndef FRAMES_H
#define FRAMES_H
#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>
#include "job.h"

#define FRAME_HEADER 5
#define FRAME_MAX 65536

enum frame_kind {
	FRAME_STDIN = 2,
	FRAME_RESIZE = 4,
	FRAME_SIGNAL = 5,
	FRAME_ATTACH = 6, /* u8: 1 stdin, 2 stdout, 4 stderr */
	FRAME_WATCH = 7,
	FRAME_READY = 16,   /* u32 pid: all is prepared, exec waits for an attach */
	FRAME_STARTED = 17, /* u32 pid: exec has happened */
	FRAME_STDOUT = 18,
	FRAME_STDERR = 19,
	FRAME_EXIT = 20,   /* i32 code, i32 signal or 0 */
	FRAME_FAILED = 21, /* u8 section, u32 index, i32 errno, text */
};

/* Writes a header in front of a payload of `length` bytes. */
void put_header(unsigned char *frame, enum frame_kind kind, uint32_t length);
/* Sends a small frame; a peer that does not take it at once has gone. */
bool send_frame(int fd, enum frame_kind kind, const void *payload, uint32_t length);
bool send_failure(int fd, const struct failure *failure);

#endif
