/*
 * What an upper folder of overlayfs changes of the lower. Facts only: one record for each name, with what it is above and below
 * (`d` folder, `f` anything else, `w` whiteout, `-` nothing), `=` or `!` for the same or different, the path, and NUL.
 */
#define _GNU_SOURCE
#include "archive.h"
#include <fcntl.h>
#include <stdlib.h>
#include <string.h>
#include <unistd.h>

static char kind_of(const struct stat *st, bool there)
{
	if (!there)
		return '-';
	return S_ISDIR(st->st_mode) ? 'd' : 'f';
}

static bool is_same(const struct stat *a, const struct stat *b)
{
	if (a->st_mode != b->st_mode || a->st_uid != b->st_uid || a->st_gid != b->st_gid)
		return false;
	/* What is in a folder changes its time and size. */
	if (S_ISDIR(a->st_mode))
		return true;
	return a->st_rdev == b->st_rdev && a->st_size == b->st_size && a->st_mtim.tv_sec == b->st_mtim.tv_sec &&
	       a->st_mtim.tv_nsec == b->st_mtim.tv_nsec;
}

static void tell(char above, char below, bool same, const char *path)
{
	const char head[3] = { above, below, same ? '=' : '!' };
	write_bytes(head, sizeof head);
	write_bytes(path, strlen(path) + 1);
}

static int open_folder(int at, const char *name)
{
	return openat(at, name, O_RDONLY | O_DIRECTORY | O_NOFOLLOW | O_CLOEXEC);
}

/* An opaque folder hides what is below it. */
static void tell_hidden(int upper, int lower, const char *path)
{
	char **below = names_in(lower);
	for (char **name = below; *name; name++) {
		struct stat st;
		if (fstatat(upper, *name, &st, AT_SYMLINK_NOFOLLOW) == 0 || fstatat(lower, *name, &st, AT_SYMLINK_NOFOLLOW))
			continue;
		char *full = join_path(path, *name);
		tell('-', kind_of(&st, true), false, full);
		free(full);
	}
	free_names(below);
}

static void compare_folders(int upper, int lower, const char *path, char **ignored);

static void compare_entry(int upper, int lower, const char *name, const char *path, char **ignored)
{
	struct stat above, below;
	if (fstatat(upper, name, &above, AT_SYMLINK_NOFOLLOW) || is_mount_point(ignored, upper, name, path, &above))
		return;
	bool there = lower >= 0 && fstatat(lower, name, &below, AT_SYMLINK_NOFOLLOW) == 0;
	if (S_ISCHR(above.st_mode) && above.st_rdev == 0) {
		tell('w', kind_of(&below, there), false, path);
		return;
	}
	tell(kind_of(&above, true), kind_of(&below, there), there && is_same(&above, &below), path);
	if (!S_ISDIR(above.st_mode))
		return;
	int up = open_folder(upper, name), low = there ? open_folder(lower, name) : -1;
	compare_folders(up, low, path, ignored);
	close(up);
	close(low);
}

static void compare_folders(int upper, int lower, const char *path, char **ignored)
{
	if (upper < 0)
		return;
	char **inside = names_in(upper);
	for (char **name = inside; *name; name++) {
		char *full = join_path(path, *name);
		compare_entry(upper, lower, *name, full, ignored);
		free(full);
	}
	free_names(inside);
	if (lower >= 0 && is_opaque(upper))
		tell_hidden(upper, lower, path);
}

void compare(const char *upper, const char *lower, char **ignored)
{
	int up = open_folder(AT_FDCWD, upper), low = open_folder(AT_FDCWD, lower);
	if (up < 0 || low < 0)
		fail("open", up < 0 ? upper : lower);
	compare_folders(up, low, "/", ignored);
	flush_output();
}
