#include "frames.h"
#include <string.h>
#include <sys/socket.h>

void put_header(unsigned char *frame, enum frame_kind kind, uint32_t length)
{
	frame[0] = (unsigned char)kind;
	for (int i = 0; i < 4; i++)
		frame[1 + i] = (unsigned char)(length >> 8 * i);
}

bool send_frame(int fd, enum frame_kind kind, const void *payload, uint32_t length)
{
	unsigned char frame[FRAME_HEADER + 256];
	if (length > 256)
		return false;
	put_header(frame, kind, length);
	memcpy(frame + FRAME_HEADER, payload, length);
	ssize_t sent = send(fd, frame, FRAME_HEADER + length, MSG_NOSIGNAL | MSG_DONTWAIT);
	return sent == (ssize_t)(FRAME_HEADER + length);
}

bool send_failure(int fd, const struct failure *failure)
{
	unsigned char payload[9 + sizeof failure->text];
	payload[0] = (unsigned char)failure->section;
	memcpy(payload + 1, &failure->index, 4);
	memcpy(payload + 5, &failure->error, 4);
	size_t text = strlen(failure->text);
	memcpy(payload + 9, failure->text, text);
	return send_frame(fd, FRAME_FAILED, payload, (uint32_t)(9 + text));
}
