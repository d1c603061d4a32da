/* SPDX-License-Identifier: Apache-2.0 */
#ifndef CHAOS_BRIDGE_CONNECTION_H
#define CHAOS_BRIDGE_CONNECTION_H

/* One bridge. The functions are those of struct bridge_api. */

#include "bridge.h"

struct bridge *connection_open(struct bridge_maker *maker, const struct bridge_target *target,
	const char *hello, size_t len);
void connection_close(struct bridge *bridge);

void connection_from_program(struct bridge *bridge, const char *data, size_t len);
void connection_from_server(struct bridge *bridge, const char *data, size_t len);
void connection_server_ended(struct bridge *bridge);
void connection_program_ended(struct bridge *bridge);

long connection_read_program(struct bridge *bridge, char *data, size_t cap);
long connection_read_server(struct bridge *bridge, char *data, size_t cap);
bool connection_to_server(struct bridge *bridge, const char *data, size_t len);
bool connection_to_program(struct bridge *bridge, const char *data, size_t len);
size_t connection_unsent(const struct bridge *bridge);
void connection_end_server(struct bridge *bridge);
void connection_end_program(struct bridge *bridge);

struct span connection_for_server(struct bridge *bridge);
void connection_sent_to_server(struct bridge *bridge, size_t len);
struct span connection_for_program(struct bridge *bridge);
void connection_sent_to_program(struct bridge *bridge, size_t len);

enum bridge_state connection_state(const struct bridge *bridge);
enum bridge_failure connection_failure(const struct bridge *bridge);
enum bridge_server connection_server(const struct bridge *bridge);
const char *connection_reason(const struct bridge *bridge);

#endif
