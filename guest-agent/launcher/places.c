/*
 * Places by path, made where they are missing. Links are followed by their text, one part at a time, so none leads out of
 * the caller's root, and one of /proc (to an open descriptor, to another root) is no more than the words that it reads as.
 */
#define _GNU_SOURCE
#include <errno.h>
#include <fcntl.h>
#include <limits.h>
#include <stdio.h>
#include <string.h>
#include <sys/stat.h>
#include <unistd.h>
#include "job.h"

#define MOST_LINKS 40

/* The descriptor of what is called so in the folder, a link itself for a link; made first when it is missing. */
static int enter(int folder, const char *name, mode_t missing)
{
	int fd = openat(folder, name, O_PATH | O_NOFOLLOW | O_CLOEXEC);
	if (fd >= 0 || errno != ENOENT)
		return fd;
	int failed = S_ISDIR(missing) ? mkdirat(folder, name, missing & 07777) : mknodat(folder, name, missing, 0);
	if (failed && errno != EEXIST)
		return -1;
	return openat(folder, name, O_PATH | O_NOFOLLOW | O_CLOEXEC);
}

/* Puts a link's text before what is still to go; false when that is too long. */
static bool put_before(int link, char *rest)
{
	char text[PATH_MAX], after[PATH_MAX];
	ssize_t length = readlinkat(link, "", text, sizeof text - 1);
	if (length < 0)
		return false;
	text[length] = 0;
	strcpy(after, rest);
	errno = ENAMETOOLONG;
	return snprintf(rest, PATH_MAX, "%s/%s", text, after) < PATH_MAX;
}

/* Cuts the first part off; NULL when there is none. */
static char *next_part(char *rest, char *part)
{
	char *from = rest + strspn(rest, "/");
	size_t length = strcspn(from, "/");
	if (length == 0 || length > NAME_MAX)
		return NULL;
	memcpy(part, from, length);
	part[length] = 0;
	memmove(rest, from + length, strlen(from + length) + 1);
	return part;
}

static int fail_with(int fd, int error)
{
	close(fd);
	errno = error;
	return -1;
}

int open_place(const char *path, mode_t missing)
{
	char rest[PATH_MAX], part[NAME_MAX + 1];
	int at = open("/", O_PATH | O_DIRECTORY | O_CLOEXEC), links = 0;
	if (at < 0)
		return -1;
	if (snprintf(rest, sizeof rest, "%s", path) >= (int)sizeof rest)
		return fail_with(at, ENAMETOOLONG);
	while (next_part(rest, part)) {
		bool last = rest[strspn(rest, "/")] == 0;
		int fd = enter(at, part, last ? missing : S_IFDIR | 0755);
		struct stat found;
		if (fd < 0 || fstat(fd, &found))
			return fail_with(at, errno);
		if (S_ISLNK(found.st_mode)) {
			bool fits = ++links <= MOST_LINKS && put_before(fd, rest);
			int error = links > MOST_LINKS ? ELOOP : errno;
			close(fd);
			if (!fits)
				return fail_with(at, error);
			if (*rest != '/')
				continue;
			fd = open("/", O_PATH | O_DIRECTORY | O_CLOEXEC);
			if (fd < 0)
				return fail_with(at, errno);
		}
		close(at);
		at = fd;
	}
	if (rest[strspn(rest, "/")])
		return fail_with(at, ENAMETOOLONG);
	return at;
}

step make_dirs(const char *path, mode_t mode)
{
	int fd = open_place(path, S_IFDIR | mode);
	if (fd < 0)
		return "mkdir";
	struct stat found;
	bool folder = fstat(fd, &found) == 0 && S_ISDIR(found.st_mode);
	close(fd);
	errno = ENOTDIR;
	return folder ? NULL : "mkdir";
}
