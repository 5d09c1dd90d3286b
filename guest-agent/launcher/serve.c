/* The server: single-threaded and tiny, so that forking a monitor from it is cheap. It never reads what clients send. */
#define _GNU_SOURCE
#include <errno.h>
#include <fcntl.h>
#include <signal.h>
#include <stdio.h>
#include <string.h>
#include <sys/prctl.h>
#include <sys/socket.h>
#include <sys/stat.h>
#include <sys/un.h>
#include <unistd.h>
#include "frames.h"

int listen_unix(const char *path)
{
	struct sockaddr_un address = { .sun_family = AF_UNIX };
	if (strlen(path) >= sizeof address.sun_path) {
		errno = ENAMETOOLONG;
		return -1;
	}
	strcpy(address.sun_path, path);
	int fd = socket(AF_UNIX, SOCK_STREAM | SOCK_CLOEXEC, 0);
	if (fd < 0)
		return -1;
	mode_t mask = umask(0177);
	unlink(path);
	int failed = bind(fd, (struct sockaddr *)&address, sizeof address) || listen(fd, 128);
	umask(mask);
	if (!failed)
		return fd;
	int error = errno;
	close(fd);
	errno = error;
	return -1;
}

static void ignore(int signal)
{
	(void)signal;
}

/* A handler rather than SIG_IGN, which exec would hand on to the container. */
static void settle_signals(void)
{
	struct sigaction action = { .sa_handler = ignore, .sa_flags = SA_RESTART };
	sigaction(SIGPIPE, &action, NULL);
	action.sa_flags |= SA_NOCLDWAIT;
	sigaction(SIGCHLD, &action, NULL);
}

static void refuse(int connection)
{
	struct failure failure = { .section = SECTION_MONITOR, .error = errno };
	strcpy(failure.text, "fork");
	send_failure(connection, &failure);
}

int serve(const char *path)
{
	for (int fd; (fd = open("/dev/null", O_RDWR | O_CLOEXEC)) <= 2;)
		if (fd < 0)
			return 1;
	/* Nobody in a container may look into the launcher's processes, not even its root before exec. */
	prctl(PR_SET_DUMPABLE, 0, 0, 0, 0);
	settle_signals();
	int listener = listen_unix(path);
	if (listener < 0) {
		fprintf(stderr, "berth-launcher: %s: %s\n", path, strerror(errno));
		return 1;
	}
	umask(0);
	for (;;) {
		int connection = accept4(listener, NULL, NULL, SOCK_CLOEXEC);
		if (connection < 0) {
			if (errno == EMFILE || errno == ENFILE || errno == ENOMEM || errno == ENOBUFS)
				sleep(1);
			continue;
		}
		pid_t pid = fork();
		if (pid == 0) {
			close(listener);
			run_job(connection);
		}
		if (pid < 0)
			refuse(connection);
		close(connection);
	}
}
