/*
 * The monitor: one poll loop that carries the process's output to its log and to attached clients, their input to it, and
 * its end to everybody who asked. Lossless: while an attached client has not taken a piece of output, no more is read; once
 * the process has ended, what is left is set aside for it.
 */
#ifndef MONITOR_H
#define MONITOR_H
#include "clients.h"
#include "log.h"

#define INPUT_ROOM 4096
/* How long the end of the process is kept back for clients that take nothing. */
#define BEHIND_MS 1000

struct monitor {
	struct job *job;
	struct log log;
	/* Descriptors, -1 when closed. With a tty `in` is `out`. */
	int listener, status, gate, pidfd, in, out, err;
	int connection; /* the one that brought the plan, until the process runs: closing it gives the launch up */
	bool settled;	/* has its own descriptor table: the status pipe's end says something from here on */
	bool waiting;	/* held until somebody attaches */
	bool released;	/* free to run exec */
	bool started;	/* has run exec */
	bool exited, told;
	int rest_out, rest_err; /* of what was unread when the process ended, so that it is told after its last byte */
	int code, signal;
	int64_t deadline; /* monotonic ms; 0: none */
	struct client client[MAX_CLIENTS];
	/* The piece of output that clients are taking. */
	unsigned char frame[FRAME_HEADER + FRAME_MAX];
	size_t frame_length;
	unsigned char input[INPUT_ROOM];
	size_t input_length;
	bool input_ending;
};

/* One a process, zero at first, so that its pages cost nothing until they are used. */
extern struct monitor m;

int64_t now_ms(void);
void shut(int *fd);

/* audience.c: what clients are told. */
void add_client(int fd);
void drop_client(struct client *client);
/* Has not taken the present frame: no more output is read. */
bool is_behind(const struct client *client);
/* The same, or has not taken what was set aside for it. */
bool has_more(const struct client *client);
/* Sets aside what a client has not taken, so that it holds up the end of the process no longer. */
void leave_behind(struct client *client);
bool anybody_behind(void);
void push_frame(struct client *client);
/* Gives the frame, whose payload stands in place, to everybody who takes its kind. */
void broadcast(enum frame_kind kind, size_t length);
/* Tells watchers the process's pid. */
void tell_watchers(enum frame_kind kind);

/* requests.c: what clients ask for. */
extern const struct client_events client_requests;
void write_input(void);
/* Closes stdin once all that was sent is written. */
void end_input(void);

/* lifetime.c: from settled to gone. */
/* Whether this process may use the blocks that a full disk keeps back. */
void disk_reserve(bool usable);
void release(void);
void on_status(void);
void on_end_of_process(void);
void tell_exit(void);
_Noreturn void give_up(void);

#endif
