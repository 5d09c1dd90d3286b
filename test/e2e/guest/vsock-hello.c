/*
 * Says hello to the agent over AF_VSOCK, as a host with vsock would, and prints what it answers.
 *
 *   vsock-hello CID           to that CID, from a socket made by socket(2)
 *   vsock-hello CID compat    from one made by socketcall(2), which seccomp cannot tell from other calls of it
 */
#define _GNU_SOURCE
#include <errno.h>
#include <signal.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/mman.h>
#include <sys/socket.h>
#include <unistd.h>

struct address {
	unsigned short family, reserved;
	unsigned int port, cid;
	unsigned char rest[4];
};

/* As a program of 32 bits makes it. */
static int compat_socket(void)
{
#ifdef __x86_64__
	unsigned *words = mmap(NULL, 4096, PROT_READ | PROT_WRITE, MAP_PRIVATE | MAP_ANONYMOUS | MAP_32BIT, -1, 0);
	if (words == MAP_FAILED)
		return -1;
	words[0] = AF_VSOCK;
	words[1] = SOCK_STREAM;
	words[2] = 0;
	int result;
	__asm__ volatile("int $0x80"
			 : "=a"(result)
			 : "a"(102), "b"(1), "c"(words)
			 : "memory", "r8", "r9", "r10", "r11");
	errno = result < 0 ? -result : 0;
	return result;
#else
	errno = ENOSYS;
	return -1;
#endif
}

int main(int argc, char **argv)
{
	static const char body[] =
		"{\"jsonrpc\":\"2.0\",\"id\":1,\"method\":\"hello\",\"params\":{\"protocolVersion\":" PROTOCOL_VERSION ",\"hostVersion\":\"vsock\"}}";
	struct address agent = { .family = AF_VSOCK, .port = 1024, .cid = (unsigned)strtoul(argc > 1 ? argv[1] : "1", NULL, 10) };
	signal(SIGPIPE, SIG_IGN);
	int fd = argc > 2 ? compat_socket() : socket(AF_VSOCK, SOCK_STREAM, 0);
	if (fd < 0) {
		perror("socket");
		return 1;
	}
	if (connect(fd, (struct sockaddr *)&agent, sizeof agent)) {
		perror("connect");
		return 1;
	}
	dprintf(fd, "BERTH/1 CONTROL\nContent-Length: %zu\r\n\r\n%s", strlen(body), body);
	char answer[4096];
	ssize_t got = 0, n;
	while (got < (ssize_t)sizeof answer && !memchr(answer, '}', (size_t)got) &&
	       (n = read(fd, answer + got, sizeof answer - (size_t)got)) > 0)
		got += n;
	if (got == 0) {
		puts("no answer");
		return 1;
	}
	return write(1, answer, (size_t)got) == got ? 0 : 1;
}
