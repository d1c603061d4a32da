/* SPDX-License-Identifier: Apache-2.0 */

#include "binary.h"

#include <elf.h>
#include <errno.h>
#include <fcntl.h>
#include <stdbool.h>
#include <stdint.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/mman.h>
#include <sys/prctl.h>
#include <sys/stat.h>
#include <sys/statvfs.h>
#include <sys/xattr.h>
#include <unistd.h>

#include "shim/base/span.h"

#if defined(__x86_64__)
#define MACHINE	     EM_X86_64
#define MACHINE_NAME "x86-64"
#elif defined(__aarch64__)
#define MACHINE	     EM_AARCH64
#define MACHINE_NAME "aarch64"
#else
#error "say here which ELF machine this is"
#endif

#if __BYTE_ORDER__ == __ORDER_LITTLE_ENDIAN__
#define BYTE_ORDER_ELF ELFDATA2LSB
#else
#define BYTE_ORDER_ELF ELFDATA2MSB
#endif

/* Of a `#!` line the kernel reads this much (BINPRM_BUF_SIZE), and follows this many of them. */
#define HEAD_SIZE  256
#define MAX_LEVELS 5

/* So far into the data is it sought what Go says of a build; Go's own tools do so, too. */
#define GO_BUILD_WITHIN 65536

static const struct {
	const char *reason, *remedy;
} texts[BINARY_OBSTACLES] = {
	[BINARY_NONE] = {"can be reached", NULL},
	[BINARY_NOT_FOUND] = {"is not found", NULL},
	[BINARY_NOT_EXECUTABLE] = {"cannot be executed", NULL},
	[BINARY_UNREADABLE] = {"may be run but not read, so it cannot be checked",
		"make it readable"},
	[BINARY_TOO_DEEP] = {"is an interpreter of an interpreter, too many levels deep",
		"run its interpreter by hand"},
	[BINARY_DAMAGED] = {"is damaged or no program", "build or install it anew"},
	[BINARY_OTHER_MACHINE] = {"is built for another architecture than " MACHINE_NAME,
		"use a 64-bit build for " MACHINE_NAME},
	[BINARY_STATIC] = {"is statically linked, and nothing can be preloaded into it",
		"use a build that is dynamically linked to glibc"},
	[BINARY_GO] =
		{"is written in Go and makes its own system calls, past any preloaded library",
			NULL},
	[BINARY_OTHER_LIBC] = {"uses another C library than glibc",
		"use a build that is dynamically linked to glibc"},
	[BINARY_SETUID] =
		{"is setuid or setgid, and the system preloads nothing into such a program",
			"use a copy without these bits, or run chaos-run as its owner"},
	[BINARY_CAPABILITIES] =
		{"has file capabilities, and the system preloads nothing into such a "
		 "program",
			"use a copy without them"},
};

const char *binary_reason(enum binary_obstacle obstacle)
{
	return texts[obstacle].reason;
}

const char *binary_remedy(enum binary_obstacle obstacle)
{
	return texts[obstacle].remedy;
}

bool binary_can_be_supervised(enum binary_obstacle obstacle)
{
	return obstacle == BINARY_STATIC || obstacle == BINARY_GO;
}

/* ---- ELF ---- */

struct image {
	const uint8_t *at;
	size_t size;
};

/* The `size` bytes at `offset`; .at NULL when they are not all there. */
static struct image image_part(struct image image, uint64_t offset, uint64_t size)
{
	if (offset > image.size || size > image.size - offset)
		return (struct image){NULL, 0};
	return (struct image){image.at + offset, (size_t)size};
}

/* Copies out what may stand unaligned. */
static bool image_read(struct image image, uint64_t offset, void *out, size_t size)
{
	struct image part = image_part(image, offset, size);

	if (part.at)
		memcpy(out, part.at, size);
	return part.at;
}

/* The NUL-terminated text at `offset`; .at NULL when it is out of bounds or has no end. */
static struct span image_text(struct image image, uint64_t offset)
{
	const char *text, *end;

	if (offset >= image.size)
		return (struct span){NULL, 0};
	text = (const char *)image.at + offset;
	end = memchr(text, '\0', image.size - offset);
	return end ? (struct span){text, (size_t)(end - text)} : (struct span){NULL, 0};
}

static bool read_program_header(
	struct image image, const Elf64_Ehdr *head, unsigned index, Elf64_Phdr *header)
{
	uint64_t place = (uint64_t)index * sizeof(*header);

	return head->e_phoff <= UINT64_MAX - place &&
	       image_read(image, head->e_phoff + place, header, sizeof(*header));
}

