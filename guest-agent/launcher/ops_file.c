/* Operations on files: cgroup files, maps, sysctls, device nodes, folders. */
#include <errno.h>
#include <fcntl.h>
#include <limits.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/stat.h>
#include <sys/sysmacros.h>
#include <unistd.h>
#include "job.h"

/* Copies `from` with every `{pid}` replaced by the first process's pid; false when it does not fit. */
static bool with_pid(const struct job *job, const void *from, size_t length, char *to, size_t *room)
{
	const char *text = from;
	size_t at = 0;
	for (size_t i = 0; i < length;) {
		if (*room - at < 16)
			return false;
		if (length - i >= 5 && !memcmp(text + i, "{pid}", 5)) {
			at += (size_t)snprintf(to + at, 16, "%d", job->shared->pid);
			i += 5;
		} else {
			to[at++] = text[i++];
		}
	}
	to[at] = 0;
	*room = at;
	return true;
}

static step put(int fd, const void *data, size_t length)
{
	if (fd < 0)
		return "open";
	ssize_t written = write(fd, data, length);
	int error = written < 0 ? errno : ENOSPC;
	close(fd);
	errno = error;
	return (size_t)written == length ? NULL : "write";
}

static step write_file(const struct job *job, const struct op_write *op)
{
	char path[PATH_MAX], data[4096 + 64];
	size_t path_room = sizeof path, data_room = sizeof data;
	if (!with_pid(job, op->path, strlen(op->path), path, &path_room) ||
	    !with_pid(job, op->data.at, op->data.length, data, &data_room)) {
		errno = E2BIG;
		return "write";
	}
	return put(open(path, O_WRONLY | O_CLOEXEC), data, data_room);
}

step make_file(const char *path)
{
	if (mknod(path, S_IFREG | 0644, 0) == 0 || errno == EEXIST)
		return NULL;
	if (errno != ENOENT)
		return "mknod";
	char parent[PATH_MAX];
	snprintf(parent, sizeof parent, "%s", path);
	char *slash = strrchr(parent, '/');
	if (!slash || slash == parent)
		return "mknod";
	*slash = 0;
	step failed = make_dirs(parent, 0755);
	if (failed)
		return failed;
	return mknod(path, S_IFREG | 0644, 0) == 0 || errno == EEXIST ? NULL : "mknod";
}

step perform_file_op(struct job *job, const struct op *op, bool *known)
{
	switch (op->code) {
	case OP_MKDIR:
		return mkdir(op->u.mkdir.path, op->u.mkdir.mode) == 0 || errno == EEXIST ? NULL : "mkdir";
	case OP_WRITE:
		return write_file(job, &op->u.write);
	case OP_CREATE_FILE: {
		const struct op_create_file *f = &op->u.create_file;
		return put(open(f->path, O_WRONLY | O_CREAT | O_TRUNC | O_CLOEXEC, (mode_t)f->mode), f->data.at,
			   f->data.length);
	}
	case OP_SYMLINK:
		return symlink(op->u.symlink.target, op->u.symlink.path) ? "symlink" : NULL;
	case OP_MKNOD: {
		const struct op_mknod *n = &op->u.mknod;
		return mknod(n->path, n->mode, makedev(n->major, n->minor)) ? "mknod" : NULL;
	}
	case OP_CHOWN:
		return lchown(op->u.chown.path, op->u.chown.uid, op->u.chown.gid) ? "lchown" : NULL;
	case OP_MAKE_DIRS:
		return make_dirs(op->u.make_dirs.path, op->u.make_dirs.mode);
	}
	*known = false;
	return NULL;
}
