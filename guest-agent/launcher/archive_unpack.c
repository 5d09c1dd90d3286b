/*
 * From an archive to a tree. Each member is made under a name of its own and renamed when it is complete, so that nothing half
 * written has its name, and nobody's link in its place is followed.
 */
#define _GNU_SOURCE
#include "archive.h"
#include <errno.h>
#include <fcntl.h>
#include <limits.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/random.h>
#include <sys/xattr.h>
#include <unistd.h>

static const struct unpack_options *options;
/* The folder that is unpacked into. */
static int target;
/* The folder of the last member, open. */
static char *parent_path;
static int parent = -1;

/* What is half written, or "". */
static char unfinished[32];

/* Folders' times are set at the end: what is put into them changes them. */
struct folder_time {
	struct folder_time *next;
	struct timespec time;
	char path[];
};
static struct folder_time *folder_times;

void forget_unfinished(void)
{
	if (*unfinished)
		unlinkat(parent, unfinished, 0);
	*unfinished = 0;
}

static uid_t owner_of(const struct stat *st)
{
	return options->own ? options->uid : st->st_uid;
}

static gid_t group_of(const struct stat *st)
{
	return options->own ? options->gid : st->st_gid;
}

static bool leads_up(const char *path)
{
	for (const char *at = path; (at = strstr(at, "..")); at += 2)
		if ((at == path || at[-1] == '/') && (!at[2] || at[2] == '/'))
			return true;
	return false;
}

/* Without leading and doubled slashes and `.`; "" is the folder itself. In place. */
static void clean(char *path)
{
	if (leads_up(path))
		refuse("outside", path);
	char *to = path, *whole = strdup(path), *rest, *part;
	for (part = strtok_r(whole, "/", &rest); part; part = strtok_r(NULL, "/", &rest)) {
		if (!strcmp(part, "."))
			continue;
		if (to > path)
			*to++ = '/';
		to = stpcpy(to, part);
	}
	*to = 0;
	free(whole);
}

/* Opens a folder below the target, making what is missing. */
static int open_folder(const char *path)
{
	int fd = open_inside(target, *path ? path : ".", O_PATH | O_DIRECTORY);
	if (fd >= 0 || errno != ENOENT)
		return fd;
	char *copy = strdup(path), *rest;
	fd = open_inside(target, ".", O_PATH | O_DIRECTORY);
	for (char *part = strtok_r(copy, "/", &rest); part && fd >= 0; part = strtok_r(NULL, "/", &rest)) {
		bool made = mkdirat(fd, part, 0755) == 0;
		if (made && options->own && fchownat(fd, part, options->uid, options->gid, AT_SYMLINK_NOFOLLOW))
			fail("chown", path);
		int next = open_inside(fd, part, O_PATH | O_DIRECTORY);
		close(fd);
		fd = next;
	}
	free(copy);
	return fd;
}

/* The member's own name; `parent` is its folder. */
static const char *enter_parent(const char *path)
{
	const char *slash = strrchr(path, '/');
	char *folder = strndup(path, slash ? (size_t)(slash - path) : 0);
	if (parent < 0 || strcmp(parent_path, folder)) {
		if (parent >= 0)
			close(parent);
		free(parent_path);
		parent_path = folder;
		parent = open_folder(folder);
		if (parent < 0)
			fail("open", folder);
	} else {
		free(folder);
	}
	return slash ? slash + 1 : path;
}

static void set_xattrs(int fd, const struct member *member)
{
	const char *at = member->xattrs.at, *end = at + member->xattrs.length;
	while (at < end) {
		const char *name = at, *value = name + strlen(name) + 1 + sizeof(uint32_t);
		uint32_t length;
		memcpy(&length, value - sizeof length, sizeof length);
		at = value + length;
		/* Not every file system has them. */
		if (fsetxattr(fd, name, value, length, 0) && errno != ENOTSUP && errno != EPERM)
			fail("setxattr", member->path);
	}
}

/* Owner first: a change of it takes set-user-id bits and capabilities away. */
static void set_attributes(int fd, const struct member *member)
{
	if (fchown(fd, owner_of(&member->stat), group_of(&member->stat)))
		fail("chown", member->path);
	if (fchmod(fd, member->stat.st_mode & 07777))
		fail("chmod", member->path);
	set_xattrs(fd, member);
}

static void set_link_attributes(const char *name, const struct member *member)
{
	const struct timespec times[2] = { { .tv_nsec = UTIME_NOW }, member->stat.st_mtim };
	if (fchownat(parent, name, owner_of(&member->stat), group_of(&member->stat), AT_SYMLINK_NOFOLLOW))
		fail("chown", member->path);
	if (utimensat(parent, name, times, AT_SYMLINK_NOFOLLOW))
		fail("utimensat", member->path);
}

