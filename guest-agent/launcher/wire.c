#include "wire.h"
#include <stdlib.h>
#include <string.h>

static const unsigned char *take(struct reader *r, uint32_t count)
{
	if (r->bad || count > (size_t)(r->end - r->at)) {
		r->bad = true;
		return NULL;
	}
	const unsigned char *at = r->at;
	r->at += count;
	return at;
}

uint32_t read_u32(struct reader *r)
{
	const unsigned char *p = take(r, 4);
	return p ? p[0] | (uint32_t)p[1] << 8 | (uint32_t)p[2] << 16 | (uint32_t)p[3] << 24 : 0;
}

uint64_t read_u64(struct reader *r)
{
	uint64_t low = read_u32(r);
	return low | (uint64_t)read_u32(r) << 32;
}

struct bytes read_bytes(struct reader *r)
{
	uint32_t length = read_u32(r);
	const unsigned char *at = take(r, length);
	return at ? (struct bytes){ at, length } : (struct bytes){ (const unsigned char *)"", 0 };
}

const char *read_str(struct reader *r)
{
	struct bytes text = read_bytes(r);
	const unsigned char *end = take(r, 1);
	if (end && (*end != 0 || memchr(text.at, 0, text.length)))
		r->bad = true;
	return r->bad ? "" : (const char *)text.at;
}

uint32_t read_count(struct reader *r)
{
	uint32_t count = read_u32(r);
	if (count > (size_t)(r->end - r->at) / 4)
		r->bad = true;
	return r->bad ? 0 : count;
}

char **read_list(struct reader *r)
{
	uint32_t count = read_count(r);
	char **list = calloc((size_t)count + 1, sizeof *list);
	if (!list) {
		r->bad = true;
		return NULL;
	}
	for (uint32_t i = 0; i < count; i++)
		list[i] = (char *)read_str(r);
	return list;
}

static struct ops read_ops(struct reader *r)
{
	struct ops ops = { .count = read_count(r) };
	ops.op = calloc((size_t)ops.count + 1, sizeof *ops.op);
	if (!ops.op)
		r->bad = true;
	for (uint32_t i = 0; i < ops.count && !r->bad; i++) {
		ops.op[i].code = read_u32(r);
		if (!read_op_fields(r, &ops.op[i]))
			r->bad = true;
	}
	return ops;
}

static void read_joins(struct reader *r, struct plan *plan)
{
	plan->join_count = read_count(r);
	plan->join = calloc((size_t)plan->join_count + 1, sizeof *plan->join);
	if (!plan->join)
		r->bad = true;
	for (uint32_t i = 0; i < plan->join_count && !r->bad; i++) {
		plan->join[i].path = read_str(r);
		plan->join[i].pid = read_u32(r);
		plan->join[i].flags = read_u64(r);
	}
}

static void read_monitor(struct reader *r, struct plan *plan)
{
	plan->socket = read_str(r);
	plan->state_dir = read_str(r);
	plan->log_path = read_str(r);
	plan->log_max_bytes = read_u64(r);
	plan->log_max_files = read_u32(r);
	uint32_t flags = read_u32(r);
	plan->tty = flags & 1;
	plan->open_stdin = flags & 2;
	plan->stdin_once = flags & 4;
	plan->hold = flags & 8;
}

const char *decode_plan(struct plan *plan, const unsigned char *bytes, size_t length)
{
	struct reader r = { bytes, bytes + length, false };
	if (read_u32(&r) != PLAN_MAGIC)
		return "not a plan";
	if (read_u32(&r) != PLAN_VERSION || read_u32(&r) != PLAN_TABLE)
		return "a plan of another version";
	read_monitor(&r, plan);
	plan->before = read_ops(&r);
	read_joins(&r, plan);
	plan->clone_flags = read_u64(&r);
	plan->cgroup = read_str(&r);
	plan->outside = read_ops(&r);
	plan->inside = read_ops(&r);
	plan->argv = read_list(&r);
	plan->env = read_list(&r);
	plan->search_path = read_list(&r);
	plan->init = read_u32(&r);
	if (r.bad || r.at != r.end)
		return "a damaged plan";
	return plan->argv[0] ? NULL : "a plan without a command";
}
