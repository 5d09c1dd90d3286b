/* Written by scripts/generate-ops.ts from guest-agent/plan/op.ts: do not edit. */
#ifndef OPS_GEN_H
#define OPS_GEN_H
#include "wire_fields.h"
#define PLAN_MAGIC 0x48545242u
#define PLAN_VERSION 1u
#define PLAN_TABLE 0x874e4404u
#define PLAN_MAX_BYTES 1048576u
enum section {
	SECTION_PLAN = 0,
	SECTION_BEFORE = 1,
	SECTION_JOIN = 2,
	SECTION_CLONE = 3,
	SECTION_OUTSIDE = 4,
	SECTION_INSIDE = 5,
	SECTION_EXEC = 6,
	SECTION_MONITOR = 7,
};
enum op_code {
	OP_MKDIR = 1,
	OP_WRITE = 2,
	OP_CREATE_FILE = 3,
	OP_SYMLINK = 4,
	OP_MKNOD = 5,
	OP_CHOWN = 6,
	OP_DEVICE_PROGRAM = 7,
	OP_CREATE_MOUNT = 9,
	OP_MOUNT = 10,
	OP_OPEN_TREE = 11,
	OP_MOVE_MOUNT = 12,
	OP_PLACE_MOUNT = 13,
	OP_SET_MOUNT_ATTR = 14,
	OP_PROPAGATION = 15,
	OP_PIVOT_ROOT = 16,
	OP_MASK_PATH = 17,
	OP_READONLY_PATH = 18,
	OP_MAKE_DIRS = 19,
	OP_UNSHARE = 20,
	OP_SETHOSTNAME = 21,
	OP_SETDOMAINNAME = 22,
	OP_NETLINK = 30,
	OP_RLIMIT = 40,
	OP_UMASK = 41,
	OP_SETGROUPS = 42,
	OP_SETIDS = 43,
	OP_CAPABILITIES = 44,
	OP_FSIDS = 52,
	OP_NO_NEW_PRIVILEGES = 45,
	OP_SECCOMP = 46,
	OP_CHDIR = 47,
	OP_SETSID = 48,
	OP_KEYRING = 49,
	OP_STDIO = 51,
	OP_OWN_PROGRAM = 53,
	OP_BOUNDING = 50,
};
struct op_mkdir {
	const char *path;
	uint32_t mode;
};
struct op_write {
	const char *path;
	struct bytes data;
};
struct op_create_file {
	const char *path;
	uint32_t mode;
	struct bytes data;
};
struct op_symlink {
	const char *target;
	const char *path;
};
struct op_mknod {
	const char *path;
	uint32_t mode;
	uint32_t major;
	uint32_t minor;
};
struct op_chown {
	const char *path;
	uint32_t uid;
	uint32_t gid;
};
struct op_device_program {
	const char *cgroup;
	struct bytes program;
	const char *kept;
};
struct op_create_mount {
	uint32_t slot;
	const char *type;
	const char *source;
	uint64_t attr;
	const char *data;
};
struct op_mount {
	const char *source;
	const char *target;
	const char *type;
	uint64_t flags;
	const char *data;
};
struct op_open_tree {
	uint32_t slot;
	const char *source;
	uint32_t recursive;
	uint32_t idmap;
	uint64_t attr;
	uint32_t under;
};
struct op_move_mount {
	uint32_t slot;
	const char *target;
};
struct op_place_mount {
	uint32_t slot;
	const char *target;
	uint32_t create;
};
struct op_set_mount_attr {
	const char *target;
	uint32_t recursive;
	uint64_t set;
	uint64_t clear;
};
struct op_propagation {
	uint64_t flags;
};
struct op_pivot_root {
	uint32_t slot;
	const char *scratch;
};
struct op_mask_path {
	const char *path;
};
struct op_readonly_path {
	const char *path;
};
struct op_make_dirs {
	const char *path;
	uint32_t mode;
};
struct op_unshare {
	uint64_t flags;
};
struct op_sethostname {
	const char *name;
};
struct op_setdomainname {
	const char *name;
};
struct op_netlink {
	struct bytes message;
	uint32_t pid_at;
	uint32_t index_at;
	const char *ifname;
};
struct op_rlimit {
	uint32_t resource;
	uint64_t soft;
	uint64_t hard;
};
struct op_umask {
	uint32_t mask;
};
struct op_setgroups {
	struct bytes gids;
};
struct op_setids {
	uint32_t uid;
	uint32_t gid;
};
struct op_capabilities {
	uint64_t bounding;
	uint64_t effective;
	uint64_t permitted;
	uint64_t inheritable;
	uint64_t ambient;
};
struct op_fsids {
	uint32_t uid;
	uint32_t gid;
};
struct op_seccomp {
	struct bytes program;
	uint32_t flags;
};
struct op_chdir {
	const char *path;
};
struct op_keyring {
	const char *name;
};
struct op_stdio {
	uint32_t uid;
	uint32_t gid;
	const char *console;
	uint32_t rows;
	uint32_t columns;
};
struct op_bounding {
	uint64_t bounding;
};
struct op {
	uint32_t code;
	union {
		struct op_mkdir mkdir;
		struct op_write write;
		struct op_create_file create_file;
		struct op_symlink symlink;
		struct op_mknod mknod;
		struct op_chown chown;
		struct op_device_program device_program;
		struct op_create_mount create_mount;
		struct op_mount mount;
		struct op_open_tree open_tree;
		struct op_move_mount move_mount;
		struct op_place_mount place_mount;
		struct op_set_mount_attr set_mount_attr;
		struct op_propagation propagation;
		struct op_pivot_root pivot_root;
		struct op_mask_path mask_path;
		struct op_readonly_path readonly_path;
		struct op_make_dirs make_dirs;
		struct op_unshare unshare;
		struct op_sethostname sethostname;
		struct op_setdomainname setdomainname;
		struct op_netlink netlink;
		struct op_rlimit rlimit;
		struct op_umask umask;
		struct op_setgroups setgroups;
		struct op_setids setids;
		struct op_capabilities capabilities;
		struct op_fsids fsids;
		struct op_seccomp seccomp;
		struct op_chdir chdir;
		struct op_keyring keyring;
		struct op_stdio stdio;
		struct op_bounding bounding;
	} u;
};
/* Fills the fields of op->code; false when there is no such operation. */
static inline bool read_op_fields(struct reader *r, struct op *op)
{
	switch (op->code) {
	case OP_MKDIR:
		op->u.mkdir.path = read_str(r);
		op->u.mkdir.mode = read_u32(r);
		return true;
	case OP_WRITE:
		op->u.write.path = read_str(r);
		op->u.write.data = read_bytes(r);
		return true;
	case OP_CREATE_FILE:
		op->u.create_file.path = read_str(r);
		op->u.create_file.mode = read_u32(r);
		op->u.create_file.data = read_bytes(r);
		return true;
	case OP_SYMLINK:
		op->u.symlink.target = read_str(r);
		op->u.symlink.path = read_str(r);
		return true;
	case OP_MKNOD:
		op->u.mknod.path = read_str(r);
		op->u.mknod.mode = read_u32(r);
		op->u.mknod.major = read_u32(r);
		op->u.mknod.minor = read_u32(r);
		return true;
	case OP_CHOWN:
		op->u.chown.path = read_str(r);
		op->u.chown.uid = read_u32(r);
		op->u.chown.gid = read_u32(r);
		return true;
	case OP_DEVICE_PROGRAM:
		op->u.device_program.cgroup = read_str(r);
		op->u.device_program.program = read_bytes(r);
		op->u.device_program.kept = read_str(r);
		return true;
	case OP_CREATE_MOUNT:
		op->u.create_mount.slot = read_u32(r);
		op->u.create_mount.type = read_str(r);
		op->u.create_mount.source = read_str(r);
		op->u.create_mount.attr = read_u64(r);
		op->u.create_mount.data = read_str(r);
		return true;
	case OP_MOUNT:
		op->u.mount.source = read_str(r);
		op->u.mount.target = read_str(r);
		op->u.mount.type = read_str(r);
		op->u.mount.flags = read_u64(r);
		op->u.mount.data = read_str(r);
		return true;
	case OP_OPEN_TREE:
		op->u.open_tree.slot = read_u32(r);
		op->u.open_tree.source = read_str(r);
		op->u.open_tree.recursive = read_u32(r);
		op->u.open_tree.idmap = read_u32(r);
		op->u.open_tree.attr = read_u64(r);
		op->u.open_tree.under = read_u32(r);
		return true;
	case OP_MOVE_MOUNT:
		op->u.move_mount.slot = read_u32(r);
		op->u.move_mount.target = read_str(r);
		return true;
	case OP_PLACE_MOUNT:
		op->u.place_mount.slot = read_u32(r);
		op->u.place_mount.target = read_str(r);
		op->u.place_mount.create = read_u32(r);
		return true;
	case OP_SET_MOUNT_ATTR:
		op->u.set_mount_attr.target = read_str(r);
		op->u.set_mount_attr.recursive = read_u32(r);
		op->u.set_mount_attr.set = read_u64(r);
		op->u.set_mount_attr.clear = read_u64(r);
		return true;
	case OP_PROPAGATION:
		op->u.propagation.flags = read_u64(r);
		return true;
	case OP_PIVOT_ROOT:
		op->u.pivot_root.slot = read_u32(r);
		op->u.pivot_root.scratch = read_str(r);
		return true;
	case OP_MASK_PATH:
		op->u.mask_path.path = read_str(r);
		return true;
	case OP_READONLY_PATH:
		op->u.readonly_path.path = read_str(r);
		return true;
	case OP_MAKE_DIRS:
		op->u.make_dirs.path = read_str(r);
		op->u.make_dirs.mode = read_u32(r);
		return true;
	case OP_UNSHARE:
		op->u.unshare.flags = read_u64(r);
		return true;
	case OP_SETHOSTNAME:
		op->u.sethostname.name = read_str(r);
		return true;
	case OP_SETDOMAINNAME:
		op->u.setdomainname.name = read_str(r);
		return true;
	case OP_NETLINK:
		op->u.netlink.message = read_bytes(r);
		op->u.netlink.pid_at = read_u32(r);
		op->u.netlink.index_at = read_u32(r);
		op->u.netlink.ifname = read_str(r);
		return true;
	case OP_RLIMIT:
		op->u.rlimit.resource = read_u32(r);
		op->u.rlimit.soft = read_u64(r);
		op->u.rlimit.hard = read_u64(r);
		return true;
	case OP_UMASK:
		op->u.umask.mask = read_u32(r);
		return true;
	case OP_SETGROUPS:
		op->u.setgroups.gids = read_bytes(r);
		return true;
	case OP_SETIDS:
		op->u.setids.uid = read_u32(r);
		op->u.setids.gid = read_u32(r);
		return true;
	case OP_CAPABILITIES:
		op->u.capabilities.bounding = read_u64(r);
		op->u.capabilities.effective = read_u64(r);
		op->u.capabilities.permitted = read_u64(r);
		op->u.capabilities.inheritable = read_u64(r);
		op->u.capabilities.ambient = read_u64(r);
		return true;
	case OP_FSIDS:
		op->u.fsids.uid = read_u32(r);
		op->u.fsids.gid = read_u32(r);
		return true;
	case OP_NO_NEW_PRIVILEGES:
		return true;
	case OP_SECCOMP:
		op->u.seccomp.program = read_bytes(r);
		op->u.seccomp.flags = read_u32(r);
		return true;
	case OP_CHDIR:
		op->u.chdir.path = read_str(r);
		return true;
	case OP_SETSID:
		return true;
	case OP_KEYRING:
		op->u.keyring.name = read_str(r);
		return true;
	case OP_STDIO:
		op->u.stdio.uid = read_u32(r);
		op->u.stdio.gid = read_u32(r);
		op->u.stdio.console = read_str(r);
		op->u.stdio.rows = read_u32(r);
		op->u.stdio.columns = read_u32(r);
		return true;
	case OP_OWN_PROGRAM:
		return true;
	case OP_BOUNDING:
		op->u.bounding.bounding = read_u64(r);
		return true;
	}
	return false;
}
#endif
