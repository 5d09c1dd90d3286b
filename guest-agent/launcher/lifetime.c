#define _GNU_SOURCE
#include <errno.h>
#include <fcntl.h>
#include <limits.h>
#include <signal.h>
#include <stdio.h>
#include <string.h>
#include <sys/ioctl.h>
#include <sys/wait.h>
#include <time.h>
#include "monitor.h"
#include "sys.h"

#define HOLD_MS 30000
#define LINGER_MS 30000

void release(void)
{
	m.waiting = false;
	m.deadline = 0;
	m.released = !m.job->plan.hold || write(m.gate, "", 1) == 1;
	shut(&m.gate);
}

_Noreturn void give_up(void)
{
	struct failure *failure = &m.job->shared->failure;
	int status = 0;
	pidfd_signal(m.pidfd, SIGKILL);
	waitpid(m.job->shared->pid, &status, 0);
	unlink(m.job->plan.socket);
	if (!failure->set) {
		*failure = (struct failure){ .set = true, .section = SECTION_EXEC, .error = ESRCH };
		snprintf(failure->text, sizeof failure->text, "signal %d ended the process before exec", WTERMSIG(status));
	}
	if (m.connection >= 0)
		send_failure(m.connection, failure);
	const int32_t exit[2] = { failure->error == ENOENT ? 127 : 126, 0 };
	memcpy(m.frame + FRAME_HEADER, exit, sizeof exit);
	for (int i = 0; i < MAX_CLIENTS; i++)
		m.client[i].watches = false;
	broadcast(FRAME_EXIT, sizeof exit);
	_exit(1);
}

static void close_each(const int *fds, size_t count)
{
	for (size_t i = 0; i < count; i++)
		if (fds[i] > 2)
			close(fds[i]);
}

/* What the first process made is the monitor's now; the container's ends and all that only served the launch go. */
static void take_over(void)
{
	struct job *job = m.job;
	const struct stdio *io = &job->shared->stdio;
	m.in = io->in ? io->in : -1;
	m.out = io->out;
	m.err = io->err ? io->err : -1;
	const int launch[] = { job->status[1], job->gate[0], job->cgroup, job->userns, job->netlink, io->container_out,
			       io->container_err == io->container_out ? -1 : io->container_err,
			       io->container_in == io->container_out ? -1 : io->container_in };
	close_each(launch, sizeof launch / sizeof *launch);
	for (int i = 0; i < SLOTS; i++)
		if (job->shared->slot[i])
			close(job->shared->slot[i] - 1);
	const int ends[] = { m.in, m.out, m.err };
	for (int i = 0; i < 3; i++)
		if (ends[i] >= 0)
			fcntl(ends[i], F_SETFL, O_NONBLOCK);
}

static bool anybody_attached(void)
{
	for (int i = 0; i < MAX_CLIENTS; i++)
		if (m.client[i].attached)
			return true;
	return false;
}

/* A byte when the first process has settled; the end of file when it has run exec, or ended. */
void on_status(void)
{
	char byte;
	if (read(m.status, &byte, 1) == 1) {
		m.settled = true;
		take_over();
		if (!m.job->plan.hold || anybody_attached()) {
			release();
			return;
		}
		m.waiting = true;
		m.deadline = now_ms() + HOLD_MS;
		tell_watchers(FRAME_READY);
		return;
	}
	if (m.job->shared->failure.set || !m.released)
		give_up();
	shut(&m.status);
	m.started = true;
	m.connection = -1;
	tell_watchers(FRAME_STARTED);
}

/* A terminal's own buffers are counted by nothing: all of them. */
#define TERMINAL_REST (1 << 17)

static int unread(int fd)
{
	int bytes = 0;
	if (m.job->plan.tty)
		return TERMINAL_REST;
	return fd >= 0 && ioctl(fd, FIONREAD, &bytes) == 0 ? bytes : 0;
}

void on_end_of_process(void)
{
	siginfo_t info = { 0 };
	if (waitid(WAIT_PIDFD, (id_t)m.pidfd, &info, WEXITED) || info.si_pid == 0)
		return;
	m.exited = true;
	m.rest_out = unread(m.out);
	m.rest_err = unread(m.err);
	m.signal = info.si_code == CLD_EXITED ? 0 : info.si_status;
	m.code = info.si_code == CLD_EXITED ? info.si_status : 128 + info.si_status;
	m.deadline = now_ms() + BEHIND_MS;
	m.input_length = 0;
	shut(&m.pidfd);
	end_input();
}

/*
 * The data disk's last blocks are for whoever has CAP_SYS_RESOURCE (ext4(5), resuid). A log must not fill them; the record
 * of the exit may.
 */
#define RESOURCE (1u << 24)

void disk_reserve(bool usable)
{
	struct capability_header header = { CAPABILITY_VERSION, 0 };
	struct capability_half sets[2];
	if (syscall(SYS_capget, &header, sets))
		return;
	sets[0].effective = usable ? sets[0].effective | (sets[0].permitted & RESOURCE) : sets[0].effective & ~RESOURCE;
	syscall(SYS_capset, &header, sets);
}

static void write_exit_record(void)
{
	char path[PATH_MAX], temporary[PATH_MAX], text[80];
	struct timespec t;
	clock_gettime(CLOCK_REALTIME, &t);
	int length = snprintf(text, sizeof text, "%d %d %lld%09ld %llu\n", m.code, m.signal, (long long)t.tv_sec, t.tv_nsec,
			      (unsigned long long)m.log.dropped);
	snprintf(path, sizeof path, "%s/exit", m.job->plan.state_dir);
	snprintf(temporary, sizeof temporary, "%s/exit.new", m.job->plan.state_dir);
	int fd = open(temporary, O_WRONLY | O_CREAT | O_TRUNC | O_CLOEXEC, 0600);
	if (fd < 0)
		return;
	bool whole = write(fd, text, (size_t)length) == length;
	close(fd);
	if (whole)
		rename(temporary, path);
}

/* All output that the process left has been read: the record first, then everybody is told. */
void tell_exit(void)
{
	disk_reserve(true);
	write_exit_record();
	disk_reserve(false);
	unlink(m.job->plan.socket);
	shut(&m.listener);
	const int32_t exit[2] = { m.code, m.signal };
	memcpy(m.frame + FRAME_HEADER, exit, sizeof exit);
	m.told = true;
	m.deadline = now_ms() + LINGER_MS;
	broadcast(FRAME_EXIT, sizeof exit);
}
