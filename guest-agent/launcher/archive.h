/*
 * The archiver: files of a container to and from a tar archive. It is the launcher's own file, run by a plan in the container's
 * mount and user namespace, so its root is the container's, its id 0 the container's root: no path and no link leads out, and
 * what a process of the container changes meanwhile can only lead elsewhere in the container.
 */
#ifndef ARCHIVE_H
#define ARCHIVE_H
#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>
#include <sys/stat.h>

#define TAR_BLOCK 512

/* Ends the process with 1 after telling errno, the step and the path on stderr; what is half written is removed. */
_Noreturn void fail(const char *step, const char *path);
/* The same for what is no system call's failure: `reason` is a word that guest-agent/protocol/archive-failure.ts knows. */
_Noreturn void refuse(const char *reason, const char *path);

/* Bytes that grow. */
struct text {
	char *at;
	size_t length, room;
};
void append(struct text *text, const void *bytes, size_t length);
void *allocate(size_t size);
char *join_path(const char *folder, const char *name);

/* Opens what a path of the container means, following links, but none of /proc that lead elsewhere; -1 and errno. */
int open_inside(int at, const char *path, int flags);
/* Sorted names in a folder, NULL at the end; an empty list when it can't be read. To be freed with free_names. */
char **names_in(int folder);
void free_names(char **names);

/* archive_tar.c: members. Paths and link targets are bytes. */
struct member {
	char type; /* '0' file, '1' hard link, '2' symbolic link, '3', '4' devices, '5' folder, '6' fifo */
	char *path, *link;
	struct stat stat;
	struct text xattrs; /* PAX records when written; name, NUL, u32 length, value when read */
};
void write_member(const struct member *member);
void write_bytes(const void *bytes, size_t length);
/* The end of a member's data, which began at a block. */
void write_padding(uint64_t size);
void end_archive(void);
void flush_output(void);
/* One PAX record (pax(1)): length, key, value. */
void add_record(struct text *records, const char *key, const void *value, size_t length);

/* archive_read.c: the next member of the archive on stdin; false at its end. Its data must be read before the next. */
bool read_member(struct member *member);
void read_bytes_exactly(void *to, size_t length);
void skip_bytes(uint64_t length);
void drain_input(void);

/* archive_pack.c, archive_unpack.c, archive_compare.c: the verbs. */
void pack_path(const char *path, const char *name);
void pack_layer(const char *folder, char **ignored);
/* Whether the path is one of those that mounts needed, with nothing in it. */
bool is_mount_point(char **ignored, int folder, const char *name, const char *path, const struct stat *stat);
bool is_opaque(int folder);

struct unpack_options {
	bool keep_kinds; /* a folder is not replaced by something else, nor the other way round */
	bool own;	 /* owners are `uid` and `gid`, not the archive's */
	uid_t uid;
	gid_t gid;
};
void unpack(const char *path, const struct unpack_options *options);
/* Removes what is half written. Called by fail. */
void forget_unfinished(void);
/* Removes a name and all below it. */
void remove_tree(int folder, const char *name, const char *path);

void compare(const char *upper, const char *lower, char **ignored);

int run_archiver(int argc, char **argv);

#endif
