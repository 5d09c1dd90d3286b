/* Device rules of a cgroup: a program for bpf(2), loaded and attached. It lives as long as the cgroup. */
#include <errno.h>
#include <fcntl.h>
#include <sys/stat.h>
#include "job.h"
#include "sys.h"

/* linux/bpf.h; what is left out of the kernel's union is zero. */
#define PROG_LOAD 5
#define PROG_ATTACH 8
#define PROG_GET_FD_BY_ID 13
#define PROG_QUERY 16
#define TYPE_CGROUP_DEVICE 15
#define ATTACH_CGROUP_DEVICE 6
#define ALLOW_MULTI 2 /* those below may add programs of their own, which can only take away */

struct load_program {
	uint32_t type, count;
	uint64_t instructions, license;
};

struct attach_program {
	uint32_t target, program, kind, flags;
};

struct query_programs {
	uint32_t target, kind, query_flags, attach_flags;
	uint64_t ids;
	uint32_t count, padding;
};

static int bpf(int command, void *attr, unsigned size)
{
	return (int)syscall(SYS_bpf, command, attr, size);
}

static int attach_to(const char *path, int program)
{
	int cgroup = open(path, O_RDONLY | O_DIRECTORY | O_CLOEXEC);
	if (cgroup < 0)
		return -1;
	struct attach_program attach = { (uint32_t)cgroup, (uint32_t)program, ATTACH_CGROUP_DEVICE, ALLOW_MULTI };
	int answer = bpf(PROG_ATTACH, &attach, sizeof attach);
	int error = errno;
	close(cgroup);
	errno = error;
	return answer;
}

/* The program that the cgroup keeps; -1 when there is none. Two that began at once may both have left theirs. */
static int kept_program(const char *path)
{
	int cgroup = open(path, O_RDONLY | O_DIRECTORY | O_CLOEXEC);
	if (cgroup < 0)
		return -1;
	uint32_t id = 0;
	struct query_programs query = { (uint32_t)cgroup, ATTACH_CGROUP_DEVICE, 0, 0, (uintptr_t)&id, 1, 0 };
	bpf(PROG_QUERY, &query, sizeof query);
	close(cgroup);
	return id ? bpf(PROG_GET_FD_BY_ID, &id, sizeof id) : -1;
}

static int load(const struct op_device_program *op)
{
	struct load_program load = { TYPE_CGROUP_DEVICE, op->program.length / 8, (uintptr_t)op->program.at, (uintptr_t) "" };
	int program = bpf(PROG_LOAD, &load, sizeof load);
	/* Without it the next start loads again. */
	if (program >= 0 && *op->kept && (mkdir(op->kept, 0755) == 0 || errno == EEXIST))
		attach_to(op->kept, program);
	return program;
}

step perform_device_program(const struct op_device_program *op)
{
	int program = *op->kept ? kept_program(op->kept) : -1;
	if (program < 0)
		program = load(op);
	if (program < 0)
		return "bpf prog load";
	step failed = attach_to(op->cgroup, program) < 0 ? "bpf prog attach" : NULL;
	int error = errno;
	close(program);
	errno = error;
	return failed;
}
