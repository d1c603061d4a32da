/* SPDX-License-Identifier: Apache-2.0 */
#ifndef CHAOS_ELF_H
#define CHAOS_ELF_H

#include <stddef.h>
#include <stdint.h>

#include "obstacle.h"

/* An ELF file of `size` bytes, whatever they hold: in memory, or read as it is needed. */
enum binary_obstacle binary_look_elf(const void *image, size_t size);
enum binary_obstacle binary_look_elf_file(int fd, uint64_t size);

#endif
