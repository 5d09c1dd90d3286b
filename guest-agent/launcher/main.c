/*
 * berth-launcher: the hands of the guest agent.
 *
 *   berth-launcher serve SOCKET               executes launch plans (guest-agent/plan) and stays as each one's monitor
 *   berth-launcher vsock-relay PORT SOCKET    relays the host's connections on AF_VSOCK to a unix socket; with a CID as third
 *                                             word those of that peer instead
 *   berth-launcher unix-relay SOCKET SOCKET   relays those on a unix socket to another, in the background
 *   berth-launcher copy SOURCE TARGET SIZE    appends to a file what it lacks of another, prints the digest of the whole
 *
 * As berth-archive it is the archiver (archive.h).
 */
#include <stdio.h>
#include <string.h>
#include "archive.h"
#include "job.h"

int main(int argc, char **argv)
{
	if (argc > 0 && !strcmp(argv[0], "berth-archive"))
		return run_archiver(argc, argv);
	if (argc == 3 && !strcmp(argv[1], "serve"))
		return serve(argv[2]);
	if ((argc == 4 || argc == 5) && !strcmp(argv[1], "vsock-relay"))
		return relay_vsock(argv[2], argv[3], argc == 5 ? argv[4] : NULL);
	if (argc == 4 && !strcmp(argv[1], "unix-relay"))
		return relay_unix(argv[2], argv[3]);
	if (argc == 5 && !strcmp(argv[1], "copy"))
		return copy_file(argv[2], argv[3], argv[4]);
	fputs("usage: berth-launcher serve SOCKET | vsock-relay PORT SOCKET [CID] | unix-relay SOCKET SOCKET |"
	      " copy SOURCE TARGET SIZE\n",
	      stderr);
	return 2;
}
