/* The process's stdin, stdout and stderr, made by the first process so that they are of its user and its devpts. */
#include <errno.h>
#include <fcntl.h>
#include <stdlib.h>
#include <sys/ioctl.h>
#include <sys/stat.h>
#include <unistd.h>
#include "job.h"
#include "sys.h"

#define UNLOCK_PTY 0x40045431	/* TIOCSPTLCK */
#define OPEN_PTY_PEER 0x5441 /* TIOCGPTPEER */

static step bind_console(int fd, const char *path)
{
	int tree = open_tree(fd, "", TREE_CLONE | TREE_CLOEXEC | EMPTY_PATH);
	if (tree < 0)
		return "open_tree console";
	step failed = make_file(path);
	if (!failed && move_mount_to(tree, path))
		failed = "move_mount console";
	int error = errno;
	close(tree);
	errno = error;
	return failed;
}

static step make_pty(struct stdio *io, const struct op_stdio *wanted)
{
	int unlocked = 0, flags = O_RDWR | O_NOCTTY | O_CLOEXEC;
	int master = open("/dev/ptmx", flags | O_NONBLOCK);
	if (master < 0)
		return "open /dev/ptmx";
	io->in = io->out = master;
	if (ioctl(master, UNLOCK_PTY, &unlocked))
		return "unlock pty";
	int slave = ioctl(master, OPEN_PTY_PEER, flags);
	if (slave < 0)
		return "open pty peer";
	io->container_in = io->container_out = io->container_err = slave;
	if (wanted->uid != (uid_t)-1 && fchown(slave, wanted->uid, (gid_t)-1))
		return "fchown pty";
	struct winsize size = { .ws_row = (uint16_t)wanted->rows, .ws_col = (uint16_t)wanted->columns };
	if ((size.ws_row || size.ws_col) && ioctl(master, TIOCSWINSZ, &size))
		return "size of the pty";
	return *wanted->console ? bind_console(slave, wanted->console) : NULL;
}

static step make_pipe(int *container, int *monitor, bool container_reads, const struct stat *owner)
{
	int end[2];
	if (pipe2(end, O_CLOEXEC))
		return "pipe2";
	*container = end[container_reads ? 0 : 1];
	*monitor = end[container_reads ? 1 : 0];
	if (owner->st_uid == (uid_t)-1)
		return NULL;
	return fchown(*container, owner->st_uid, owner->st_gid) ? "fchown pipe" : NULL;
}

step make_stdio(struct job *job, const struct op_stdio *wanted)
{
	struct stdio *io = &job->shared->stdio;
	if (io->out)
		return NULL;
	if (job->plan.tty)
		return make_pty(io, wanted);
	struct stat owner = { .st_uid = wanted->uid, .st_gid = wanted->gid };
	step failed = NULL;
	if (job->plan.open_stdin)
		failed = make_pipe(&io->container_in, &io->in, true, &owner);
	if (!failed)
		failed = make_pipe(&io->container_out, &io->out, false, &owner);
	if (!failed)
		failed = make_pipe(&io->container_err, &io->err, false, &owner);
	return failed;
}

/* Where nothing shall be read: /dev/null of the container, or a pipe that nobody writes to where there is none. */
static int open_nothing(void)
{
	int fd = open("/dev/null", O_RDONLY | O_CLOEXEC);
	if (fd >= 0)
		return fd;
	int end[2];
	if (pipe2(end, O_CLOEXEC))
		return -1;
	close(end[1]);
	return end[0];
}

step settle(struct job *job)
{
	if (job->settled)
		return NULL;
	const struct op_stdio unowned = { .uid = (uid_t)-1, .gid = (gid_t)-1, .console = "" };
	step failed = make_stdio(job, &unowned);
	if (failed)
		return failed;
	struct stdio *io = &job->shared->stdio;
	/* Of the container's network, which it would hold as long as the monitor has it, too. */
	if (job->netlink >= 0)
		close(job->netlink);
	job->netlink = -1;
	if (syscall(SYS_unshare, 0x400 /* CLONE_FILES */))
		return "unshare files";
	int in = io->container_in ? io->container_in : open_nothing();
	if (dup2(in, 0) < 0 || dup2(io->container_out, 1) < 0 || dup2(io->container_err, 2) < 0)
		return "dup2";
	if (job->plan.tty) {
		if (setsid() < 0 && errno != EPERM)
			return "setsid";
		if (ioctl(0, TIOCSCTTY, 0))
			return "controlling terminal";
	}
	if (syscall(NR_close_range, 3, ~0u, RANGE_CLOEXEC))
		return "close_range";
	if (!job->umask_set)
		umask(022);
	char byte = 0;
	if (write(job->status[1], &byte, 1) != 1)
		return "report to the monitor";
	/* The monitor has gone when there is no word: nobody is left to run for. */
	close(job->gate[1]);
	if (job->plan.hold && read(job->gate[0], &byte, 1) != 1)
		_exit(127);
	job->settled = true;
	return NULL;
}
