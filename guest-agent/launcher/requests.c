#include <errno.h>
#include <string.h>
#include <sys/ioctl.h>
#include <unistd.h>
#include "monitor.h"
#include "sys.h"

static void close_input(void)
{
	m.input_length = 0;
	m.input_ending = false;
	/* A pty has no end of its input: the process would lose its terminal. */
	if (!m.job->plan.tty)
		shut(&m.in);
}

void end_input(void)
{
	if (m.input_length)
		m.input_ending = true;
	else
		close_input();
}

void write_input(void)
{
	ssize_t written = write(m.in, m.input, m.input_length);
	if (written < 0) {
		if (errno != EAGAIN && errno != EINTR)
			close_input();
		return;
	}
	m.input_length -= (size_t)written;
	memmove(m.input, m.input + written, m.input_length);
	if (m.input_ending)
		end_input();
}

static void on_stdin(const void *data, size_t length)
{
	if (m.in < 0)
		return;
	memcpy(m.input, data, length);
	m.input_length = length;
	write_input();
}

static void on_attached(struct client *client)
{
	(void)client;
	if (m.waiting)
		release();
}

static void on_watching(struct client *client)
{
	uint32_t pid = (uint32_t)m.job->shared->pid;
	if (m.started || m.waiting)
		send_frame(client->fd, m.started ? FRAME_STARTED : FRAME_READY, &pid, sizeof pid);
}

static void on_resize(uint16_t rows, uint16_t columns)
{
	struct winsize size = { .ws_row = rows, .ws_col = columns };
	if (m.job->plan.tty && m.out >= 0)
		ioctl(m.out, TIOCSWINSZ, &size);
}

static void on_signal(int signal)
{
	if (!m.exited)
		pidfd_signal(m.pidfd, signal);
}

const struct client_events client_requests = {
	.attached = on_attached,
	.watching = on_watching,
	.resize = on_resize,
	.signal = on_signal,
	.stdin_bytes = on_stdin,
	.stdin_end = end_input,
};
