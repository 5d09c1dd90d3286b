/* The monitor's clients: who watches, who is attached, what they sent, what they have still to take. */
#ifndef CLIENTS_H
#define CLIENTS_H
#include "frames.h"

#define MAX_CLIENTS 32
#define ATTACH_STDIN 1
#define ATTACH_STDOUT 2
#define ATTACH_STDERR 4

struct client {
	int fd; /* 0: free */
	bool watches;
	uint8_t attached; /* ATTACH_* bits */
	unsigned char header[FRAME_HEADER];
	unsigned char payload[8];
	uint32_t got;	 /* of header and payload */
	uint32_t left; /* of a stdin payload, handed on as it comes */
	size_t sent;	 /* of the monitor's current frame */
	/* Once the process has ended: what a slow one has still to take, set aside; NULL before. */
	unsigned char *late;
	size_t late_length, late_sent;
};

struct client_events {
	void (*attached)(struct client *client);
	void (*watching)(struct client *client);
	void (*resize)(uint16_t rows, uint16_t columns);
	void (*signal)(int signal);
	/* Takes all of it; no client's stdin is read again until there is room. */
	void (*stdin_bytes)(const void *data, size_t length);
	void (*stdin_end)(void);
};

/* One read from the client; false when it has gone or speaks no frames. */
bool client_read(struct client *client, const struct client_events *events);
#endif
