/* From a tree to an archive. A file that goes or changes its kind meanwhile is left out. */
#define _GNU_SOURCE
#include "archive.h"
#include <errno.h>
#include <fcntl.h>
#include <limits.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/vfs.h>
#include <sys/xattr.h>
#include <unistd.h>

#define WHITEOUT ".wh."
/* linux/limits.h */
#define XATTR_NAME_MAX 255
#define XATTR_SIZE_MAX 65536
#define XATTR_LIST_MAX 65536
#define OPAQUE "trusted.overlay.opaque"

/* The first name of each inode that has several. */
struct first_name {
	struct first_name *next;
	dev_t device;
	ino_t inode;
	char path[];
};
#define BUCKETS 4096
static struct first_name *names[BUCKETS];

/* The file system of what was asked for. */
static dev_t asked_device;

/* What an upper folder of overlayfs needs; NULL: the tree is taken as it is. */
static char **layer_ignored;

static const char *first_name_of(const struct stat *st, const char *path)
{
	struct first_name **bucket = &names[st->st_ino % BUCKETS];
	for (struct first_name *at = *bucket; at; at = at->next)
		if (at->inode == st->st_ino && at->device == st->st_dev)
			return at->path;
	struct first_name *added = allocate(sizeof *added + strlen(path) + 1);
	*added = (struct first_name){ *bucket, st->st_dev, st->st_ino };
	strcpy(added->path, path);
	*bucket = added;
	return NULL;
}

static bool is_kept(const char *xattr)
{
	return !strncmp(xattr, "user.", 5) || !strcmp(xattr, "security.capability");
}

/* GNU tar writes `=`, which ends a key, and `%` as hexadecimal. */
static void add_xattr(struct text *records, const char *name, const void *value, size_t length)
{
	char key[3 * XATTR_NAME_MAX + 20] = "SCHILY.xattr.";
	for (size_t to = strlen(key); *name; name++)
		to += (size_t)snprintf(key + to, 4, *name == '=' || *name == '%' ? "%%%02X" : "%c", *name);
	add_record(records, key, value, length);
}

static void read_xattrs(int fd, struct text *records)
{
	static char list[XATTR_LIST_MAX], value[XATTR_SIZE_MAX];
	ssize_t length = flistxattr(fd, list, sizeof list);
	for (const char *name = list; length > 0 && name < list + length; name += strlen(name) + 1) {
		ssize_t got = is_kept(name) ? fgetxattr(fd, name, value, sizeof value) : -1;
		if (got >= 0)
			add_xattr(records, name, value, (size_t)got);
	}
}

bool is_opaque(int folder)
{
	char value;
	return fgetxattr(folder, OPAQUE, &value, 1) == 1 && value == 'y';
}

bool is_mount_point(char **ignored, int folder, const char *name, const char *path, const struct stat *stat)
{
	for (; *ignored; ignored++) {
		if (strcmp(*ignored, path))
			continue;
		if (!S_ISDIR(stat->st_mode))
			return S_ISREG(stat->st_mode) && stat->st_size == 0;
		int fd = openat(folder, name, O_RDONLY | O_DIRECTORY | O_NOFOLLOW | O_CLOEXEC);
		char **inside = names_in(fd);
		bool empty = !*inside;
		free_names(inside);
		close(fd);
		return empty;
	}
	return false;
}

static void copy_data(int fd, uint64_t size, const char *path)
{
	static char piece[1 << 16];
	for (uint64_t left = size; left;) {
		size_t want = left < sizeof piece ? (size_t)left : sizeof piece;
		ssize_t got = read(fd, piece, want);
		if (got < 0)
			fail("read", path);
		/* It was cut meanwhile: the header has told its size. */
		if (got == 0) {
			memset(piece, 0, want);
			got = (ssize_t)want;
		}
		write_bytes(piece, (size_t)got);
		left -= (uint64_t)got;
	}
	write_padding(size);
}

static void pack_file(int folder, const char *name, struct member *member)
{
	const char *first = member->stat.st_nlink > 1 ? first_name_of(&member->stat, member->path) : NULL;
	if (first) {
		*member = (struct member){ '1', member->path, (char *)first, member->stat, { 0 } };
		member->stat.st_size = 0;
		write_member(member);
		return;
	}
	int fd = openat(folder, name, O_RDONLY | O_NOFOLLOW | O_NONBLOCK | O_CLOEXEC);
	if (fd < 0 && errno != ENOENT && errno != ELOOP)
		fail("open", member->path);
	if (fd >= 0 && fstat(fd, &member->stat) == 0 && S_ISREG(member->stat.st_mode)) {
		read_xattrs(fd, &member->xattrs);
		write_member(member);
		copy_data(fd, (uint64_t)member->stat.st_size, member->path);
	}
	close(fd);
}

static void pack_entry(int folder, const char *name, const char *path);

static void pack_inside(int fd, const char *path)
{
	char **inside = names_in(fd);
	for (char **name = inside; *name; name++) {
		char *below = join_path(path, *name);
		pack_entry(fd, *name, below);
		free(below);
	}
	free_names(inside);
}

