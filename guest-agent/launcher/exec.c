/* The last steps in the container: exec, or pid 1 that execs in a child, forwards signals and reaps. */
#define _GNU_SOURCE
#include <errno.h>
#include <limits.h>
#include <signal.h>
#include <stdio.h>
#include <string.h>
#include <sys/prctl.h>
#include <sys/wait.h>
#include "job.h"
#include "sys.h"

/* Like execvpe(3), without its fall back to a shell; what could be found but not run outweighs what was not found. */
void exec_command(struct job *job)
{
	const struct plan *plan = &job->plan;
	const char *name = plan->argv[0];
	char path[PATH_MAX];
	int error = ENOENT;
	*path = 0;
	if (job->program >= 0) {
		syscall(SYS_execveat, job->program, "", plan->argv, plan->env, EMPTY_PATH);
		error = errno;
	} else if (strchr(name, '/')) {
		execve(name, plan->argv, plan->env);
		error = errno;
	} else {
		for (char **dir = plan->search_path; *name && *dir; dir++) {
			if (snprintf(path, sizeof path, "%s/%s", *dir, name) >= (int)sizeof path)
				continue;
			execve(path, plan->argv, plan->env);
			if (errno == EACCES)
				error = EACCES;
			else if (errno != ENOENT && errno != ENOTDIR) {
				error = errno;
				break;
			}
		}
	}
	errno = error;
	note_failure(job, SECTION_EXEC, 0, "execve");
}

static _Noreturn void run_child(struct job *job, const sigset_t *unblocked)
{
	setpgid(0, 0);
	if (job->plan.tty)
		tcsetpgrp(0, getpid());
	sigprocmask(SIG_SETMASK, unblocked, NULL);
	exec_command(job);
	_exit(127);
}

_Noreturn void run_init(struct job *job)
{
	sigset_t all, before;
	sigfillset(&all);
	const int faults[] = { SIGSEGV, SIGBUS, SIGILL, SIGFPE, SIGABRT, SIGTRAP, SIGSYS };
	for (unsigned i = 0; i < sizeof faults / sizeof *faults; i++)
		sigdelset(&all, faults[i]);
	sigprocmask(SIG_SETMASK, &all, &before);
	signal(SIGCHLD, SIG_DFL);
	pid_t main = fork();
	if (main == 0)
		run_child(job, &before);
	if (main < 0) {
		note_failure(job, SECTION_EXEC, 0, "fork");
		_exit(127);
	}
	prctl(PR_SET_NAME, "berth-init", 0, 0, 0);
	syscall(NR_close_range, 3, ~0u, 0);
	for (;;) {
		int status, signal = sigwaitinfo(&all, NULL);
		if (signal > 0 && signal != SIGCHLD)
			kill(main, signal);
		for (pid_t pid; (pid = waitpid(-1, &status, WNOHANG)) > 0;)
			if (pid == main)
				_exit(WIFSIGNALED(status) ? 128 + WTERMSIG(status) : WEXITSTATUS(status));
	}
}
