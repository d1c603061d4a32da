/* SPDX-License-Identifier: Apache-2.0 */
#include "elf.h"

#include <elf.h>
#include <stdbool.h>
#include <string.h>
#include <sys/syscall.h>

#include "shim/base/kernel.h"
#include "shim/base/span.h"

#if defined(__x86_64__)
#define MACHINE EM_X86_64
#elif defined(__aarch64__)
#define MACHINE EM_AARCH64
#else
#error "say here which ELF machine this is"
#endif

#if __BYTE_ORDER__ == __ORDER_LITTLE_ENDIAN__
#define BYTE_ORDER_ELF ELFDATA2LSB
#else
#define BYTE_ORDER_ELF ELFDATA2MSB
#endif

/* So far into the data is it sought what Go says of a build; Go's own tools do so, too. */
#define GO_BUILD_WITHIN 65536
#define GO_BUILD_ALIGN	16

/* A file is read piece by piece, and names are no longer than such a piece: a mapping would be one in the parent of a vfork child, and a trap where
 * somebody makes the file shorter. */
struct window {
	int fd;
	uint64_t at;
	size_t len;
	uint8_t bytes[512];
};

/* A part of the file. .size 0: it is not there. */
struct image {
	const uint8_t *memory; /* NULL: read through the window */
	struct window *window;
	uint64_t at, size;
};

static struct image image_part(struct image image, uint64_t offset, uint64_t size)
{
	if (offset > image.size || size > image.size - offset)
		image.size = 0;
	else
		image.size = size;
	image.at += offset;
	return image;
}

/* Returns how many bytes the window holds from there on. */
static size_t move_window(struct window *window, uint64_t at, size_t wanted)
{
	long len;

	if (at < window->at || at + wanted > window->at + window->len) {
		len = kernel_call(SYS_pread64, window->fd, (long)window->bytes,
			sizeof(window->bytes), (long)at, 0, 0);
		window->at = at;
		window->len = len > 0 ? (size_t)len : 0;
	}
	return (size_t)(window->at + window->len - at);
}

static bool read_window(struct window *window, uint64_t at, void *out, size_t size)
{
	if (move_window(window, at, size) < size)
		return false;
	memcpy(out, window->bytes + (at - window->at), size);
	return true;
}

/* Copies out what may stand unaligned: at most as much as a window holds. */
static bool image_read(struct image image, uint64_t offset, void *out, size_t size)
{
	struct image part = image_part(image, offset, size);

	if (!part.size)
		return false;
	if (!part.memory)
		return read_window(part.window, part.at, out, size);
	memcpy(out, part.memory + part.at, size);
	return true;
}

/* The NUL-terminated text at `offset`, until something else is read; .at NULL when it is out of bounds or
 * has no end. */
static struct span image_text(struct image image, uint64_t offset)
{
	uint64_t left = offset < image.size ? image.size - offset : 0;
	const char *text, *end;

	if (!left)
		return (struct span){NULL, 0};
	offset += image.at;
	if (image.memory) {
		text = (const char *)image.memory + offset;
	} else {
		size_t held = move_window(image.window, offset, sizeof(image.window->bytes));

		text = (const char *)image.window->bytes + (offset - image.window->at);
		left = held < left ? held : left;
	}
	end = memchr(text, '\0', left);
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

/* A note of the type of the Go linker's build id is among these. */
static bool has_go_note(struct image notes)
{
	Elf64_Nhdr note;
	char name[4];

	for (uint64_t at = 0; image_read(notes, at, &note, sizeof(note));) {
		uint64_t size = ((uint64_t)note.n_namesz + 3) / 4 * 4 +
				((uint64_t)note.n_descsz + 3) / 4 * 4;

		if (note.n_namesz == sizeof(name) && note.n_type == 4 &&
			image_read(notes, at + sizeof(note), name, sizeof(name)) &&
			memcmp(name, "Go\0", sizeof(name)) == 0)
			return true;
		at += sizeof(note) + size;
	}
	return false;
}

static bool is_go_build(struct image image, uint64_t offset)
{
	static const char magic[] = "\xff Go buildinf:";
	char found[sizeof(magic) - 1];

	return image_read(image, offset, found, sizeof(found)) &&
	       memcmp(found, magic, sizeof(found)) == 0;
}

/* What Go's linker says of the build has a section of its own. */
static bool has_go_section(struct image image, const Elf64_Ehdr *head)
{
	Elf64_Shdr section;

	for (unsigned i = 0; i < head->e_shnum; i++) {
		if (head->e_shoff > image.size ||
			!image_read(image, head->e_shoff + i * sizeof(section), &section,
				sizeof(section)))
			return false;
		if (section.sh_type == SHT_PROGBITS && section.sh_addralign == GO_BUILD_ALIGN &&
			!(section.sh_flags & SHF_EXECINSTR) &&
			is_go_build(image, section.sh_offset))
			return true;
	}
	return false;
}

/* Where there are no sections, it stands near the head of the data. */
static bool has_go_build(struct image data)
{
	for (uint64_t at = 0; at < GO_BUILD_WITHIN && at < data.size; at += GO_BUILD_ALIGN)
		if (is_go_build(data, at))
			return true;
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
		if (header.p_type == PT_LOAD && header.p_flags & PF_W && !head->e_shnum &&
			has_go_build(part))
			return true;
	}
	return has_go_section(image, head);
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

static enum binary_obstacle look(struct image image)
{
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

enum binary_obstacle binary_look_elf(const void *image, size_t size)
{
	return look((struct image){.memory = image, .size = size});
}

enum binary_obstacle binary_look_elf_file(int fd, uint64_t size)
{
	struct window window = {.fd = fd};

	return look((struct image){.window = &window, .size = size});
}
