/* One rtnetlink request and its acknowledgement (netlink(7), rtnetlink(7), linux/netlink.h). */
#include <errno.h>
#include <net/if.h>
#include <stdio.h>
#include <string.h>
#include <sys/ioctl.h>
#include <sys/socket.h>
#include "job.h"
#include "sys.h"

#define SOL_NETLINK_LEVEL 270
#define EXT_ACK 11
#define TYPE_ERROR 2
#define FLAG_CAPPED 0x100
#define FLAG_ACK_TLVS 0x200
#define ATTR_MSG 1
#define NOWHERE 0xffffffffu

struct header {
	uint32_t length;
	uint16_t type, flags;
	uint32_t sequence, port;
};

struct answer {
	struct header header;
	int32_t error;
	struct header request;
};

static step open_netlink(struct job *job)
{
	if (job->netlink >= 0)
		return NULL;
	job->netlink = socket(AF_NETLINK, SOCK_RAW | SOCK_CLOEXEC, 0 /* NETLINK_ROUTE */);
	if (job->netlink < 0)
		return "socket";
	int on = 1;
	return setsockopt(job->netlink, SOL_NETLINK_LEVEL, EXT_ACK, &on, sizeof on) ? "setsockopt" : NULL;
}

static step patch(struct job *job, const struct op_netlink *op, unsigned char *message)
{
	uint32_t length = op->message.length;
	if (op->pid_at != NOWHERE) {
		if (length < 4 || op->pid_at > length - 4)
			goto outside;
		uint32_t pid = (uint32_t)job->shared->pid;
		memcpy(message + op->pid_at, &pid, 4);
	}
	if (op->index_at != NOWHERE) {
		struct ifreq interface = { 0 };
		if (length < 4 || op->index_at > length - 4 || strlen(op->ifname) >= sizeof interface.ifr_name)
			goto outside;
		strcpy(interface.ifr_name, op->ifname);
		if (ioctl(job->netlink, SIOCGIFINDEX, &interface))
			return "interface index";
		memcpy(message + op->index_at, &interface.ifr_ifindex, 4);
	}
	return NULL;
outside:
	errno = EINVAL;
	return "netlink message";
}

/* The kernel's sentence about an error is an attribute after the request, or its header when that was capped. */
static void read_sentence(struct job *job, const unsigned char *buffer, size_t got)
{
	struct answer answer;
	memcpy(&answer, buffer, sizeof answer);
	if (!(answer.header.flags & FLAG_ACK_TLVS))
		return;
	size_t at = sizeof answer;
	if (!(answer.header.flags & FLAG_CAPPED))
		at += ((answer.request.length + 3u) & ~3u) - sizeof answer.request;
	while (at + 4 <= got) {
		uint16_t attr[2]; /* length, type */
		memcpy(attr, buffer + at, sizeof attr);
		if (attr[0] < 4 || at + attr[0] > got)
			return;
		if (attr[1] == ATTR_MSG)
			snprintf(job->detail, sizeof job->detail, "%.*s", attr[0] - 4, (const char *)buffer + at + 4);
		at += (attr[0] + 3u) & ~3u;
	}
}

step perform_netlink(struct job *job, const struct op_netlink *op)
{
	unsigned char buffer[4096];
	step failed = open_netlink(job);
	if (failed)
		return failed;
	if (op->message.length < sizeof(struct header) || op->message.length > sizeof buffer) {
		errno = EINVAL;
		return "netlink message";
	}
	memcpy(buffer, op->message.at, op->message.length);
	failed = patch(job, op, buffer);
	if (failed)
		return failed;
	if (send(job->netlink, buffer, op->message.length, 0) != (ssize_t)op->message.length)
		return "netlink send";
	for (;;) {
		ssize_t got = recv(job->netlink, buffer, sizeof buffer, 0);
		if (got < 0)
			return "netlink receive";
		struct answer answer;
		if ((size_t)got < sizeof answer)
			continue;
		memcpy(&answer, buffer, sizeof answer);
		if (answer.header.type != TYPE_ERROR)
			continue;
		if (answer.error == 0)
			return NULL;
		read_sentence(job, buffer, (size_t)got);
		errno = -answer.error;
		return "netlink";
	}
}
