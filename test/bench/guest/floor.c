/*
 * What the kernel itself costs: the floors that the benchmarks divide by. Static, single-threaded, no policy.
 *
 *   floor start LOWER SCRATCH N        clone3 with every namespace, an overlay mounted, pivot_root, exec /bin/true
 *   floor exec PID N                   setns into all namespaces of PID, fork, exec /bin/true
 *   floor run N CMD ARGS...            spawn CMD and wait
 *   floor overlay LOWER SCRATCH N CMD  mount an overlay at SCRATCH/merged, spawn CMD and wait, unmount: for rivals that
 *                                      want a root made for them
 *
 * Each prints N lines: nanoseconds of one round.
 */
#define _GNU_SOURCE
#include <errno.h>
#include <fcntl.h>
#include <sched.h>
#include <signal.h>
#include <stdint.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/mount.h>
#include <sys/stat.h>
#include <sys/syscall.h>
#include <sys/wait.h>
#include <time.h>
#include <unistd.h>

#ifndef SYS_clone3
#define SYS_clone3 435
#endif
#ifndef SYS_pidfd_open
#define SYS_pidfd_open 434
#endif
#define NEW_CGROUP 0x02000000

struct clone_args_v2 {
	uint64_t flags, pidfd, child_tid, parent_tid, exit_signal, stack, stack_size, tls, set_tid, set_tid_size, cgroup;
};

static void die(const char *what)
{
	fprintf(stderr, "floor: %s: %s\n", what, strerror(errno));
	_exit(1);
}

static uint64_t now(void)
{
	struct timespec t;
	clock_gettime(CLOCK_MONOTONIC, &t);
	return (uint64_t)t.tv_sec * 1000000000u + (uint64_t)t.tv_nsec;
}

static void put(const char *path, const char *text)
{
	int fd = open(path, O_WRONLY | O_CLOEXEC);
	if (fd < 0 || write(fd, text, strlen(text)) < 0)
		die(path);
	close(fd);
}

static int await(pid_t pid)
{
	int status;
	if (waitpid(pid, &status, 0) < 0)
		die("waitpid");
	return status;
}

static char *const true_argv[] = { "/bin/true", NULL };

static void enter_root(const char *lower, const char *scratch)
{
	char options[1024], merged[512];
	snprintf(merged, sizeof merged, "%s/merged", scratch);
	snprintf(options, sizeof options, "lowerdir=%s,upperdir=%s/upper,workdir=%s/work", lower, scratch, scratch);
	if (mount(NULL, "/", NULL, MS_REC | MS_PRIVATE, NULL) || mount("overlay", merged, "overlay", 0, options))
		die("overlay");
	if (chdir(merged) || syscall(SYS_pivot_root, ".", ".") || umount2(".", MNT_DETACH))
		die("pivot_root");
	if (mount("proc", "/proc", "proc", 0, NULL))
		die("proc");
}

static void start_once(const char *lower, const char *scratch)
{
	const char *cgroup = "/sys/fs/cgroup/floor";
	if (mkdir(cgroup, 0755) && errno != EEXIST)
		die(cgroup);
	int fd = open(cgroup, O_DIRECTORY | O_RDONLY | O_CLOEXEC), go[2], ready[2];
	if (fd < 0 || pipe2(go, O_CLOEXEC) || pipe2(ready, O_CLOEXEC))
		die("pipe");
	struct clone_args_v2 args = { .flags = CLONE_NEWNS | CLONE_NEWPID | CLONE_NEWUTS | CLONE_NEWIPC | CLONE_NEWNET |
					       NEW_CGROUP | 0x200000000ull /* CLONE_INTO_CGROUP */,
				      .exit_signal = SIGCHLD,
				      .cgroup = (uint64_t)fd };
	pid_t pid = (pid_t)syscall(SYS_clone3, &args, sizeof args);
	if (pid < 0)
		die("clone3");
	if (pid == 0) {
		enter_root(lower, scratch);
		if (unshare(CLONE_NEWUSER))
			die("unshare");
		char byte = 'x';
		if (write(ready[1], &byte, 1) != 1 || read(go[0], &byte, 1) != 1)
			_exit(1);
		execv(true_argv[0], true_argv);
		die("exec");
	}
	char byte, path[64];
	if (read(ready[0], &byte, 1) != 1)
		die("the first process ended early");
	snprintf(path, sizeof path, "/proc/%d/uid_map", pid);
	put(path, "0 100000 65536\n");
	snprintf(path, sizeof path, "/proc/%d/gid_map", pid);
	put(path, "0 100000 65536\n");
	if (write(go[1], "x", 1) != 1)
		die("go");
	if (await(pid) != 0)
		die("true failed");
	const int fds[] = { fd, go[0], go[1], ready[0], ready[1] };
	for (unsigned i = 0; i < sizeof fds / sizeof *fds; i++)
		close(fds[i]);
	rmdir(cgroup);
}

static void exec_once(pid_t target)
{
	pid_t pid = fork();
	if (pid < 0)
		die("fork");
	if (pid == 0) {
		int fd = (int)syscall(SYS_pidfd_open, target, 0);
		if (fd < 0 || setns(fd, CLONE_NEWUSER | CLONE_NEWNS | CLONE_NEWPID | CLONE_NEWUTS | CLONE_NEWIPC |
						CLONE_NEWNET | NEW_CGROUP))
			die("setns");
		pid_t inner = fork();
		if (inner == 0) {
			execv(true_argv[0], true_argv);
			_exit(127);
		}
		_exit(await(inner) != 0);
	}
	if (await(pid) != 0)
		die("exec failed");
}

static void run_once(char **argv)
{
	pid_t pid = vfork();
	if (pid == 0) {
		execvp(argv[0], argv);
		_exit(127);
	}
	if (pid < 0 || await(pid) != 0)
		die(argv[0]);
}

static void overlay_once(const char *lower, const char *scratch, char **argv)
{
	char options[1024], merged[512];
	snprintf(merged, sizeof merged, "%s/merged", scratch);
	snprintf(options, sizeof options, "lowerdir=%s,upperdir=%s/upper,workdir=%s/work", lower, scratch, scratch);
	if (mount("overlay", merged, "overlay", 0, options))
		die("overlay");
	run_once(argv);
	if (umount2(merged, MNT_DETACH))
		die("umount");
}

static int usage(void)
{
	fprintf(stderr, "usage: floor start LOWER SCRATCH N | exec PID N | run N CMD... | overlay LOWER SCRATCH N CMD...\n");
	return 2;
}

int main(int argc, char **argv)
{
	const char *mode = argc > 1 ? argv[1] : "";
	int start = !strcmp(mode, "start") && argc == 5, exec = !strcmp(mode, "exec") && argc == 4;
	int run = !strcmp(mode, "run") && argc > 3, overlay = !strcmp(mode, "overlay") && argc > 5;
	if (!start && !exec && !run && !overlay)
		return usage();
	int rounds = atoi(argv[run ? 2 : exec ? 3 : 4]);
	for (int i = 0; i < rounds; i++) {
		uint64_t begin = now();
		if (start)
			start_once(argv[2], argv[3]);
		else if (exec)
			exec_once((pid_t)atoi(argv[2]));
		else if (overlay)
			overlay_once(argv[2], argv[3], argv + 5);
		else
			run_once(argv + 3);
		printf("%llu\n", (unsigned long long)(now() - begin));
		fflush(stdout);
	}
	return 0;
}