/* Mounted below what was asked for, these hold no files but the kernel's answers (linux/magic.h). */
static bool is_kernels(int fd, const struct stat *st)
{
	struct statfs fs;
	if (st->st_dev == asked_device || fstatfs(fd, &fs))
		return false;
	const unsigned kinds[] = { 0x9fa0 /* proc */, 0x62656572 /* sysfs */, 0x63677270 /* cgroup2 */, 0x1cd1 /* devpts */ };
	for (size_t i = 0; i < sizeof kinds / sizeof *kinds; i++)
		if ((unsigned)fs.f_type == kinds[i])
			return true;
	return false;
}

static void write_marker(const char *folder, const char *name)
{
	char *path = join_path(folder, name);
	struct member member = { .type = '0', .path = path };
	write_member(&member);
	free(path);
}

/* `path` "" is not a member itself. */
static void pack_folder(int fd, const char *path, struct member *member)
{
	if (*path) {
		struct text name = { 0 };
		append(&name, path, strlen(path));
		append(&name, "/", 2);
		member->type = '5';
		member->path = name.at;
		member->stat.st_size = 0;
		read_xattrs(fd, &member->xattrs);
		write_member(member);
		free(name.at);
	}
	if (layer_ignored && is_opaque(fd))
		write_marker(path, WHITEOUT WHITEOUT ".opq");
	if (!is_kernels(fd, &member->stat))
		pack_inside(fd, path);
}

static void pack_special(int folder, const char *name, struct member *member)
{
	char target[PATH_MAX];
	mode_t mode = member->stat.st_mode;
	member->stat.st_size = 0;
	if (S_ISLNK(mode)) {
		ssize_t length = readlinkat(folder, name, target, sizeof target - 1);
		if (length < 0)
			return;
		target[length] = 0;
		member->link = target;
	} else if (member->stat.st_nlink > 1) {
		member->link = (char *)first_name_of(&member->stat, member->path);
	}
	member->type = S_ISLNK(mode) ? '2' : member->link ? '1' : S_ISCHR(mode) ? '3' : S_ISBLK(mode) ? '4' : '6';
	write_member(member);
}

static void pack_whiteout(const char *path, const char *name)
{
	struct text text = { 0 };
	append(&text, path, strlen(path) - strlen(name));
	append(&text, WHITEOUT, strlen(WHITEOUT));
	append(&text, name, strlen(name) + 1);
	struct member member = { .type = '0', .path = text.at };
	write_member(&member);
	free(text.at);
}

/* Names under which layers keep their markers cannot be files of a layer. */
static void refuse_marker(const char *name, const char *path)
{
	if (!strncmp(name, WHITEOUT, strlen(WHITEOUT)))
		refuse("marker-name", path);
}

static void pack_entry(int folder, const char *name, const char *path)
{
	struct member member = { .path = (char *)path };
	struct stat *st = &member.stat;
	if (fstatat(folder, name, st, AT_SYMLINK_NOFOLLOW))
		return;
	if (layer_ignored) {
		if (S_ISCHR(st->st_mode) && st->st_rdev == 0) {
			pack_whiteout(path, name);
			return;
		}
		refuse_marker(name, path);
		/* Members of a layer are called ./NAME. */
		if (is_mount_point(layer_ignored, folder, name, path + 1, st))
			return;
	}
	if (S_ISDIR(st->st_mode)) {
		int fd = openat(folder, name, O_RDONLY | O_DIRECTORY | O_NOFOLLOW | O_CLOEXEC);
		if (fd < 0 && errno != ENOENT && errno != ELOOP && errno != ENOTDIR)
			fail("open", path);
		if (fd >= 0 && fstat(fd, st) == 0)
			pack_folder(fd, path, &member);
		close(fd);
	} else if (S_ISREG(st->st_mode)) {
		pack_file(folder, name, &member);
	} else if (!S_ISSOCK(st->st_mode)) {
		pack_special(folder, name, &member);
	}
	free(member.xattrs.at);
}

void pack_path(const char *path, const char *name)
{
	const char *slash = strrchr(path, '/');
	const char *last = slash ? slash + 1 : path;
	char *folder = strndup(path, (size_t)(last - path));
	bool whole = !*last || !strcmp(last, ".") || !strcmp(last, "..");
	int at = open_inside(AT_FDCWD, whole ? path : *folder ? folder : ".", O_RDONLY | O_DIRECTORY);
	if (at < 0)
		fail("open", path);
	struct member member = { 0 };
	if (!whole && fstatat(at, last, &member.stat, AT_SYMLINK_NOFOLLOW))
		fail("lstat", path);
	if (whole && fstat(at, &member.stat))
		fail("fstat", path);
	asked_device = member.stat.st_dev;
	if (whole)
		pack_folder(at, name, &member);
	else
		pack_entry(at, last, name);
	end_archive();
}

void pack_layer(const char *folder, char **ignored)
{
	layer_ignored = ignored;
	int fd = open(folder, O_RDONLY | O_DIRECTORY | O_CLOEXEC);
	struct member member = { 0 };
	if (fd < 0 || fstat(fd, &member.stat))
		fail("open", folder);
	asked_device = member.stat.st_dev;
	pack_folder(fd, ".", &member);
	end_archive();
}
