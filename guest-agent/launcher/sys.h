/* System calls and constants newer than the C library's headers. Numbers from 424 on are the same on every architecture. */
#ifndef SYS_H
#define SYS_H
#include <stdint.h>
#include <sys/syscall.h>
#include <unistd.h>

#define NR_pidfd_send_signal 424
#define NR_open_tree 428
#define NR_move_mount 429
#define NR_fsopen 430
#define NR_fsconfig 431
#define NR_fsmount 432
#define NR_pidfd_open 434
#define NR_clone3 435
#define NR_close_range 436
#define NR_openat2 437
#define NR_mount_setattr 442

/* linux/sched.h */
#define NEW_NAMESPACES 0x7e020080ull /* every CLONE_NEW* bit */
#define NEW_CGROUP 0x02000000
#define INTO_CGROUP 0x200000000ull

struct clone_args_v2 {
	uint64_t flags, pidfd, child_tid, parent_tid, exit_signal, stack, stack_size, tls, set_tid, set_tid_size, cgroup;
};

/* linux/mount.h, linux/openat2.h, linux/fcntl.h */
#define TREE_CLONE 1
#define TREE_CLOEXEC 02000000
#define TREE_RECURSIVE 0x8000
#define EMPTY_PATH 0x1000
#define MOVE_FROM_EMPTY_PATH 4
#define MOVE_TO_EMPTY_PATH 0x40
#define MOUNT_RDONLY 1ull
#define MOUNT_IDMAP 0x00100000ull
#define FS_CLOEXEC 1
#define FS_SET_FLAG 0
#define FS_SET_STRING 1
#define FS_CREATE 6

struct mount_attributes {
	uint64_t set, clear, propagation, userns_fd;
};

struct open_how_v0 {
	uint64_t flags, mode, resolve;
};
#define STAY_BENEATH (0x08 | 0x02) /* RESOLVE_BENEATH | RESOLVE_NO_MAGICLINKS */

#define RANGE_CLOEXEC 4
#define GET_CGROUP_NAMESPACE 0xff01 /* PIDFD_GET_CGROUP_NAMESPACE, linux/pidfd.h, 6.11 */
#define GET_NSTYPE 0xb703 /* NS_GET_NSTYPE, linux/nsfs.h */
#define WAIT_PIDFD 3	  /* P_PIDFD */

/* linux/capability.h: version 3 has the sets in two halves. */
#define CAPABILITY_VERSION 0x20080522u
struct capability_header {
	uint32_t version;
	int pid;
};
struct capability_half {
	uint32_t effective, permitted, inheritable;
};

static inline int open_tree(int fd, const char *path, unsigned flags)
{
	return (int)syscall(NR_open_tree, fd, path, flags);
}

/* Attaches the detached mount `fd` at `target`. */
static inline int move_mount_to(int fd, const char *target)
{
	return (int)syscall(NR_move_mount, fd, "", -100 /* AT_FDCWD */, target, MOVE_FROM_EMPTY_PATH);
}

/* Attaches the detached mount `fd` at what `target` is a descriptor of. */
static inline int move_mount_onto(int fd, int target)
{
	return (int)syscall(NR_move_mount, fd, "", target, "", MOVE_FROM_EMPTY_PATH | MOVE_TO_EMPTY_PATH);
}

static inline int mount_setattr(int fd, const char *path, unsigned flags, struct mount_attributes *attr)
{
	return (int)syscall(NR_mount_setattr, fd, path, flags, attr, sizeof *attr);
}

static inline int pidfd_signal(int pidfd, int signal)
{
	return (int)syscall(NR_pidfd_send_signal, pidfd, signal, NULL, 0);
}

#endif