static void write_file(int fd, const struct member *member)
{
	static char piece[1 << 16];
	uint64_t size = (uint64_t)member->stat.st_size;
	for (uint64_t left = size; left;) {
		size_t want = left < sizeof piece ? (size_t)left : sizeof piece;
		read_bytes_exactly(piece, want);
		for (size_t done = 0; done < want;) {
			ssize_t written = write(fd, piece + done, want - done);
			if (written < 0)
				fail("write", member->path);
			done += (size_t)written;
		}
		left -= want;
	}
	skip_bytes((TAR_BLOCK - size % TAR_BLOCK) % TAR_BLOCK);
}

static void make_file(const struct member *member)
{
	const struct timespec times[2] = { { .tv_nsec = UTIME_NOW }, member->stat.st_mtim };
	int fd = openat(parent, unfinished, O_WRONLY | O_CREAT | O_EXCL | O_NOFOLLOW | O_CLOEXEC, 0600);
	if (fd < 0) {
		*unfinished = 0;
		fail("create", member->path);
	}
	write_file(fd, member);
	set_attributes(fd, member);
	if (futimens(fd, times))
		fail("utimensat", member->path);
	if (close(fd))
		fail("close", member->path);
}

/* Its target is a member's name, not a path of the container. */
static void make_hard_link(struct member *member)
{
	clean(member->link);
	const char *slash = strrchr(member->link, '/');
	char *folder = strndup(member->link, slash ? (size_t)(slash - member->link) : 0);
	int from = open_inside(target, *folder ? folder : ".", O_PATH | O_DIRECTORY);
	if (from < 0 || linkat(from, slash ? slash + 1 : member->link, parent, unfinished, 0))
		fail("link", member->path);
	close(from);
	free(folder);
}

static void make_special(struct member *member)
{
	const struct stat *st = &member->stat;
	mode_t kind = member->type == '3' ? S_IFCHR : member->type == '4' ? S_IFBLK : S_IFIFO;
	if (member->type == '2' ? symlinkat(member->link, parent, unfinished)
				: mknodat(parent, unfinished, kind | (st->st_mode & 07777), st->st_rdev))
		fail(member->type == '2' ? "symlink" : "mknod", member->path);
	set_link_attributes(unfinished, member);
}

static void put_in_place(const char *name, const struct member *member)
{
	if (renameat(parent, unfinished, parent, name))
		fail("rename", member->path);
	/* Where both are one file, rename(2) does nothing. */
	if (member->type == '1')
		unlinkat(parent, unfinished, 0);
	*unfinished = 0;
}

static void make_folder(const char *name, const struct member *member)
{
	if (mkdirat(parent, name, 0700) && errno != EEXIST)
		fail("mkdir", member->path);
	int fd = openat(parent, name, O_RDONLY | O_DIRECTORY | O_NOFOLLOW | O_CLOEXEC);
	if (fd < 0)
		fail("open", member->path);
	set_attributes(fd, member);
	close(fd);
	struct folder_time *noted = allocate(sizeof *noted + strlen(member->path) + 1);
	*noted = (struct folder_time){ folder_times, member->stat.st_mtim };
	strcpy(noted->path, member->path);
	folder_times = noted;
}

/* What is there and cannot stay goes, or the member is refused. */
static void make_way(const char *name, const struct member *member)
{
	struct stat there;
	if (fstatat(parent, name, &there, AT_SYMLINK_NOFOLLOW))
		return;
	bool was_folder = S_ISDIR(there.st_mode), is_folder = member->type == '5';
	if (was_folder == is_folder)
		return;
	if (options->keep_kinds)
		refuse(was_folder ? "folder-there" : "file-there", member->path);
	remove_tree(parent, name, member->path);
}

static void unpack_member(struct member *member)
{
	if (!strchr("0123456", member->type) || !member->type)
		refuse(member->type == 'S' ? "sparse" : "broken", member->path);
	clean(member->path);
	if (!*member->path) {
		skip_bytes(member->type == '0' ? (uint64_t)member->stat.st_size : 0);
		return;
	}
	const char *name = enter_parent(member->path);
	make_way(name, member);
	if (member->type == '5') {
		make_folder(name, member);
		return;
	}
	uint64_t number;
	if (getrandom(&number, sizeof number, 0) != sizeof number)
		fail("getrandom", member->path);
	snprintf(unfinished, sizeof unfinished, ".berth-%016llx", (unsigned long long)number);
	if (member->type == '0')
		make_file(member);
	else if (member->type == '1')
		make_hard_link(member);
	else
		make_special(member);
	put_in_place(name, member);
}

static void set_folder_times(void)
{
	for (struct folder_time *at = folder_times; at; at = at->next) {
		const struct timespec times[2] = { { .tv_nsec = UTIME_NOW }, at->time };
		/* One that a later member replaced has no time to be set. */
		const char *name = enter_parent(at->path);
		utimensat(parent, name, times, AT_SYMLINK_NOFOLLOW);
	}
}

void unpack(const char *path, const struct unpack_options *given)
{
	options = given;
	target = open_inside(AT_FDCWD, path, O_PATH | O_DIRECTORY);
	if (target < 0)
		fail("open", path);
	static struct member member;
	while (read_member(&member))
		unpack_member(&member);
	set_folder_times();
	drain_input();
}
