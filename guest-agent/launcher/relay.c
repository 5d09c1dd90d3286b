/*
 * Connections on one socket carried to another, a process each. AF_VSOCK to a unix socket: Node adopts only INET and UNIX
 * descriptors. A unix socket to a unix socket: what is mounted in containers outlives the agent, which listens at the second.
 */
#define _GNU_SOURCE
#include <errno.h>
#include <poll.h>
#include <signal.h>
#include <stdint.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/socket.h>
#include <sys/stat.h>
#include <sys/un.h>
#include <unistd.h>
#include "job.h"

#define VSOCK_FAMILY 40
#define ANY_CID 0xffffffffu

/* linux/vm_sockets.h */
#define HOST_CID 2

struct vsock_address {
	unsigned short family, reserved;
	uint32_t port, cid;
	uint8_t flags, zero[3];
};

struct direction {
	int from, to;
	size_t at, length;
	bool ended;
	char data[65536];
};

static bool read_some(struct direction *d)
{
	ssize_t got = read(d->from, d->data, sizeof d->data);
	if (got < 0)
		return errno == EAGAIN || errno == EINTR;
	d->at = 0;
	d->length = (size_t)got;
	if (got == 0) {
		d->ended = true;
		shutdown(d->to, SHUT_WR);
	}
	return true;
}

static bool write_some(struct direction *d)
{
	ssize_t written = send(d->to, d->data + d->at, d->length, MSG_NOSIGNAL | MSG_DONTWAIT);
	if (written < 0)
		return errno == EAGAIN || errno == EINTR;
	d->at += (size_t)written;
	d->length -= (size_t)written;
	return true;
}

/* Both ways until both have ended, or either side has broken. */
static void relay(int a, int b)
{
	static struct direction way[2];
	way[0].from = way[1].to = a;
	way[0].to = way[1].from = b;
	while (!way[0].ended || !way[1].ended) {
		struct pollfd set[2];
		for (int i = 0; i < 2; i++) {
			const struct direction *d = &way[i];
			set[i] = (struct pollfd){ d->length ? d->to : d->from, d->length ? POLLOUT : POLLIN, 0 };
			if (d->ended)
				set[i].fd = -1;
		}
		if (poll(set, 2, -1) < 0)
			continue;
		for (int i = 0; i < 2; i++)
			if (set[i].revents && !(way[i].length ? write_some(&way[i]) : read_some(&way[i])))
				return;
	}
}

static int connect_unix(const char *path)
{
	struct sockaddr_un address = { .sun_family = AF_UNIX };
	if (strlen(path) >= sizeof address.sun_path)
		return -1;
	strcpy(address.sun_path, path);
	int fd = socket(AF_UNIX, SOCK_STREAM | SOCK_CLOEXEC, 0);
	return fd >= 0 && connect(fd, (struct sockaddr *)&address, sizeof address) == 0 ? fd : -1;
}

/* Whether a connection on AF_VSOCK is from the one that may speak to us. */
static bool is_peer(int connection, uint32_t cid)
{
	struct vsock_address peer = { 0 };
	socklen_t size = sizeof peer;
	return getpeername(connection, (struct sockaddr *)&peer, &size) == 0 && peer.family == VSOCK_FAMILY && peer.cid == cid;
}

/* With `cid` ANY_CID whoever connects is served. */
static int serve_relay(int listener, const char *path, uint32_t cid)
{
	signal(SIGCHLD, SIG_IGN);
	for (;;) {
		int connection = accept4(listener, NULL, NULL, SOCK_CLOEXEC);
		if (connection < 0) {
			if (errno != EINTR && errno != ECONNABORTED)
				sleep(1);
			continue;
		}
		if ((cid == ANY_CID || is_peer(connection, cid)) && fork() == 0) {
			int target = connect_unix(path);
			if (target >= 0)
				relay(connection, target);
			_exit(target < 0);
		}
		close(connection);
	}
}

/*
 * AF_VSOCK knows no network namespaces, so every process of the guest reaches the port, those of containers, too: they come
 * by the loopback, which gives all of them its own CID (1), whatever they bind or connect to (vsock_loopback.c). Only what
 * comes through the hypervisor has the host's.
 */
int relay_vsock(const char *port, const char *path, const char *peer)
{
	uint32_t cid = peer ? (uint32_t)strtoul(peer, NULL, 10) : HOST_CID;
	struct vsock_address address = { .family = VSOCK_FAMILY, .port = (uint32_t)strtoul(port, NULL, 10), .cid = ANY_CID };
	int listener = socket(VSOCK_FAMILY, SOCK_STREAM | SOCK_CLOEXEC, 0);
	if (listener < 0 || bind(listener, (struct sockaddr *)&address, sizeof address) || listen(listener, 128)) {
		fprintf(stderr, "berth-launcher: vsock port %s: %s\n", port, strerror(errno));
		return 1;
	}
	return serve_relay(listener, path, cid);
}

int relay_unix(const char *from, const char *path)
{
	struct sockaddr_un address = { .sun_family = AF_UNIX };
	if (strlen(from) >= sizeof address.sun_path)
		return 1;
	strcpy(address.sun_path, from);
	int other = connect_unix(from);
	if (other >= 0)
		return 0; /* one of an earlier agent serves it */
	unlink(from);
	umask(0117); /* root and its group, as Docker's */
	int listener = socket(AF_UNIX, SOCK_STREAM | SOCK_CLOEXEC, 0);
	if (listener < 0 || bind(listener, (struct sockaddr *)&address, sizeof address) || listen(listener, 128)) {
		fprintf(stderr, "berth-launcher: %s: %s\n", from, strerror(errno));
		return 1;
	}
	pid_t child = fork();
	if (child > 0)
		return 0; /* it listens: whoever waits for this process knows */
	if (child < 0) {
		fprintf(stderr, "berth-launcher: %s: %s\n", from, strerror(errno));
		unlink(from);
		return 1;
	}
	setsid();
	return serve_relay(listener, path, ANY_CID);
}
