#define _GNU_SOURCE
#include "monitor.h"
#include <errno.h>
#include <poll.h>
#include <sys/socket.h>
#include <time.h>
#include <unistd.h>

struct monitor m;

int64_t now_ms(void)
{
	struct timespec t;
	clock_gettime(CLOCK_MONOTONIC, &t);
	return (int64_t)t.tv_sec * 1000 + t.tv_nsec / 1000000;
}

void shut(int *fd)
{
	if (*fd >= 0)
		close(*fd);
	*fd = -1;
}

static void on_output(int *fd, enum frame_kind kind)
{
	int *rest = kind == FRAME_STDOUT ? &m.rest_out : &m.rest_err;
	ssize_t got = read(*fd, m.frame + FRAME_HEADER, FRAME_MAX);
	if (got < 0 && (errno == EAGAIN || errno == EINTR))
		return;
	if (got <= 0) {
		/* A pty's master ends with EIO. */
		if (m.job->plan.tty)
			m.in = -1;
		shut(fd);
		return;
	}
	*rest -= (int)got;
	log_write(&m.log, kind, m.frame + FRAME_HEADER, (size_t)got);
	/* What comes behind the end is nobody's but the log's. */
	if (!m.told)
		broadcast(kind, (size_t)got);
}

/* Places in the poll set, before those of the clients. */
enum { STATUS, PROCESS, LISTENER, OUT, ERR, IN, FIRST_CLIENT };

/* Its next bytes may be for a stdin that has no room. */
static bool is_blocked(const struct client *client)
{
	return m.input_length && client->attached & ATTACH_STDIN;
}

static void fill(struct pollfd *set, bool behind)
{
	/* A closed peer is reported even when nothing is asked of it: what may not be read now is left out. */
	bool read_output = m.started && !behind;
	set[STATUS] = (struct pollfd){ m.status, POLLIN, 0 };
	set[PROCESS] = (struct pollfd){ m.started || !m.settled ? m.pidfd : -1, POLLIN, 0 };
	set[LISTENER] = (struct pollfd){ m.listener, POLLIN, 0 };
	set[OUT] = (struct pollfd){ read_output ? m.out : -1, POLLIN, 0 };
	set[ERR] = (struct pollfd){ read_output ? m.err : -1, POLLIN, 0 };
	set[IN] = (struct pollfd){ m.input_length ? m.in : -1, POLLOUT, 0 };
	for (int i = 0; i < MAX_CLIENTS; i++) {
		const struct client *client = &m.client[i];
		short events = (short)((is_blocked(client) ? 0 : POLLIN) | (has_more(client) ? POLLOUT : 0));
		set[FIRST_CLIENT + i] = (struct pollfd){ client->fd && events ? client->fd : -1, events, 0 };
	}
}

static void serve_clients(const struct pollfd *set)
{
	for (int i = 0; i < MAX_CLIENTS; i++) {
		struct client *client = &m.client[i];
		short got = set[FIRST_CLIENT + i].revents, asked = set[FIRST_CLIENT + i].events;
		if (got && asked & POLLOUT)
			push_frame(client);
		if (!client->fd || !(asked & POLLIN) || !(got & (POLLIN | POLLHUP | POLLERR)) || is_blocked(client))
			continue;
		if (!client_read(client, &client_requests))
			drop_client(client);
	}
}

static void accept_client(void)
{
	int fd = accept4(m.listener, NULL, NULL, SOCK_CLOEXEC | SOCK_NONBLOCK);
	if (fd >= 0)
		add_client(fd);
}

static int timeout(bool behind)
{
	if (m.exited && !m.told && !behind)
		return 0;
	if (!m.deadline)
		return -1;
	int64_t left = m.deadline - now_ms();
	return left > 0 ? (int)left : 0;
}

static void drop_all(bool (*which)(const struct client *))
{
	for (int i = 0; i < MAX_CLIENTS; i++)
		if (m.client[i].fd && which(&m.client[i]))
			drop_client(&m.client[i]);
}

static bool anybody(const struct client *client)
{
	(void)client;
	return true;
}

/*
 * What a client still sends to a socket that was closed under it would fail its connection before it has read the end:
 * one that is attached is told that no more comes, and leaves by itself.
 */
static bool may_go(const struct client *client)
{
	if (has_more(client))
		return false;
	return !client->attached || shutdown(client->fd, SHUT_WR) != 0;
}

static bool anybody_here(void)
{
	for (int i = 0; i < MAX_CLIENTS; i++)
		if (m.client[i].fd)
			return true;
	return false;
}

static void on_deadline(void)
{
	m.deadline = 0;
	if (m.waiting) {
		release();
		return;
	}
	if (m.told) {
		drop_all(anybody);
		return;
	}
	for (int i = 0; i < MAX_CLIENTS; i++)
		if (is_behind(&m.client[i]))
			leave_behind(&m.client[i]);
	m.deadline = now_ms() + BEHIND_MS;
}

/* All that the process itself wrote has been read; what others go on writing keeps its end back no longer. */
static bool is_read(const struct pollfd *end, int rest)
{
	return !end->revents || rest <= 0;
}

/* Of output that was not asked for, since somebody was behind, nothing is known. */
static bool may_tell(const struct pollfd *set, bool asked)
{
	if (!m.exited || m.told || !asked || anybody_behind())
		return false;
	return is_read(&set[OUT], m.rest_out) && is_read(&set[ERR], m.rest_err);
}

static void turn(void)
{
	struct pollfd set[FIRST_CLIENT + MAX_CLIENTS];
	bool behind = anybody_behind(), launching = m.connection >= 0;
	fill(set, behind);
	int ready = poll(set, FIRST_CLIENT + MAX_CLIENTS, timeout(behind));
	if (ready < 0)
		return;
	if (set[STATUS].revents)
		on_status();
	serve_clients(set);
	bool abandoned = launching && m.connection < 0, died = set[PROCESS].revents && !m.settled;
	if (!m.started && (abandoned || died))
		give_up();
	if (set[IN].revents && m.input_length)
		write_input();
	if (set[OUT].revents)
		on_output(&m.out, FRAME_STDOUT);
	if (set[ERR].revents && !anybody_behind())
		on_output(&m.err, FRAME_STDERR);
	if (set[LISTENER].revents)
		accept_client();
	if (set[PROCESS].revents && m.started)
		on_end_of_process();
	else if (may_tell(set, !behind))
		tell_exit();
	if (m.deadline && now_ms() >= m.deadline)
		on_deadline();
}

_Noreturn void run_monitor(struct job *job, int connection, int listener)
{
	m.job = job;
	m.log = (struct log){ job->plan.log_path, job->plan.log_max_bytes, job->plan.log_max_files, -1, 0, 0 };
	m.listener = listener;
	m.status = job->status[0];
	m.gate = job->gate[1];
	m.pidfd = job->shared->pidfd;
	m.in = m.out = m.err = -1;
	m.connection = connection;
	add_client(connection);
	m.client[0].watches = true;
	disk_reserve(false);
	log_open(&m.log);
	/* After the end, output is still read for the log while processes of other pid namespaces hold it. */
	while (!m.told || anybody_here() || m.out >= 0 || m.err >= 0) {
		turn();
		if (m.told)
			drop_all(may_go);
	}
	_exit(0);
}
