/* A launch plan as the launcher sees it. */
#ifndef WIRE_H
#define WIRE_H
#include <stddef.h>
#include "ops.gen.h"

struct ops {
	uint32_t count;
	struct op *op;
};

struct join {
	const char *path; /* "": by pid */
	uint32_t pid;
	uint64_t flags;
};

struct plan {
	const char *socket, *state_dir, *log_path;
	uint64_t log_max_bytes;
	uint32_t log_max_files;
	bool tty, open_stdin, stdin_once, hold;
	struct ops before;
	uint32_t join_count;
	struct join *join;
	uint64_t clone_flags;
	const char *cgroup;
	struct ops outside, inside;
	char **argv, **env, **search_path;
	bool init;
};

/* NULL when the bytes are a plan; else what is wrong with them. The plan points into the bytes. */
const char *decode_plan(struct plan *plan, const unsigned char *bytes, size_t length);

#endif