/* The first program header of a type: 1; 0: there is none; -1: out of bounds. */
static int find_program_header(
	struct image image, const Elf64_Ehdr *head, uint32_t type, Elf64_Phdr *header)
{
	for (unsigned i = 0; i < head->e_phnum; i++) {
		if (!read_program_header(image, head, i, header))
			return -1;
		if (header->p_type == type)
			return 1;
	}
	return 0;
}

/* Where in the file the byte stands that is mapped at `address`; UINT64_MAX: nowhere. */
static uint64_t file_offset(struct image image, const Elf64_Ehdr *head, uint64_t address)
{
	Elf64_Phdr header;

	for (unsigned i = 0; i < head->e_phnum; i++) {
		if (!read_program_header(image, head, i, &header))
			break;
		if (header.p_type == PT_LOAD && address >= header.p_vaddr &&
			address - header.p_vaddr < header.p_filesz &&
			header.p_offset <= UINT64_MAX - (address - header.p_vaddr))
			return header.p_offset + (address - header.p_vaddr);
	}
	return UINT64_MAX;
}

struct dynamic {
	bool needs; /* a shared library */
	bool has_soname, has_strings;
	uint64_t soname, strings;
};

static struct dynamic read_dynamic(struct image section)
{
	struct dynamic dynamic = {0};
	Elf64_Dyn entry;

	for (uint64_t at = 0; image_read(section, at, &entry, sizeof(entry)); at += sizeof(entry)) {
		switch (entry.d_tag) {
		case DT_NULL:
			return dynamic;
		case DT_NEEDED:
			dynamic.needs = true;
			break;
		case DT_SONAME:
			dynamic.has_soname = true;
			dynamic.soname = entry.d_un.d_val;
			break;
		case DT_STRTAB:
			dynamic.has_strings = true;
			dynamic.strings = entry.d_un.d_ptr;
			break;
		}
	}
	return dynamic;
}

static struct span file_name(struct span path)
{
	for (size_t i = path.len; i > 0; i--)
		if (path.at[i - 1] == '/')
			return span_from(path, i);
	return path;
}

/* glibc's loader is ld-linux-x86-64.so.2, ld-linux-aarch64.so.1; musl's is ld-musl-x86_64.so.1. */
static bool is_glibc_loader(struct span name)
{
	return span_starts(name, SPAN("ld-linux"));
}

/* The loader itself, run by hand with a program as its argument, obeys LD_PRELOAD. */
static bool is_loader(struct image image, const Elf64_Ehdr *head, const struct dynamic *dynamic)
{
	uint64_t strings;
	struct span name;

	if (!dynamic->has_soname || !dynamic->has_strings)
		return false;
	strings = file_offset(image, head, dynamic->strings);
	if (strings > UINT64_MAX - dynamic->soname)
		return false;
	name = image_text(image, strings + dynamic->soname);
	return name.at && is_glibc_loader(name);
}

/* A note of the kind that Go's linker makes: the id of the build. */
static bool has_go_note(struct image notes)
{
	Elf64_Nhdr note;

	for (uint64_t at = 0; image_read(notes, at, &note, sizeof(note));) {
		uint64_t name = at + sizeof(note), rest = (note.n_namesz + 3ull) & ~3ull;
		struct image part = image_part(notes, name, note.n_namesz);

		if (part.at && part.size == sizeof("Go") && memcmp(part.at, "Go", part.size) == 0)
			return true;
		at = name + rest + ((note.n_descsz + 3ull) & ~3ull);
	}
	return false;
}

/* What Go's linker says of the build stands at the head of the data, unless that was left out. */
static bool has_go_build(struct image data)
{
	static const char magic[] = "\xff Go buildinf:";
	struct image part;

	for (uint64_t at = 0; at < GO_BUILD_WITHIN; at += 16) {
		part = image_part(data, at, sizeof(magic) - 1);
		if (!part.at)
			return false;
		if (memcmp(part.at, magic, part.size) == 0)
			return true;
	}
	return false;
}

/* Go's runtime calls the kernel by itself, also where it is linked to libc. */
static bool is_go(struct image image, const Elf64_Ehdr *head)
{
	Elf64_Phdr header;

	for (unsigned i = 0; i < head->e_phnum; i++) {
		struct image part;

		if (!read_program_header(image, head, i, &header))
			return false;
		part = image_part(image, header.p_offset, header.p_filesz);
		if (header.p_type == PT_NOTE && has_go_note(part))
			return true;
		if (header.p_type == PT_LOAD && header.p_flags & PF_W && has_go_build(part))
			return true;
	}
	return false;
}

static enum binary_obstacle look_at_linking(struct image image, const Elf64_Ehdr *head)
{
	struct dynamic dynamic = {0};
	struct span loader;
	Elf64_Phdr header;
	int found = find_program_header(image, head, PT_DYNAMIC, &header);

