/* Operations on the process itself: namespaces, names, limits, ids, capabilities, seccomp. */
#define _GNU_SOURCE
#include <errno.h>
#include <fcntl.h>
#include <string.h>
#include <sys/prctl.h>
#include <sys/resource.h>
#include <sys/stat.h>
#include "job.h"
#include "sys.h"

#define KEYCTL_JOIN_SESSION 1
#define SECCOMP_FILTER_MODE 1

/* The raw calls: the C library's own would look for threads, of which there are none. */
static step set_ids(uint32_t uid, uint32_t gid)
{
	if (syscall(SYS_setresgid, gid, gid, gid))
		return "setresgid";
	if (prctl(PR_SET_KEEPCAPS, 1, 0, 0, 0))
		return "prctl keepcaps";
	return syscall(SYS_setresuid, uid, uid, uid) ? "setresuid" : NULL;
}

/* Away from id 0 the kernel takes file capabilities out of the effective set. */
static step set_fs_ids(uint32_t uid, uint32_t gid)
{
	syscall(SYS_setfsgid, gid);
	syscall(SYS_setfsuid, uid);
	errno = EPERM;
	if ((uint32_t)syscall(SYS_setfsgid, -1) != gid || (uint32_t)syscall(SYS_setfsuid, -1) != uid)
		return "setfsuid";
	struct capability_header header = { CAPABILITY_VERSION, 0 };
	struct capability_half sets[2];
	if (syscall(SYS_capget, &header, sets))
		return "capget";
	for (int half = 0; half < 2; half++)
		sets[half].effective = sets[half].permitted;
	return syscall(SYS_capset, &header, sets) ? "capset" : NULL;
}

static step drop_bounding(struct job *job, uint64_t keep)
{
	if (job->bounding == keep)
		return NULL;
	for (unsigned long cap = 0; cap < 64; cap++) {
		if (keep >> cap & 1)
			continue;
		if (prctl(PR_CAPBSET_DROP, cap, 0, 0, 0)) {
			if (errno == EINVAL)
				break; /* past the kernel's last capability */
			if (prctl(PR_CAPBSET_READ, cap, 0, 0, 0) != 0) {
				errno = EPERM;
				return "prctl drop bounding";
			}
		}
	}
	job->bounding = keep;
	return NULL;
}

static step set_capabilities(struct job *job, const struct op_capabilities *op)
{
	step failed = drop_bounding(job, op->bounding);
	if (failed)
		return failed;
	struct capability_header header = { CAPABILITY_VERSION, 0 };
	struct capability_half sets[2];
	for (int half = 0; half < 2; half++) {
		sets[half].effective = (uint32_t)(op->effective >> 32 * half);
		sets[half].permitted = (uint32_t)(op->permitted >> 32 * half);
		sets[half].inheritable = (uint32_t)(op->inheritable >> 32 * half);
	}
	if (syscall(SYS_capset, &header, sets))
		return "capset";
	if (prctl(PR_CAP_AMBIENT, PR_CAP_AMBIENT_CLEAR_ALL, 0, 0, 0))
		return "prctl clear ambient";
	for (unsigned long cap = 0; cap < 64; cap++)
		if (op->ambient >> cap & 1 && prctl(PR_CAP_AMBIENT, PR_CAP_AMBIENT_RAISE, cap, 0, 0))
			return "prctl raise ambient";
	return NULL;
}

static step set_seccomp(struct job *job, const struct op_seccomp *op)
{
	/* The filter may forbid whatever the launcher still has to do: all but exec is done before. */
	step failed = settle(job);
	if (failed)
		return failed;
	struct {
		unsigned short length;
		const void *filter;
	} program = { (unsigned short)(op->program.length / 8), op->program.at };
	return syscall(SYS_seccomp, SECCOMP_FILTER_MODE, op->flags, &program) ? "seccomp" : NULL;
}

static step set_limit(const struct op_rlimit *op)
{
	const uint64_t limit[2] = { op->soft, op->hard };
	return syscall(SYS_prlimit64, 0, op->resource, limit, NULL) ? "prlimit" : NULL;
}

static step set_umask(struct job *job, uint32_t mask)
{
	umask((mode_t)mask);
	job->umask_set = true;
	return NULL;
}

static step lead_session(void)
{
	/* EPERM: it leads a session already. */
	return setsid() < 0 && errno != EPERM ? "setsid" : NULL;
}

static step open_own_program(struct job *job)
{
	job->program = open("/proc/self/exe", O_PATH | O_CLOEXEC);
	return job->program < 0 ? "open" : NULL;
}

step perform_process_op(struct job *job, const struct op *op, bool *known)
{
	switch (op->code) {
	case OP_UNSHARE:
		return syscall(SYS_unshare, (unsigned long)op->u.unshare.flags) ? "unshare" : NULL;
	case OP_SETHOSTNAME:
		return syscall(SYS_sethostname, op->u.sethostname.name, strlen(op->u.sethostname.name)) ? "sethostname" : NULL;
	case OP_SETDOMAINNAME:
		return syscall(SYS_setdomainname, op->u.setdomainname.name, strlen(op->u.setdomainname.name)) ? "setdomainname"
													      : NULL;
	case OP_RLIMIT:
		return set_limit(&op->u.rlimit);
	case OP_UMASK:
		return set_umask(job, op->u.umask.mask);
	case OP_SETGROUPS:
		return syscall(SYS_setgroups, (unsigned long)op->u.setgroups.gids.length / 4, op->u.setgroups.gids.at) ? "setgroups"
														       : NULL;
	case OP_SETIDS:
		return set_ids(op->u.setids.uid, op->u.setids.gid);
	case OP_FSIDS:
		return set_fs_ids(op->u.fsids.uid, op->u.fsids.gid);
	case OP_CAPABILITIES:
		return set_capabilities(job, &op->u.capabilities);
	case OP_BOUNDING:
		return drop_bounding(job, op->u.bounding.bounding);
	case OP_NO_NEW_PRIVILEGES:
		return prctl(PR_SET_NO_NEW_PRIVS, 1, 0, 0, 0) ? "prctl no_new_privs" : NULL;
	case OP_SECCOMP:
		return set_seccomp(job, &op->u.seccomp);
	case OP_CHDIR:
		return chdir(op->u.chdir.path) ? "chdir" : NULL;
	case OP_SETSID:
		return lead_session();
	case OP_KEYRING:
		return syscall(SYS_keyctl, KEYCTL_JOIN_SESSION, op->u.keyring.name) < 0 ? "keyctl" : NULL;
	case OP_OWN_PROGRAM:
		return open_own_program(job);
	case OP_STDIO:
		return make_stdio(job, &op->u.stdio);
	}
	*known = false;
	return NULL;
}
