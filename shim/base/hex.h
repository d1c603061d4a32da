/* SPDX-License-Identifier: Apache-2.0 */
#ifndef CHAOS_HEX_H
#define CHAOS_HEX_H

/* The value of a hexadecimal digit of either case; -1: it is none. */
static inline int hex_digit(char byte)
{
	if (byte >= '0' && byte <= '9')
		return byte - '0';
	byte |= 0x20;
	return byte >= 'a' && byte <= 'f' ? byte - 'a' + 10 : -1;
}

#endif
