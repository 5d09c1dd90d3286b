/* Fields of the plan's wire form (guest-agent/plan/wire.ts): bounded reads that never pass the end. */
#ifndef WIRE_FIELDS_H
#define WIRE_FIELDS_H
#include <stdbool.h>
#include <stdint.h>

struct bytes {
	const unsigned char *at;
	uint32_t length;
};

/* Once `bad`, every further read gives 0, "" or an empty list: callers look at it once, at the end. */
struct reader {
	const unsigned char *at, *end;
	bool bad;
};

uint32_t read_u32(struct reader *r);
uint64_t read_u64(struct reader *r);
struct bytes read_bytes(struct reader *r);
/* Points into the plan; ends with NUL. */
const char *read_str(struct reader *r);
/* Ends with NULL; lives until the process ends. */
char **read_list(struct reader *r);
/* A count of things of at least four bytes each. */
uint32_t read_count(struct reader *r);

#endif
