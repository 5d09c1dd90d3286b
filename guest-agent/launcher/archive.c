/*
 *   berth-archive stat PATH                        mode, size, time, link target
 *   berth-archive get PATH NAME                    an archive in which the path is called NAME; NAME "": what is in it
 *   berth-archive put PATH KEEP-KINDS [UID GID]    unpacks stdin into the folder
 *   berth-archive copy FROM TO                     what is in a folder into another one, which becomes like it
 *   berth-archive layer FOLDER [IGNORED...]        overlayfs's upper folder as an OCI layer
 *   berth-archive compare UPPER LOWER [IGNORED...] what the upper folder changes of the lower
 */
#define _GNU_SOURCE
#include "archive.h"
#include <dirent.h>
#include <errno.h>
#include <fcntl.h>
#include <limits.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/resource.h>
#include <sys/wait.h>
#include "sys.h"

#define NO_MAGIC_LINKS 2 /* RESOLVE_NO_MAGICLINKS */

_Noreturn void fail(const char *step, const char *path)
{
	int error = errno;
	forget_unfinished();
	dprintf(2, "%d %s %s", error, step, path);
	_exit(1);
}

_Noreturn void refuse(const char *reason, const char *path)
{
	errno = 0;
	fail(reason, path);
}

void *allocate(size_t size)
{
	void *at = calloc(1, size ? size : 1);
	if (!at)
		fail("memory", "");
	return at;
}

void append(struct text *text, const void *bytes, size_t length)
{
	if (text->length + length > text->room) {
		text->room = (text->length + length) * 2;
		text->at = realloc(text->at, text->room);
		if (!text->at)
			fail("memory", "");
	}
	memcpy(text->at + text->length, bytes, length);
	text->length += length;
}

char *join_path(const char *folder, const char *name)
{
	size_t length = strlen(folder) + strlen(name) + 2;
	char *path = allocate(length);
	snprintf(path, length, "%s%s%s", folder, *folder && strcmp(folder, "/") ? "/" : "", name);
	return path;
}

int open_inside(int at, const char *path, int flags)
{
	struct open_how_v0 how = { .flags = (uint64_t)(flags | O_CLOEXEC), .resolve = NO_MAGIC_LINKS };
	return (int)syscall(NR_openat2, at, path, &how, sizeof how);
}

static int by_bytes(const void *a, const void *b)
{
	return strcmp(*(char *const *)a, *(char *const *)b);
}

char **names_in(int folder)
{
	size_t count = 0, room = 64;
	char **names = allocate(room * sizeof *names);
	int fd = openat(folder, ".", O_RDONLY | O_DIRECTORY | O_CLOEXEC);
	DIR *dir = fd < 0 ? NULL : fdopendir(fd);
	for (struct dirent *entry; dir && (entry = readdir(dir));) {
		if (!strcmp(entry->d_name, ".") || !strcmp(entry->d_name, ".."))
			continue;
		if (count + 2 > room)
			names = realloc(names, (room *= 2) * sizeof *names);
		if (!names || !(names[count] = strdup(entry->d_name)))
			fail("memory", "");
		names[++count] = NULL;
	}
	if (dir)
		closedir(dir);
	qsort(names, count, sizeof *names, by_bytes);
	return names;
}

void free_names(char **names)
{
	for (char **name = names; *name; name++)
		free(*name);
	free(names);
}

void remove_tree(int folder, const char *name, const char *path)
{
	if (unlinkat(folder, name, 0) == 0 || errno == ENOENT)
		return;
	if (errno != EISDIR)
		fail("unlink", path);
	int fd = openat(folder, name, O_RDONLY | O_DIRECTORY | O_NOFOLLOW | O_CLOEXEC);
	if (fd < 0)
		fail("open", path);
	char **inside = names_in(fd);
	for (char **at = inside; *at; at++)
		remove_tree(fd, *at, path);
	free_names(inside);
	close(fd);
	if (unlinkat(folder, name, AT_REMOVEDIR))
		fail("rmdir", path);
}

/* Where a symbolic link leads, as an absolute path; also when nothing is there. */
static void print_link_target(const char *path)
{
	char target[PATH_MAX];
	if (realpath(path, target)) {
		fputs(target, stdout);
		return;
	}
	ssize_t length = readlink(path, target, sizeof target - 1);
	if (length < 0)
		fail("readlink", path);
	target[length] = 0;
	const char *slash = strrchr(path, '/');
	printf("%.*s%s", *target == '/' || !slash ? 0 : (int)(slash - path) + 1, path, target);
}

static void print_stat(const char *path)
{
	struct stat st;
	if (lstat(path, &st))
		fail("lstat", path);
	printf("%u %lld %lld%09ld\n", st.st_mode, (long long)st.st_size, (long long)st.st_mtim.tv_sec, st.st_mtim.tv_nsec);
	if (S_ISLNK(st.st_mode))
		print_link_target(path);
	if (fflush(stdout))
		fail("write", path);
}

static void unpack_words(int argc, char **argv)
{
	struct unpack_options options = { .keep_kinds = *argv[3] == '1' };
	if (argc == 6) {
		options.own = true;
		options.uid = (uid_t)strtoul(argv[4], NULL, 10);
		options.gid = (gid_t)strtoul(argv[5], NULL, 10);
	}
	unpack(argv[2], &options);
}

/* Each side tells its own failure. */
static void copy(const char *from, const char *to)
{
	static const struct unpack_options options;
	int pipe[2], status;
	if (pipe2(pipe, O_CLOEXEC))
		fail("pipe2", from);
	pid_t packer = fork();
	int end = packer == 0 ? 1 : 0; /* the packer's stdout, the unpacker's stdin */
	if (packer < 0 || dup2(pipe[end], end) < 0)
		fail("fork", from);
	close(pipe[0]);
	close(pipe[1]);
	if (packer == 0) {
		pack_path(from, "");
		_exit(0);
	}
	unpack(to, &options);
	if (waitpid(packer, &status, 0) != packer || status)
		_exit(1);
	struct stat st;
	if (stat(from, &st) || chown(to, st.st_uid, st.st_gid) || chmod(to, st.st_mode & 07777))
		fail("chmod", to);
	const struct timespec times[2] = { st.st_atim, st.st_mtim };
	if (utimensat(AT_FDCWD, to, times, 0))
		fail("utimensat", to);
}

int run_archiver(int argc, char **argv)
{
	struct rlimit files;
	if (!getrlimit(RLIMIT_NOFILE, &files)) {
		files.rlim_cur = files.rlim_max;
		setrlimit(RLIMIT_NOFILE, &files);
	}
	umask(0);
	const char *verb = argc > 2 ? argv[1] : "";
	if (!strcmp(verb, "stat"))
		print_stat(argv[2]);
	else if (!strcmp(verb, "get") && argc == 4)
		pack_path(argv[2], argv[3]);
	else if (!strcmp(verb, "put") && (argc == 4 || argc == 6))
		unpack_words(argc, argv);
	else if (!strcmp(verb, "copy") && argc == 4)
		copy(argv[2], argv[3]);
	else if (!strcmp(verb, "layer"))
		pack_layer(argv[2], argv + 3);
	else if (!strcmp(verb, "compare") && argc > 3)
		compare(argv[2], argv[3], argv + 4);
	else
		refuse("usage", verb);
	return 0;
}
