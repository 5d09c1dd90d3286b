/* From a connection to a running first process: reads the plan and executes its monitor's part. */
#define _GNU_SOURCE
#include <errno.h>
#include <fcntl.h>
#include <signal.h>
#include <string.h>
#include <sys/mman.h>
#include <sys/socket.h>
#include <sys/wait.h>
#include <unistd.h>
#include "frames.h"
#include "sys.h"

#define PLAN_SECONDS 10

static bool read_all(int fd, void *to, size_t length)
{
	for (size_t at = 0; at < length;) {
		ssize_t got = recv(fd, (char *)to + at, length - at, MSG_WAITALL);
		if (got <= 0)
			return false;
		at += (size_t)got;
	}
	return true;
}

/*
 * The plan's bytes after their length (u32). A client may connect beforehand and send nothing until it has a plan; once it
 * begins, what does not come in time ends this process by SIGALRM.
 */
static step receive_plan(struct job *job, int connection)
{
	uint32_t length;
	if (!read_all(connection, &length, 1))
		_exit(0);
	alarm(PLAN_SECONDS);
	if (!read_all(connection, (char *)&length + 1, sizeof length - 1))
		_exit(0);
	errno = EMSGSIZE;
	if (length > PLAN_MAX_BYTES)
		return "plan longer than 1 MiB";
	unsigned char *bytes = mmap(NULL, length + 1u, PROT_READ | PROT_WRITE, MAP_PRIVATE | MAP_ANONYMOUS, -1, 0);
	if (bytes == MAP_FAILED)
		return "mmap";
	if (!read_all(connection, bytes, length))
		_exit(0);
	alarm(0);
	errno = EBADMSG;
	return decode_plan(&job->plan, bytes, length);
}

static bool open_gate(struct job *job)
{
	if (write(job->gate[1], "", 1) == 1)
		return true;
	note_failure(job, SECTION_MONITOR, 0, "write");
	return false;
}

static bool start(struct job *job, int *listener)
{
	*listener = listen_unix(job->plan.socket);
	if (*listener < 0) {
		note_failure(job, SECTION_MONITOR, 0, "monitor socket");
		return false;
	}
	if (!perform_ops(job, SECTION_BEFORE, &job->plan.before))
		return false;
	if (pipe2(job->gate, O_CLOEXEC) || pipe2(job->status, O_CLOEXEC)) {
		note_failure(job, SECTION_MONITOR, 0, "pipe2");
		return false;
	}
	/* The gate is a pipe: with nothing to wait for, it is opened before anybody stands at it. */
	bool waits = job->plan.outside.count > 0;
	if (!waits && !open_gate(job))
		return false;
	if (!clone_first_process(job))
		return false;
	return !waits || (perform_ops(job, SECTION_OUTSIDE, &job->plan.outside) && open_gate(job));
}

_Noreturn void run_job(int connection)
{
	struct job job = { .cgroup = -1, .userns = -1, .netlink = -1, .program = -1, .bounding = ~0ull };
	job.shared = mmap(NULL, sizeof *job.shared, PROT_READ | PROT_WRITE, MAP_SHARED | MAP_ANONYMOUS, -1, 0);
	if (job.shared == MAP_FAILED)
		_exit(1);
	signal(SIGCHLD, SIG_DFL);
	setsid();
	step failed = receive_plan(&job, connection);
	int listener = -1;
	if (failed)
		note_failure(&job, SECTION_PLAN, 0, failed);
	else if (start(&job, &listener))
		run_monitor(&job, connection, listener);
	if (job.shared->pid > 0) {
		pidfd_signal(job.shared->pidfd, SIGKILL);
		waitpid(job.shared->pid, NULL, 0);
	}
	if (listener >= 0)
		unlink(job.plan.socket);
	send_failure(connection, &job.shared->failure);
	_exit(1);
}
