#include "job.h"
#include <errno.h>
#include <stdio.h>
#include <string.h>

void note_failure(struct job *job, enum section section, uint32_t index, step failed)
{
	struct failure *f = &job->shared->failure;
	if (f->set)
		return;
	*f = (struct failure){ .section = section, .index = index, .error = errno };
	snprintf(f->text, sizeof f->text, "%s%s%s", failed, *job->detail ? ": " : "", job->detail);
	f->set = true;
}

static step perform(struct job *job, const struct op *op)
{
	if (op->code == OP_NETLINK)
		return perform_netlink(job, &op->u.netlink);
	if (op->code == OP_DEVICE_PROGRAM)
		return perform_device_program(&op->u.device_program);
	bool known = true;
	step failed = perform_file_op(job, op, &known);
	if (!known) {
		known = true;
		failed = perform_mount_op(job, op, &known);
	}
	if (!known) {
		known = true;
		failed = perform_process_op(job, op, &known);
	}
	if (known)
		return failed;
	errno = ENOSYS;
	return "operation";
}

bool perform_ops(struct job *job, enum section section, const struct ops *ops)
{
	for (uint32_t i = 0; i < ops->count; i++) {
		*job->detail = 0;
		step failed = perform(job, &ops->op[i]);
		if (failed) {
			note_failure(job, section, i, failed);
			return false;
		}
	}
	return true;
}
