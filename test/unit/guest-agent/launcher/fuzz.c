/*
 * Feeds the launcher's parsers under sanitizers. `plans`: stdin is a run of plans, each after its length (u32); prints one
 * letter a plan, `+` decoded or `-` refused. `frames`: stdin is what clients send, likewise; prints the letter of whether
 * the client may stay. Every byte that a decoded plan points to is read.
 */
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/socket.h>
#include <unistd.h>
#include "clients.h"
#include "wire.h"

static size_t touched;

static void touch_number(uint64_t number)
{
	touched += number;
}

static void touch_str(const char *text)
{
	touched += strlen(text);
}

static void touch_bytes(struct bytes bytes)
{
	for (uint32_t i = 0; i < bytes.length; i++)
		touched += bytes.at[i];
}

static void touch_list(char **list)
{
	for (; *list; list++)
		touch_str(*list);
}

/* touch_op: every field of every kind of operation, written by the test from the table. */
#include "touch.gen.h"

static void touch_ops(const struct ops *ops)
{
	for (uint32_t i = 0; i < ops->count; i++)
		touch_op(&ops->op[i]);
}

static char try_plan(const unsigned char *bytes, uint32_t length)
{
	struct plan plan = { 0 };
	if (decode_plan(&plan, bytes, length))
		return '-';
	touched += strlen(plan.socket) + strlen(plan.state_dir) + strlen(plan.log_path) + strlen(plan.cgroup);
	touch_ops(&plan.before);
	touch_ops(&plan.outside);
	touch_ops(&plan.inside);
	touch_list(plan.argv);
	touch_list(plan.env);
	touch_list(plan.search_path);
	for (uint32_t i = 0; i < plan.join_count; i++) {
		touch_str(plan.join[i].path);
		touch_number(plan.join[i].pid + plan.join[i].flags);
	}
	touch_number(plan.log_max_bytes + plan.log_max_files + plan.clone_flags);
	touch_number((uint64_t)plan.tty + plan.open_stdin + plan.stdin_once + plan.hold + plan.init);
	return '+';
}

static void on_client(struct client *client)
{
	touched += client->attached;
}

static void on_resize(uint16_t rows, uint16_t columns)
{
	touched += rows + columns;
}

static void on_signal(int signal)
{
	touched += (size_t)signal;
}

static void on_stdin(const void *data, size_t length)
{
	for (size_t i = 0; i < length; i++)
		touched += ((const unsigned char *)data)[i];
}

static void on_end(void)
{
	touched++;
}

static char try_frames(const unsigned char *bytes, uint32_t length)
{
	static const struct client_events events = { on_client, on_client, on_resize, on_signal, on_stdin, on_end };
	int pair[2];
	if (socketpair(AF_UNIX, SOCK_STREAM, 0, pair) || send(pair[0], bytes, length, 0) != (ssize_t)length)
		exit(3);
	close(pair[0]);
	struct client client = { .fd = pair[1] };
	char result = '+';
	/* The end of the stream also ends the client: the letter says whether all bytes were taken before. */
	while (client_read(&client, &events))
		;
	if (recv(pair[1], &result, 1, MSG_DONTWAIT) == 1)
		result = '-';
	close(pair[1]);
	return result;
}

int main(int argc, char **argv)
{
	if (argc != 2)
		return 2;
	char (*try)(const unsigned char *, uint32_t) = strcmp(argv[1], "plans") ? try_frames : try_plan;
	uint32_t length;
	while (fread(&length, sizeof length, 1, stdin) == 1) {
		/* Of the exact size, so that a read past the end is seen. */
		unsigned char *bytes = malloc(length ? length : 1);
		if (!bytes || fread(bytes, 1, length, stdin) != length)
			return 3;
		putchar(try(bytes, length));
		free(bytes);
	}
	return touched == (size_t)-1;
}
