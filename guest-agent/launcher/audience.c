#include <errno.h>
#include <stdlib.h>
#include <string.h>
#include <sys/socket.h>
#include <unistd.h>
#include "monitor.h"

/* More than the pipes hold: another process goes on writing, for which nothing is kept. */
#define MOST_LATE (1u << 20)

void add_client(int fd)
{
	for (int i = 0; i < MAX_CLIENTS; i++) {
		if (m.client[i].fd)
			continue;
		m.client[i] = (struct client){ .fd = fd, .sent = m.frame_length };
		return;
	}
	close(fd);
}

void drop_client(struct client *client)
{
	bool had_stdin = client->attached & ATTACH_STDIN;
	if (client->fd == m.connection)
		m.connection = -1;
	close(client->fd);
	free(client->late);
	*client = (struct client){ 0 };
	if (had_stdin && m.job->plan.stdin_once)
		end_input();
}

static bool takes(const struct client *client, enum frame_kind kind)
{
	if (kind == FRAME_STDOUT)
		return client->attached & ATTACH_STDOUT;
	if (kind == FRAME_STDERR)
		return client->attached & ATTACH_STDERR;
	return client->attached || client->watches;
}

bool is_behind(const struct client *client)
{
	return client->fd && client->sent < m.frame_length;
}

bool has_more(const struct client *client)
{
	return is_behind(client) || client->late_sent < client->late_length;
}

bool anybody_behind(void)
{
	for (int i = 0; i < MAX_CLIENTS; i++)
		if (is_behind(&m.client[i]))
			return true;
	return false;
}

void push_frame(struct client *client)
{
	const unsigned char *from = client->late ? client->late : m.frame;
	size_t length = client->late ? client->late_length : m.frame_length;
	size_t *at = client->late ? &client->late_sent : &client->sent;
	ssize_t sent = send(client->fd, from + *at, length - *at, MSG_NOSIGNAL | MSG_DONTWAIT);
	if (sent >= 0)
		*at += (size_t)sent;
	else if (errno != EAGAIN && errno != EINTR)
		drop_client(client);
}

static void set_aside(struct client *client, size_t from)
{
	size_t length = m.frame_length - from, all = client->late_length + length;
	unsigned char *late = all > MOST_LATE ? NULL : realloc(client->late, all);
	if (!late) {
		drop_client(client);
		return;
	}
	memcpy(late + client->late_length, m.frame + from, length);
	client->late = late;
	client->late_length = all;
}

void leave_behind(struct client *client)
{
	set_aside(client, client->sent);
	client->sent = m.frame_length;
}

void broadcast(enum frame_kind kind, size_t length)
{
	put_header(m.frame, kind, (uint32_t)length);
	m.frame_length = FRAME_HEADER + length;
	for (int i = 0; i < MAX_CLIENTS; i++) {
		struct client *client = &m.client[i];
		if (!client->fd)
			continue;
		bool wanted = takes(client, kind), late = client->late;
		client->sent = wanted && !late ? 0 : m.frame_length;
		if (wanted && late)
			set_aside(client, 0);
		if (client->fd && has_more(client))
			push_frame(client);
	}
}

void tell_watchers(enum frame_kind kind)
{
	uint32_t pid = (uint32_t)m.job->shared->pid;
	for (int i = 0; i < MAX_CLIENTS; i++)
		if (m.client[i].watches)
			send_frame(m.client[i].fd, kind, &pid, sizeof pid);
}
