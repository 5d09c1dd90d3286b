/*
 * Counts datagrams: `sink PORT`. One of a single byte is a question, answered by how many others came since the last
 * question, as decimal text. Static, for a container and for the guest itself.
 */
#include <arpa/inet.h>
#include <stdio.h>
#include <stdlib.h>
#include <sys/socket.h>

int main(int argc, char **argv)
{
	int fd = socket(AF_INET, SOCK_DGRAM, 0);
	struct sockaddr_in at = { .sin_family = AF_INET, .sin_port = htons((unsigned short)atoi(argc > 1 ? argv[1] : "")) };
	if (fd < 0 || bind(fd, (struct sockaddr *)&at, sizeof at)) {
		perror("sink");
		return 1;
	}
	static char bytes[65536];
	for (unsigned long seen = 0;;) {
		struct sockaddr_in from;
		socklen_t length = sizeof from;
		ssize_t got = recvfrom(fd, bytes, sizeof bytes, 0, (struct sockaddr *)&from, &length);
		if (got != 1) {
			seen += got > 1;
			continue;
		}
		int written = snprintf(bytes, sizeof bytes, "%lu", seen);
		sendto(fd, bytes, (size_t)written, 0, (struct sockaddr *)&from, length);
		seen = 0;
	}
}
