/* Operations on mounts: mount(2) and the newer calls that work on detached mounts, held in slots. */
#include <errno.h>
#include <fcntl.h>
#include <stdio.h>
#include <string.h>
#include <sys/mount.h>
#include <sys/stat.h>
#include <sys/vfs.h>
#include "job.h"
#include "sys.h"

#define PROC_FILES 0x9fa0 /* linux/magic.h */

static step fill_slot(struct job *job, uint32_t slot, int fd)
{
	if (slot < SLOTS && job->shared->slot[slot] == 0) {
		job->shared->slot[slot] = fd + 1;
		return NULL;
	}
	close(fd);
	errno = EBADSLT;
	return "slot";
}

/* The slot's descriptor, which leaves the slot; -1 and errno when the slot is empty. */
static int take_slot(struct job *job, uint32_t slot)
{
	if (slot >= SLOTS || job->shared->slot[slot] == 0) {
		errno = EBADSLT;
		return -1;
	}
	int fd = job->shared->slot[slot] - 1;
	job->shared->slot[slot] = 0;
	return fd;
}

/* Closes and gives the step back with errno kept. */
static step close_after(int fd, step failed)
{
	int error = errno;
	close(fd);
	errno = error;
	return failed;
}

/* A mount context can be read for the kernel's own message: one line, its kind and a space first. */
static step context_failure(struct job *job, int fd, step failed)
{
	int error = errno;
	ssize_t got = read(fd, job->detail, sizeof job->detail - 1);
	if (got > 2) {
		job->detail[got] = 0;
		memmove(job->detail, job->detail + 2, (size_t)got - 1);
		job->detail[strcspn(job->detail, "\n")] = 0;
	}
	errno = error;
	return close_after(fd, failed);
}

static int set_options(int fd, const char *options)
{
	char copy[1024];
	if (snprintf(copy, sizeof copy, "%s", options) >= (int)sizeof copy) {
		errno = E2BIG;
		return -1;
	}
	char *rest;
	for (char *option = strtok_r(copy, ",", &rest); option; option = strtok_r(NULL, ",", &rest)) {
		char *value = strchr(option, '=');
		if (value)
			*value++ = 0;
		if (syscall(NR_fsconfig, fd, value ? FS_SET_STRING : FS_SET_FLAG, option, value, 0))
			return -1;
	}
	return 0;
}

static step create_mount(struct job *job, const struct op_create_mount *op)
{
	int fd = (int)syscall(NR_fsopen, op->type, FS_CLOEXEC);
	if (fd < 0)
		return "fsopen";
	if (*op->source && syscall(NR_fsconfig, fd, FS_SET_STRING, "source", op->source, 0))
		return context_failure(job, fd, "fsconfig source");
	if (set_options(fd, op->data) || syscall(NR_fsconfig, fd, FS_CREATE, NULL, NULL, 0))
		return context_failure(job, fd, "fsconfig");
	int mount = (int)syscall(NR_fsmount, fd, FS_CLOEXEC, op->attr);
	if (mount < 0)
		return context_failure(job, fd, "fsmount");
	close(fd);
	return fill_slot(job, op->slot, mount);
}

/* Opens `source`; what follows its first "/./" may not lead out of what stands before. */
static int open_beneath(const char *source)
{
	const char *mark = strstr(source, "/./");
	char root[4096];
	if (!mark || (size_t)(mark - source) >= sizeof root) {
		errno = EINVAL;
		return -1;
	}
	memcpy(root, source, (size_t)(mark - source));
	root[mark - source] = 0;
	int base = open(*root ? root : "/", O_PATH | O_DIRECTORY | O_CLOEXEC);
	if (base < 0)
		return -1;
	struct open_how_v0 how = { .flags = O_PATH | O_CLOEXEC, .resolve = STAY_BENEATH };
	int fd = (int)syscall(NR_openat2, base, mark[3] ? mark + 3 : ".", &how, sizeof how);
	close_after(base, NULL);
	return fd;
}

static int user_namespace(struct job *job)
{
	if (job->userns < 0) {
		char path[40];
		snprintf(path, sizeof path, "/proc/%d/ns/user", job->shared->pid);
		job->userns = open(path, O_RDONLY | O_CLOEXEC);
	}
	return job->userns;
}

static step open_tree_op(struct job *job, const struct op_open_tree *op)
{
	unsigned recursive = op->recursive ? TREE_RECURSIVE : 0;
	unsigned flags = TREE_CLONE | TREE_CLOEXEC | recursive;
	int fd;
	if (op->under) {
		int at = open_beneath(op->source);
		if (at < 0)
			return "openat2";
		fd = open_tree(at, "", flags | EMPTY_PATH);
		close_after(at, NULL);
	} else {
		fd = open_tree(AT_FDCWD, op->source, flags);
	}
	if (fd < 0)
		return "open_tree";
	struct mount_attributes attr = { .set = op->attr };
	if (op->idmap) {
		int userns = user_namespace(job);
		if (userns < 0)
			return close_after(fd, "open user namespace");
		attr.set |= MOUNT_IDMAP;
		attr.userns_fd = (uint64_t)userns;
	}
	if (attr.set && mount_setattr(fd, "", EMPTY_PATH | recursive, &attr))
		return close_after(fd, op->idmap ? "mount_setattr idmap" : "mount_setattr");
	return fill_slot(job, op->slot, fd);
}

/*
 * What is mounted where a user says may have a link of the image in its way. It must not get to lie over the root or in /proc,
 * which are refused by name.
 */
