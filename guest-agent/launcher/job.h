/*
 * One launch: the plan, and what the processes that carry it out share. The monitor and the container's first process (and
 * the joiner between them, when namespaces are joined) have one descriptor table until the first process settles, so a
 * descriptor opened by one is the other's at once; its number travels through the shared page.
 */
#ifndef JOB_H
#define JOB_H
#include <sys/types.h>
#include "wire.h"

#define SLOTS 64

struct failure {
	bool set;
	uint32_t section, index;
	int error;
	char text[200];
};

/* Ends of the stdio pipes; with a tty `in` and `out` are its master and every container end is its slave. 0: none. */
struct stdio {
	int in, out, err;
	int container_in, container_out, container_err;
};

struct shared {
	struct failure failure;
	struct stdio stdio;
	pid_t pid;
	int pidfd;
	int slot[SLOTS]; /* descriptor + 1 */
};

struct job {
	struct plan plan;
	struct shared *shared;
	int gate[2];   /* monitor → first process: a byte for "outside is done"; one for "exec" when the plan holds it */
	int status[2]; /* first process → monitor: a byte when settled, end of file at exec */
	int cgroup, userns, netlink; /* -1: not open */
	int program; /* what is run in place of a file of the container; -1: not open */
	bool settled, umask_set;
	const char *masked; /* the folder that the empty tmpfs was first mounted on, or NULL */
	uint64_t bounding;  /* what was last dropped to */
	char detail[160];   /* the kernel's own words about the last failure, or "" */
};

/* What an operation gives back: NULL when done, else the name of the call that failed; errno says why. */
typedef const char *step;

/* Notes the first failure in the shared page, with errno. */
void note_failure(struct job *job, enum section section, uint32_t index, step failed);

/* Performs the operations in order; false after noting the first failure. */
bool perform_ops(struct job *job, enum section section, const struct ops *ops);

step perform_file_op(struct job *job, const struct op *op, bool *known);
step perform_mount_op(struct job *job, const struct op *op, bool *known);
step perform_process_op(struct job *job, const struct op *op, bool *known);
step perform_netlink(struct job *job, const struct op_netlink *op);
step perform_device_program(const struct op_device_program *op);

/*
 * A descriptor (O_PATH) of a place, whose folders are made where they are missing, and the place itself with this kind and
 * mode; links are followed, those that lead nowhere too: what they name is made. -1 and errno.
 */
int open_place(const char *path, mode_t missing);
/* mkdir -p. Something else than a folder in its place is no success. */
step make_dirs(const char *path, mode_t mode);
/* An empty file at a path whose folders are made; an existing one is fine. */
step make_file(const char *path);

/* Makes the process's stdin, stdout and stderr; ids of (uid_t)-1 leave the owner. */
step make_stdio(struct job *job, const struct op_stdio *wanted);
/* Stdio in place, a descriptor table of one's own, the monitor told, its word awaited. */
step settle(struct job *job);

/* Clones the first process (through a joiner when the plan joins namespaces); false after noting the failure. */
bool clone_first_process(struct job *job);
/* The life of the first process. Never returns. */
_Noreturn void run_first_process(struct job *job);
/* Replaces the process by the plan's command. Returns only when that fails, after noting it. */
void exec_command(struct job *job);
/* Pid 1 of the container: starts the command, forwards signals, reaps. Never returns. */
_Noreturn void run_init(struct job *job);

/* Carries out the plan that the connection brings, and stays as the monitor. Never returns. */
_Noreturn void run_job(int connection);
/* Serves the running process until its end. Never returns. */
_Noreturn void run_monitor(struct job *job, int connection, int listener);

int serve(const char *path);
int relay_vsock(const char *port, const char *path, const char *peer);
/* Returns once the first socket is listened at, by this process's child or by one that was there. */
int relay_unix(const char *from, const char *path);
int copy_file(const char *source_path, const char *target_path, const char *size_text);
/* A listening unix stream socket for root alone; -1 and errno. */
int listen_unix(const char *path);

#endif
