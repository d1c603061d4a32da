/* SPDX-License-Identifier: Apache-2.0 */
/*
 * program SEED CALLS [SKIP]   a random program: the same for the same seed
 * program --case NAME             a fixed one
 * program --list                  the names of those
 *
 * Runs below the server, which it has on CONTROL_FD. Each operation depends on the seed, on its index
 * and on what stands open, so that leaving some out (SKIP: `3,7-20`) makes a shorter program of the same kind.
 */
#include "tests/transparency/program.h"

#include <fcntl.h>
#include <signal.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/epoll.h>
#include <sys/mman.h>
#include <sys/syscall.h>
#include <unistd.h>

static void on_sigpipe(int number)
{
	(void)number;
	if (state)
		state->sigpipes++;
}

static void map_state(void)
{
	state = mmap(NULL, sizeof(*state), PROT_READ | PROT_WRITE, MAP_SHARED, STATE_FD, 0);
	if (state == MAP_FAILED)
		exit(2);
}

/* What stands at numbers of its own, and lives through exec. */
static void begin(void)
{
	int file = memfd_create("state", 0), epoll = epoll_create1(0);

	if (file < 0 || epoll < 0 || ftruncate(file, sizeof(*state)) || dup2(file, STATE_FD) < 0 ||
		dup2(epoll, EPOLL_FD) < 0)
		exit(2);
	close(file);
	close(epoll);
	map_state();
}

static void handle_signals(void)
{
	struct sigaction action = {.sa_handler = on_sigpipe, .sa_flags = SA_RESTART};

	sigaction(SIGPIPE, &action, NULL);
}

/* After exec, those with FD_CLOEXEC are closed. */
static void drop_closed(void)
{
	int i, j;

	for (i = 0; i < SLOTS; i++)
		for (j = 0; j < state->slots[i].count; j++)
			if (syscall(SYS_fcntl, state->slots[i].fds[j], F_GETFD) < 0)
				slot_drop(&state->slots[i], j--);
}

static struct slot *pick_slot(void)
{
	struct slot *live[SLOTS] = {NULL};
	int i, count = 0;

	for (i = 0; i < SLOTS; i++)
		if (state->slots[i].count)
			live[count++] = &state->slots[i];
	return count ? live[pick(count)] : NULL;
}

static const struct operation *pick_operation(const struct operation *list, int count)
{
	int i, left = 0;

	for (i = 0; i < count; i++)
		left += list[i].weight;
	left = pick(left);
	for (i = 0; left >= list[i].weight; i++)
		left -= list[i].weight;
	return &list[i];
}

/* What the peer has closed answers by a reset: one write, not several, has to meet it. */
static const struct way *pick_way_for(const struct slot *slot)
{
	static const char *const single[] = {
		"write", "send", "raw write", "write to a dup", "pwritev2"};

	return slot->gone && !slot->reset ? way_named(single[pick(5)]) : pick_way();
}

static void send_some(struct slot *slot)
{
	int left = slot_fill(slot), length = left;

	/* Cut anywhere: at the first bytes, in the middle, or not at all. */
	if (one_in(3))
		length = pick(left < 10 ? left : 10) + 1;
	else if (one_in(2))
		length = pick(left) + 1;
	if (length > left)
		length = left;
	if (one_in(40))
		length = 0;
	slot_send(slot, pick_way_for(slot), slot_fd(slot), length);
	if (one_in(2) && !slot->corked)
		slot_sync(slot);
}

static void one_operation(void)
{
	struct slot *slot = pick_slot();
	const struct operation *operation;
	int dice = pick(100);

	if (!slot) {
		say("%d open", state->index);
		open_connection(&state->slots[0]);
		return;
	}
	if (dice < 45) {
		say("%d send on %d", state->index, slot->connection);
		send_some(slot);
		return;
	}
	if (dice < 72)
		operation = pick_operation(receiving, receiving_count);
	else if (dice < 84)
		operation = pick_operation(looking, looking_count);
	else
		operation = pick_operation(living, living_count);
	say("%d %s on %d", state->index, operation->name, slot->connection);
	operation->run(slot);
}

static void look_around(void)
{
	struct slot *slot = pick_slot();
	static int seen = -1;

	if (slot && one_in(2))
		look_ready(slot_fd(slot));
	if (one_in(3))
		look_epoll();
	if (seen != state->sigpipes) {
		seen = state->sigpipes;
		say("  SIGPIPE %d times", seen);
	}
}

static void end_somehow(void)
{
	int i;

	for (i = 0; i < SLOTS; i++)
		if (state->slots[i].count)
			slot_before_close(&state->slots[i]);
	state->random = state->seed;
	switch (pick(6)) {
	case 0:
		exit(7);
	case 1:
		_exit(8);
	case 2:
		quick_exit(9);
	case 3:
		abort();
	case 4:
		raise(SIGKILL);
		break;
	default:
		break;
	}
}

static int run(void)
{
	for (; state->index < state->calls; state->index++) {
		if (state->skip[state->index])
			continue;
		state->random = (state->seed << 20) + (uint64_t)state->index * 0x2545f4914f6cdd1du;
		one_operation();
		look_around();
	}
	end_somehow();
	return 0;
}

static void skip(char *list)
{
	char *one, *last;
	int index, end;

	for (one = strtok(list, ","); one; one = strtok(NULL, ",")) {
		last = strchr(one, '-');
		index = atoi(one);
		end = last ? atoi(last + 1) : index;
		for (; index >= 0 && index <= end && index < MAX_CALLS; index++)
			state->skip[index] = 1;
	}
}

int main(int argc, char **argv)
{
	if (argc == 2 && strcmp(argv[1], "--list") == 0) {
		list_cases();
		return 0;
	}
	if (argc == 5 && strcmp(argv[1], "--write") == 0) {
		map_state();
		return write_as_child(argv + 2);
	}
	handle_signals();
	if (argc == 3 && strcmp(argv[1], "--case") == 0) {
		begin();
		return run_case(argv[2]);
	}
	if (argc >= 2 && strcmp(argv[1], "--resume") == 0) {
		map_state();
		drop_closed();
		return argc == 3 ? run_case(argv[2]) : run();
	}
	if (argc < 3)
		return 2;
	begin();
	state->seed = strtoull(argv[1], NULL, 10);
	state->calls = atoi(argv[2]);
	if (state->calls > MAX_CALLS)
		return 2;
	if (argc > 3)
		skip(argv[3]);
	return run();
}