static step place_at_links_end(int mount, const char *target)
{
	struct stat source, place, root;
	if (fstat(mount, &source))
		return "fstat";
	int at = open_place(target, S_ISDIR(source.st_mode) ? S_IFDIR | 0755 : S_IFREG | 0644);
	if (at < 0)
		return "mount point";
	struct statfs system;
	if (fstat(at, &place) || stat("/", &root) || fstatfs(at, &system))
		return close_after(at, "fstat");
	errno = EPERM;
	if (place.st_dev == root.st_dev && place.st_ino == root.st_ino)
		return close_after(at, "its link leads to /");
	if (system.f_type == PROC_FILES && strncmp(target, "/proc/", 6))
		return close_after(at, "its link leads to /proc");
	return close_after(at, move_mount_onto(mount, at) ? "move_mount" : NULL);
}

static step place_mount(struct job *job, const struct op_place_mount *op)
{
	int fd = take_slot(job, op->slot);
	if (fd < 0)
		return "slot";
	if (op->create == 3)
		return close_after(fd, place_at_links_end(fd, op->target));
	if (move_mount_to(fd, op->target) == 0)
		return close_after(fd, NULL);
	if (errno != ENOENT || op->create == 0)
		return close_after(fd, "move_mount");
	step failed = op->create == 1 ? make_dirs(op->target, 0755) : make_file(op->target);
	if (!failed && move_mount_to(fd, op->target))
		failed = "move_mount";
	return close_after(fd, failed);
}

static step pivot_root_op(struct job *job, const struct op_pivot_root *op)
{
	int fd = take_slot(job, op->slot);
	if (fd < 0)
		return "slot";
	if (move_mount_to(fd, op->scratch))
		return close_after(fd, "move_mount");
	close(fd);
	if (chdir(op->scratch))
		return "chdir";
	/* The old root comes to lie over the new one, where "." still means it. */
	if (syscall(SYS_pivot_root, ".", "."))
		return "pivot_root";
	if (umount2(".", MNT_DETACH))
		return "umount2";
	return chdir("/") ? "chdir" : NULL;
}

/* An empty read-only folder over a folder. One tmpfs serves all: the next ones are binds of the first. */
static step mask_folder(struct job *job, const char *path)
{
	unsigned long flags = MS_RDONLY | MS_NOSUID | MS_NODEV | MS_NOEXEC;
	int failed = job->masked ? mount(job->masked, path, NULL, MS_BIND, NULL)
				 : mount("tmpfs", path, "tmpfs", flags, "nr_inodes=2,mode=0755");
	/* ENOTDIR: the path leads through what is no folder, so there is nothing to hide. */
	if (failed)
		return errno == ENOTDIR ? NULL : "mount";
	job->masked = job->masked ? job->masked : path;
	return NULL;
}

static step mask_path(struct job *job, const char *path)
{
	if (mount("/dev/null", path, NULL, MS_BIND, NULL) == 0)
		return NULL;
	if (errno == ENOTDIR)
		return mask_folder(job, path);
	/* ENOENT may also mean that /dev/null is missing: then what should be hidden is not. */
	return errno == ENOENT && access(path, F_OK) && errno == ENOENT ? NULL : "mount";
}

static step readonly_path(const char *path)
{
	if (mount(path, path, NULL, MS_BIND | MS_REC, NULL))
		return errno == ENOENT ? NULL : "mount";
	struct mount_attributes attr = { .set = MOUNT_RDONLY };
	return mount_setattr(AT_FDCWD, path, TREE_RECURSIVE, &attr) ? "mount_setattr" : NULL;
}

static step set_attributes(const struct op_set_mount_attr *op)
{
	struct mount_attributes attr = { .set = op->set, .clear = op->clear };
	return mount_setattr(AT_FDCWD, op->target, op->recursive ? TREE_RECURSIVE : 0, &attr) ? "mount_setattr" : NULL;
}

static step move_slot(struct job *job, const struct op_move_mount *op)
{
	int fd = take_slot(job, op->slot);
	if (fd < 0)
		return "slot";
	return close_after(fd, move_mount_to(fd, op->target) ? "move_mount" : NULL);
}

step perform_mount_op(struct job *job, const struct op *op, bool *known)
{
	switch (op->code) {
	case OP_CREATE_MOUNT:
		return create_mount(job, &op->u.create_mount);
	case OP_MOUNT: {
		const struct op_mount *m = &op->u.mount;
		return mount(m->source, m->target, m->type, (unsigned long)m->flags, m->data) ? "mount" : NULL;
	}
	case OP_OPEN_TREE:
		return open_tree_op(job, &op->u.open_tree);
	case OP_MOVE_MOUNT:
		return move_slot(job, &op->u.move_mount);
	case OP_PLACE_MOUNT:
		return place_mount(job, &op->u.place_mount);
	case OP_SET_MOUNT_ATTR:
		return set_attributes(&op->u.set_mount_attr);
	case OP_PROPAGATION:
		return mount(NULL, "/", NULL, MS_REC | (unsigned long)op->u.propagation.flags, NULL) ? "mount" : NULL;
	case OP_PIVOT_ROOT:
		return pivot_root_op(job, &op->u.pivot_root);
	case OP_MASK_PATH:
		return mask_path(job, op->u.mask_path.path);
	case OP_READONLY_PATH:
		return readonly_path(op->u.readonly_path.path);
	}
	*known = false;
	return NULL;
}
