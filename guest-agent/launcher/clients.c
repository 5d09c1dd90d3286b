#include "clients.h"
#include <errno.h>
#include <string.h>
#include <sys/socket.h>

static uint32_t length_of(const struct client *client)
{
	uint32_t length;
	memcpy(&length, client->header + 1, 4);
	return length;
}

static uint32_t payload_u32(const struct client *client)
{
	uint32_t value;
	memcpy(&value, client->payload, 4);
	return value;
}

/* What a whole frame other than stdin asks for; false when it is none that a client may send. */
static bool dispatch(struct client *client, const struct client_events *events)
{
	uint32_t length = length_of(client);
	switch (client->header[0]) {
	case FRAME_ATTACH:
		if (length != 1 || client->attached)
			return false;
		client->attached = client->payload[0] & 7;
		events->attached(client);
		return true;
	case FRAME_WATCH:
		if (length != 0 || client->attached)
			return false;
		client->watches = true;
		events->watching(client);
		return true;
	case FRAME_RESIZE: {
		uint32_t size = payload_u32(client);
		if (length != 4)
			return false;
		events->resize((uint16_t)size, (uint16_t)(size >> 16));
		return true;
	}
	case FRAME_SIGNAL:
		if (length != 4)
			return false;
		events->signal((int)payload_u32(client));
		return true;
	}
	return false;
}

static bool finish_header(struct client *client, const struct client_events *events)
{
	uint32_t length = length_of(client);
	if (client->header[0] == FRAME_STDIN) {
		if (length > FRAME_MAX)
			return false;
		client->got = 0;
		client->left = length;
		if (length == 0 && client->attached & ATTACH_STDIN)
			events->stdin_end();
		return true;
	}
	if (length > sizeof client->payload)
		return false;
	if (length > 0)
		return true;
	client->got = 0;
	return dispatch(client, events);
}

static bool read_stdin(struct client *client, const struct client_events *events)
{
	unsigned char data[4096];
	size_t want = client->left < sizeof data ? client->left : sizeof data;
	ssize_t got = recv(client->fd, data, want, 0);
	if (got <= 0)
		return got < 0 && (errno == EAGAIN || errno == EINTR);
	client->left -= (uint32_t)got;
	if (client->attached & ATTACH_STDIN)
		events->stdin_bytes(data, (size_t)got);
	return true;
}

bool client_read(struct client *client, const struct client_events *events)
{
	if (client->left)
		return read_stdin(client, events);
	bool in_header = client->got < FRAME_HEADER;
	unsigned char *to = in_header ? client->header + client->got : client->payload + client->got - FRAME_HEADER;
	size_t want = in_header ? FRAME_HEADER - client->got : length_of(client) + FRAME_HEADER - client->got;
	ssize_t got = recv(client->fd, to, want, 0);
	if (got <= 0)
		return got < 0 && (errno == EAGAIN || errno == EINTR);
	client->got += (uint32_t)got;
	if ((size_t)got < want)
		return true;
	if (in_header)
		return finish_header(client, events);
	client->got = 0;
	return dispatch(client, events);
}