	if (found < 0)
		return BINARY_DAMAGED;
	if (found)
		dynamic = read_dynamic(image_part(image, header.p_offset, header.p_filesz));
	found = find_program_header(image, head, PT_INTERP, &header);
	if (found < 0)
		return BINARY_DAMAGED;
	if (!found)
		return is_loader(image, head, &dynamic) ? BINARY_NONE : BINARY_STATIC;

	loader = image_text(image_part(image, header.p_offset, header.p_filesz), 0);
	if (!loader.at)
		return BINARY_DAMAGED;
	if (!is_glibc_loader(file_name(loader)))
		return BINARY_OTHER_LIBC;
	/* Without any library it makes its own system calls. With one, that one brings libc. */
	if (!dynamic.needs)
		return BINARY_STATIC;
	return is_go(image, head) ? BINARY_GO : BINARY_NONE;
}

enum binary_obstacle binary_look_elf(const void *at, size_t size)
{
	struct image image = {at, size};
	uint8_t ident[EI_NIDENT];
	Elf64_Ehdr head;

	if (!image_read(image, 0, ident, sizeof(ident)) || memcmp(ident, ELFMAG, SELFMAG) != 0)
		return BINARY_DAMAGED;
	if (ident[EI_CLASS] != ELFCLASS64 || ident[EI_DATA] != BYTE_ORDER_ELF)
		return BINARY_OTHER_MACHINE;
	if (!image_read(image, 0, &head, sizeof(head)))
		return BINARY_DAMAGED;
	if (head.e_machine != MACHINE)
		return BINARY_OTHER_MACHINE;
	if ((head.e_type != ET_EXEC && head.e_type != ET_DYN) ||
		head.e_phentsize != sizeof(Elf64_Phdr))
		return BINARY_DAMAGED;
	return look_at_linking(image, &head);
}

/* ---- files ---- */

/* Would the kernel run the program as somebody else? Then the loader drops LD_PRELOAD. */
static enum binary_obstacle look_at_privileges(int fd, const struct stat *info)
{
	struct statvfs mount;
	bool as_owner = info->st_mode & S_ISUID && info->st_uid != getuid();
	bool as_group =
		info->st_mode & S_ISGID && info->st_mode & S_IXGRP && info->st_gid != getgid();

	if (fstatvfs(fd, &mount) == 0 && mount.f_flag & ST_NOSUID)
		return BINARY_NONE;
	if ((as_owner || as_group) && prctl(PR_GET_NO_NEW_PRIVS, 0, 0, 0, 0) != 1)
		return BINARY_SETUID;
	/* Root has them all, and so gains nothing by them. */
	if (getuid() != 0 && fgetxattr(fd, "security.capability", NULL, 0) > 0)
		return BINARY_CAPABILITIES;
	return BINARY_NONE;
}

static enum binary_obstacle look_at_elf_file(int fd, const struct stat *info)
{
	enum binary_obstacle obstacle = look_at_privileges(fd, info);
	size_t size = (size_t)info->st_size;
	void *image;

	if (obstacle)
		return obstacle;
	image = mmap(NULL, size, PROT_READ, MAP_PRIVATE, fd, 0);
	if (image == MAP_FAILED)
		return BINARY_UNREADABLE;
	obstacle = binary_look_elf(image, size);
	munmap(image, size);
	return obstacle;
}

/* Can this be given to execve()? 0 or -errno. Directories have an x bit, too, and cannot. */
static int look_at_access(const char *path)
{
	struct stat info;

	if (stat(path, &info) < 0 || faccessat(AT_FDCWD, path, X_OK, AT_EACCESS) < 0)
		return -errno;
	return S_ISREG(info.st_mode) ? 0 : -EACCES;
}

static enum binary_obstacle obstacle_of(int error)
{
	if (error == 0)
		return BINARY_NONE;
	return error == -ENOENT ? BINARY_NOT_FOUND : BINARY_NOT_EXECUTABLE;
}

/* Along $PATH: the first that can be executed; what cannot is stepped over, but remembered. */
static enum binary_obstacle search(const char *name, const char *path, char found[PATH_MAX])
{
	char candidate[PATH_MAX];
	int worst = -ENOENT;

	snprintf(found, PATH_MAX, "%s", name);
	if (!*name || strchr(name, '/'))
		return obstacle_of(look_at_access(name));
	for (const char *next = path ? path : "/bin:/usr/bin"; next;) {
		int len = (int)strcspn(next, ":");
		int size = snprintf(candidate, sizeof(candidate), "%.*s%s%s", len, next,
			len ? "/" : "./", name);
		int error = size < 0 || size >= PATH_MAX ? -ENOENT : look_at_access(candidate);

		if (error == 0) {
			snprintf(found, PATH_MAX, "%s", candidate);
			return BINARY_NONE;
		}
		if (error == -EACCES)
			worst = error;
		next = next[len] ? next + len + 1 : NULL;
	}
	return obstacle_of(worst);
}

