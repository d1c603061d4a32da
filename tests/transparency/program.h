/* SPDX-License-Identifier: Apache-2.0 */
/*
 * What the parts of the program under test share. The program never goes on before what it did has
 * arrived: each line that it says is the same in every run.
 */
#ifndef CHAOS_TESTS_PROGRAM_H
#define CHAOS_TESTS_PROGRAM_H

#include "tests/transparency/control.h"

#include <errno.h>
#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>
#include <sys/socket.h>
#include <sys/types.h>

enum { SLOTS = 5, SLOT_FDS = 4, OUT_BYTES = 24 * 1024, MAX_CALLS = 4096 };

/* One connection, as the program knows it. */
struct slot {
	int fds[SLOT_FDS]; /* descriptors of it that are open */
	int count;
	int connection; /* number that the server gave it, -1 if it was lost */
	int listener;	/* -1 if the server connected */
	bool nonblocking;
	bool finished; /* the server sends no more */
	bool gone;     /* the server has closed it, or reset it */
	bool reset;    /* and that has shown itself */
	bool shut_read, shut_write;
	bool corked;	 /* the kernel holds bytes of a send with MSG_MORE */
	int64_t sent;	 /* bytes that the kernel took */
	int64_t pending; /* bytes that have arrived and are not read */
	char out[OUT_BYTES];
	int out_at, out_end; /* what is still to be sent of a message */
};

/* Lies in a memory file, so that it lives through fork and exec. */
struct state {
	uint64_t seed, random;
	int index, calls;
	int sigpipes;
	int threads; /* 1 once aio has left threads of its own */
	unsigned char skip[MAX_CALLS];
	struct slot slots[SLOTS];
};

extern struct state *state;

/* ---- Saying ---- */

/* One line, straight to the log. */
__attribute__((format(printf, 1, 2))) void say(const char *format, ...);

/* Says what a call gave, and errno, which has to be as it was if the call went well. */
void note(const char *name, long value);

/* Calls, and says it; the value. errno is set to what no call sets. */
#define CALL(name, call)                                                                           \
	({                                                                                         \
		errno = EXDEV;                                                                     \
		long called = (long)(call);                                                        \
		note(name, called);                                                                \
		called;                                                                            \
	})

/* Says that what had to come did not, and ends: the rest would only be noise. */
__attribute__((noreturn)) void give_up(const char *what);

/* ---- The server ---- */

/* The server's answer; `bytes` go along. */
struct answer ask(
	enum command command, int number, int64_t amount, const char *bytes, size_t length);

/* Has the server write bytes to a copy of fd: what it got by that. */
long ask_to_write(int fd, const char *bytes, size_t length);

/* The address of a listener; the size of it. */
socklen_t address_of(int listener, void *address);
int listener_of(int port, bool v6);

/* ---- Waiting, by raw system calls, for what the kernel has yet to do ---- */

/* For one of the events; false after PATIENCE. */
bool wait_for(int fd, int events);
/* Until the socket's queue has that many bytes. */
bool wait_queued(int fd, int64_t bytes);
/* Until all that was sent is acknowledged; until the end is, that a shutdown has sent. */
bool wait_acknowledged(int fd);
bool wait_fin_acknowledged(int fd);

/* ---- Slots ---- */

struct slot *slot_free(void);
struct slot *slot_begin(struct slot *slot, int fd, int connection, int listener);
void slot_add(struct slot *slot, int fd);
/* A descriptor is closed. The last one ends the connection, which the server then confirms. */
void slot_drop(struct slot *slot, int index);
/* The server must have got all that was sent; says what it got. */
void slot_sync(struct slot *slot);
/* Waits for the end at the server, and says it. */
void slot_say_end(struct slot *slot);
/* A close with unread bytes resets the connection, and what was not sent yet is lost. */
void slot_before_close(struct slot *slot);
/* Notes what a send gave; a peer that has closed answers it. */
void slot_settle_sent(struct slot *slot, long value);
/* Has the server send, and waits until it is there. */
void slot_receive(struct slot *slot, const char *bytes, size_t length);
/* Makes sure that there is something to send; how much. */
int slot_fill(struct slot *slot);
/* One of its descriptors. */
int slot_fd(const struct slot *slot);

/* ---- Dice ---- */

uint64_t roll(void);
/* 0 to n - 1 */
int pick(int n);
bool one_in(int n);

/* ---- Contents ---- */

/* A message that a client might send, or not. At most OUT_BYTES. */
int make_message(char *out, int size);
/* A piece that a server might answer. */
int make_answer(char *out, int size);

/* ---- Ways to send ---- */

/* As write(2): what was written, or -1 and errno. */
struct way {
	const char *name;
	int weight;
	long (*send)(struct slot *slot, int fd, const char *bytes, size_t length);
};
extern const struct way ways[];
extern const int way_count;
const struct way *pick_way(void);
const struct way *way_named(const char *name);
/* Sends by it, with all that follows from it. */
long slot_send(struct slot *slot, const struct way *way, int fd, int length);
/* The child of posix_spawn and exec: `--write SLOT FD LENGTH`. */
int write_as_child(char **argv);

/* ---- Other operations ---- */

struct operation {
	const char *name;
	int weight;
	void (*run)(struct slot *slot); /* a live one */
};

extern const struct operation receiving[], looking[], living[];
extern const int receiving_count, looking_count, living_count;

/* A new connection, or none if the server's port refuses. */
struct slot *open_connection(struct slot *slot);
/* Says what poll, select or epoll tell of a descriptor. */
void look_ready(int fd);
/* One line for each descriptor that the standing epoll has an event for. */
void look_epoll(void);
void epoll_add(int fd, uint32_t events);

/* io_uring: one request, its result; -1 and errno. */
long uring_call(int opcode, int fd, const void *buffer, unsigned int length, uint64_t offset);

/* A fixed program; its exit status. */
int run_case(const char *name);
void list_cases(void);
/* Those below a seccomp filter: does not return if it is one. */
bool run_sealed_case(const char *name);
void list_sealed_cases(void);

/* exec of this program, which goes on where it was. */
void exec_again(const char *option, const char *argument);

#endif
