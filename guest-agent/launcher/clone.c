/* The first process: cloned by the monitor, or by a joiner that entered other namespaces and hands it to the monitor. */
#define _GNU_SOURCE
#include <errno.h>
#include <fcntl.h>
#include <sched.h>
#include <signal.h>
#include <sys/ioctl.h>
#include <sys/prctl.h>
#include <sys/wait.h>
#include "job.h"
#include "sys.h"

#define MAX_JOINS 16

struct opened {
	int fd;
	/*
	 * The cgroup namespace of a process that is joined by its pidfd, taken while the guest's privileges are there: it is
	 * entered last, from the container's user namespace, in which a process that has not exec'd since (the launcher's own
	 * pid 1) may not be looked into (ptrace_may_access).
	 */
	int cgroup;
	uint64_t flags; /* 0: whatever the descriptor is */
};

/* Opens all namespaces before any is entered: afterwards the guest's /proc may be out of sight. */
static bool open_joins(struct job *job, struct opened *joins)
{
	if (job->plan.join_count > MAX_JOINS) {
		errno = E2BIG;
		note_failure(job, SECTION_JOIN, MAX_JOINS, "joins");
		return false;
	}
	for (uint32_t i = 0; i < job->plan.join_count; i++) {
		const struct join *join = &job->plan.join[i];
		bool by_pid = *join->path == 0;
		int fd = by_pid ? (int)syscall(NR_pidfd_open, join->pid, 0) : open(join->path, O_RDONLY | O_CLOEXEC);
		joins[i] = (struct opened){ fd, -1, join->flags };
		if (!by_pid && fd >= 0)
			joins[i].flags = (unsigned)ioctl(fd, GET_NSTYPE);
		if (fd < 0) {
			note_failure(job, SECTION_JOIN, i, by_pid ? "pidfd_open" : "open");
			return false;
		}
		if (by_pid && (join->flags & NEW_CGROUP) && (joins[i].cgroup = ioctl(fd, GET_CGROUP_NAMESPACE, 0)) < 0) {
			note_failure(job, SECTION_JOIN, i, "cgroup namespace");
			return false;
		}
	}
	return true;
}

/* Enters those whose bits are in `which`. */
static bool enter_joins(struct job *job, const struct opened *joins, uint64_t which)
{
	for (uint32_t i = 0; i < job->plan.join_count; i++) {
		uint64_t flags = joins[i].flags & which;
		int fd = which == NEW_CGROUP && joins[i].cgroup >= 0 ? joins[i].cgroup : joins[i].fd;
		if (flags && syscall(SYS_setns, fd, (int)flags)) {
			note_failure(job, SECTION_JOIN, i, "setns");
			return false;
		}
	}
	return true;
}

/* By the first process alone: the table of descriptors is the monitor's, too, which must not close them under its hands. */
static void close_joins(struct job *job, const struct opened *joins)
{
	for (uint32_t i = 0; i < job->plan.join_count; i++) {
		close(joins[i].fd);
		if (joins[i].cgroup >= 0)
			close(joins[i].cgroup);
	}
}

static bool await_outside(struct job *job)
{
	char byte;
	return read(job->gate[0], &byte, 1) == 1;
}

_Noreturn void run_first_process(struct job *job)
{
	/* These were the monitor's, of its own network and of nobody's user namespace. */
	job->netlink = job->userns = -1;
	job->umask_set = false;
	if (await_outside(job) && perform_ops(job, SECTION_INSIDE, &job->plan.inside)) {
		*job->detail = 0;
		step failed = settle(job);
		if (failed)
			note_failure(job, SECTION_EXEC, 0, failed);
		else if (job->plan.init)
			run_init(job);
		else
			exec_command(job);
	}
	_exit(127);
}

/* Returns in the caller alone. With `parent_flag` the child is the caller's parent's. */
static bool clone_it(struct job *job, uint64_t parent_flag, const struct opened *joins)
{
	if (job->plan.clone_flags & ~NEW_NAMESPACES) {
		errno = EINVAL;
		return false;
	}
	struct clone_args_v2 args = {
		.flags = job->plan.clone_flags | CLONE_FILES | CLONE_PIDFD | CLONE_PARENT_SETTID | parent_flag,
		.pidfd = (uint64_t)(uintptr_t)&job->shared->pidfd,
		/* Known to the first process, too, from its first moment. */
		.parent_tid = (uint64_t)(uintptr_t)&job->shared->pid,
		.exit_signal = parent_flag ? 0 : SIGCHLD,
	};
	if (job->cgroup >= 0) {
		args.flags |= INTO_CGROUP;
		args.cgroup = (uint64_t)job->cgroup;
	}
	long pid = syscall(NR_clone3, &args, sizeof args);
	if (pid == 0) {
		if (!enter_joins(job, joins, NEW_CGROUP))
			_exit(127);
		close_joins(job, joins);
		run_first_process(job);
	}
	return pid > 0;
}

static _Noreturn void run_joiner(struct job *job, const struct opened *joins)
{
	if (enter_joins(job, joins, ~(uint64_t)NEW_CGROUP) && !clone_it(job, CLONE_PARENT, joins))
		note_failure(job, SECTION_CLONE, 0, "clone3");
	_exit(0);
}

static bool clone_through_joiner(struct job *job)
{
	struct opened joins[MAX_JOINS];
	if (!open_joins(job, joins))
		return false;
	struct clone_args_v2 args = { .flags = CLONE_FILES, .exit_signal = SIGCHLD };
	long joiner = syscall(NR_clone3, &args, sizeof args);
	if (joiner == 0)
		run_joiner(job, joins);
	if (joiner < 0 || waitpid((pid_t)joiner, NULL, 0) < 0) {
		note_failure(job, SECTION_JOIN, 0, "clone3");
		return false;
	}
	return job->shared->pid > 0;
}

bool clone_first_process(struct job *job)
{
	if (*job->plan.cgroup) {
		job->cgroup = open(job->plan.cgroup, O_PATH | O_DIRECTORY | O_CLOEXEC);
		if (job->cgroup < 0) {
			note_failure(job, SECTION_CLONE, 0, "open cgroup");
			return false;
		}
	}
	bool cloned = job->plan.join_count ? clone_through_joiner(job) : clone_it(job, 0, NULL);
	if (!cloned && !job->shared->failure.set)
		note_failure(job, SECTION_CLONE, 0, "clone3");
	return cloned;
}