/* ---- `#!` ---- */

static bool is_blank(char byte)
{
	return byte == ' ' || byte == '\t';
}

static struct span trim(struct span text)
{
	while (text.len && is_blank(text.at[0]))
		text = span_from(text, 1);
	while (text.len && is_blank(text.at[text.len - 1]))
		text.len--;
	return text;
}

/* Takes the first word off `text`. */
static struct span take_word(struct span *text)
{
	struct span word = trim(*text);
	size_t len = 0;

	while (len < word.len && !is_blank(word.at[len]))
		len++;
	*text = trim(span_from(word, len));
	word.len = len;
	return word;
}

/* What follows -S, also in -iS or -vS, or --split-string=; .len 0: it is not there. */
static struct span split_string(struct span argument)
{
	size_t at = 1;

	if (span_starts(argument, SPAN("--split-string=")))
		return trim(span_from(argument, strlen("--split-string=")));
	if (!span_starts(argument, SPAN("-")))
		return (struct span){NULL, 0};
	while (at < argument.len && (argument.at[at] == 'i' || argument.at[at] == 'v'))
		at++;
	if (at == argument.len || argument.at[at] != 'S')
		return (struct span){NULL, 0};
	return trim(span_from(argument, at + 1));
}

/*
 * The command among the arguments of env(1) on a `#!` line; .len 0: none that is plain to see. The
 * kernel hands over the rest of the line as one argument, which only -S splits.
 */
static struct span command_of_env(struct span argument)
{
	struct span words = split_string(argument);

	if (!words.len)
		return span_starts(argument, SPAN("-")) ? (struct span){NULL, 0} : argument;
	while (words.len) {
		struct span word = take_word(&words);

		if (span_find(word, '"') || span_find(word, '\'') || span_find(word, '\\') ||
			span_find(word, '$'))
			break;
		if (span_equal(word, SPAN("-u")) || span_equal(word, SPAN("-C")))
			take_word(&words);
		else if (word.at[0] != '-' && !span_find(word, '='))
			return word;
	}
	return (struct span){NULL, 0};
}

/* Which file runs this text: its interpreter, or, to be sought along $PATH, the command of env. */
static void follow_script(struct span head, char next[PATH_MAX])
{
	const char *newline = span_find(head, '\n');
	struct span line = {head.at, newline ? (size_t)(newline - head.at) : head.len};
	struct span arguments = span_from(line, 2), interpreter = take_word(&arguments);
	struct span command = {NULL, 0};

	/* A text without the line is handed to the shell by execvp(). */
	if (!span_starts(line, SPAN("#!")) || !interpreter.len)
		interpreter = SPAN("/bin/sh");
	else if (span_equal(file_name(interpreter), SPAN("env")))
		command = command_of_env(arguments);
	if (command.len)
		snprintf(next, PATH_MAX, "%.*s", (int)command.len, command.at);
	else
		snprintf(next, PATH_MAX, "%s%.*s", span_find(interpreter, '/') ? "" : "./",
			(int)interpreter.len, interpreter.at);
}

/* One level: a program is judged; of a script, the next level's name goes into `next`. */
static enum binary_obstacle look_at_file(const char *path, char next[PATH_MAX])
{
	enum binary_obstacle obstacle = BINARY_NONE;
	char head[HEAD_SIZE];
	struct stat info;
	ssize_t size;
	int fd = open(path, O_RDONLY | O_CLOEXEC | O_NOCTTY);

	next[0] = '\0';
	if (fd < 0)
		return BINARY_UNREADABLE;
	size = fstat(fd, &info) < 0 ? -1 : pread(fd, head, sizeof(head), 0);
	if (size < 0)
		obstacle = BINARY_UNREADABLE;
	else if (size >= SELFMAG && memcmp(head, ELFMAG, SELFMAG) == 0)
		obstacle = look_at_elf_file(fd, &info);
	else
		follow_script((struct span){head, (size_t)size}, next);
	close(fd);
	return obstacle;
}

void binary_look(const char *command, const char *path, struct binary *found)
{
	char next[PATH_MAX];

	if (snprintf(next, sizeof(next), "%s", command) >= PATH_MAX)
		*next = '\0';
	for (int level = 0; level <= MAX_LEVELS; level++) {
		found->obstacle = search(next, path, found->path);
		if (found->obstacle)
			return;
		found->obstacle = look_at_file(found->path, next);
		if (found->obstacle || !next[0])
			return;
	}
	found->obstacle = BINARY_TOO_DEEP;
}
