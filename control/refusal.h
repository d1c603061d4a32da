/* SPDX-License-Identifier: Apache-2.0 */
#ifndef CHAOS_CONTROL_REFUSAL_H
#define CHAOS_CONTROL_REFUSAL_H

#include <stddef.h>

/* Why something was refused: which part, what is wrong with it, and the remedy. */
struct refusal {
	int status;	  /* of HTTP */
	int rule;	  /* counted from 1; 0: about no single rule */
	int line, column; /* of a syntax error, counted from 1; 0: none */
	char field[64];	  /* "error.statusCode"; empty: none */
	char source[128]; /* the option that it is about, "--faults @rules.json"; empty: none */
	char message[512];
};

/* Fills in status and message; the rest stays. Always returns -EINVAL, to be handed on. */
int refuse(struct refusal *why, int status, const char *format, ...)
	__attribute__((format(printf, 3, 4)));

/* What is given to it is in `argument`, of which a file's name is told. */
void refusal_of_option(struct refusal *why, const char *option, const char *argument);

/* The whole reason in one line, the place first. Never longer than this, with its 0. */
#define REFUSAL_TEXT_MAX (sizeof(struct refusal) + 64)
void refusal_text(const struct refusal *why, char *out, size_t cap);

#endif
