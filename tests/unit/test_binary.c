/* SPDX-License-Identifier: Apache-2.0 */

/* Which commands a preload can reach. */

#include <elf.h>
#include <fcntl.h>
#include <limits.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/stat.h>
#include <unistd.h>

#include "shim/program/binary.h"
#include "suite.h"

/* A small but whole program: its interpreter, one needed library, a name of its own. */
struct program {
	Elf64_Ehdr head;
	Elf64_Phdr load, interpreter, dynamic, more;
	Elf64_Dyn entries[4];
	char strings[32];
	char loader[32];
	_Alignas(16) char data[64];
	Elf64_Shdr sections[2];
};

#define BASE 0x400000

static Elf64_Phdr segment(uint32_t type, size_t offset, size_t size)
{
	return (Elf64_Phdr){.p_type = type,
		.p_offset = offset,
		.p_vaddr = BASE + offset,
		.p_filesz = size,
		.p_memsz = size};
}

static struct program whole_program(void)
{
	struct program program = {
		.head = {.e_type = ET_DYN,
			.e_version = EV_CURRENT,
			.e_phnum = 4,
			.e_phoff = offsetof(struct program, load),
			.e_phentsize = sizeof(Elf64_Phdr),
			.e_ehsize = sizeof(Elf64_Ehdr)},
		.load = segment(PT_LOAD, 0, sizeof(struct program)),
		.interpreter = segment(PT_INTERP, offsetof(struct program, loader), 32),
		.dynamic = segment(
			PT_DYNAMIC, offsetof(struct program, entries), sizeof(program.entries)),
		.entries = {{.d_tag = DT_NEEDED, .d_un.d_val = 1},
			{.d_tag = DT_SONAME, .d_un.d_val = 1},
			{.d_tag = DT_STRTAB,
				.d_un.d_ptr = BASE + offsetof(struct program, strings)},
			{.d_tag = DT_NULL}},
		.strings = "\0libc.so.6",
		.loader = "/lib64/ld-linux-x86-64.so.2",
	};
	static const unsigned char ident[EI_NIDENT] = {ELFMAG0, ELFMAG1, ELFMAG2, ELFMAG3,
		ELFCLASS64, __BYTE_ORDER__ == __ORDER_LITTLE_ENDIAN__ ? ELFDATA2LSB : ELFDATA2MSB,
		EV_CURRENT};

	memcpy(program.head.e_ident, ident, sizeof(ident));
#if defined(__aarch64__)
	program.head.e_machine = EM_AARCH64;
#else
	program.head.e_machine = EM_X86_64;
#endif
	return program;
}

static void no_change(struct program *p)
{
	p->head.e_type = ET_EXEC;
}

static void no_interpreter(struct program *p)
{
	p->interpreter.p_type = PT_NULL;
}

static void no_interpreter_and_no_dynamic(struct program *p)
{
	p->interpreter.p_type = p->dynamic.p_type = PT_NULL;
}

static void no_library(struct program *p)
{
	p->entries[0].d_tag = DT_DEBUG;
}

static void library_after_the_end(struct program *p)
{
	p->entries[0].d_tag = DT_NULL;
	p->entries[1].d_tag = DT_NEEDED;
}

static void loader_by_hand(struct program *p)
{
	no_interpreter(p);
	strcpy(p->strings + 1, "ld-linux-x86-64.so.2");
}

static void loader_far_away(struct program *p)
{
	strcpy(p->loader, "/nix/store/glibc/ld-linux.so.2");
}

static void note_of_go(struct program *p)
{
	static const Elf64_Nhdr notes[] = {{5, 3, 1}, {4, 4, 4}};

	memcpy(p->data, &notes[0], sizeof(notes[0]));
	strcpy(p->data + 12, "Gone");
	memcpy(p->data + 12 + 8 + 4, &notes[1], sizeof(notes[1]));
	strcpy(p->data + 24 + 12, "Go");
	p->more = segment(PT_NOTE, offsetof(struct program, data), sizeof(p->data));
}

static void note_of_another(struct program *p)
{
	note_of_go(p);
	strcpy(p->data + 24 + 12, "GN");
}

static void note_of_go_past_the_end(struct program *p)
{
	note_of_go(p);
	p->more.p_filesz = UINT64_MAX;
}

static void endless_note(struct program *p)
{
	static const Elf64_Nhdr note = {UINT32_MAX, UINT32_MAX, 4};

	note_of_another(p);
	memcpy(p->data, &note, sizeof(note));
}

static void build_of_go(struct program *p)
{
	memcpy(p->data + 16, "\xff Go buildinf:", 14);
	p->more = segment(PT_LOAD, offsetof(struct program, data), sizeof(p->data));
	p->more.p_flags = PF_R | PF_W;
}

static void section_of_go(struct program *p)
{
	static const Elf64_Shdr other = {.sh_type = SHT_PROGBITS};
	Elf64_Shdr section = {.sh_type = SHT_PROGBITS, .sh_addralign = 16};

	memcpy(p->data + 16, "\xff Go buildinf:", 14);
	section.sh_offset = offsetof(struct program, data) + 16;
	memcpy(&p->sections[0], &other, sizeof(other));
	memcpy(&p->sections[1], &section, sizeof(section));
	p->head.e_shoff = offsetof(struct program, sections);
	p->head.e_shentsize = sizeof(section);
	p->head.e_shnum = 2;
}

static void section_of_go_past_the_end(struct program *p)
{
	section_of_go(p);
	p->sections[1].sh_offset = sizeof(*p) - 13;
}

static void sections_past_the_end(struct program *p)
{
	section_of_go(p);
	p->head.e_shoff = UINT64_MAX - sizeof(Elf64_Shdr);
}

static void text_like_a_build_of_go(struct program *p)
{
	build_of_go(p);
	p->more.p_flags = PF_R | PF_X;
}

static void build_of_go_that_is_cut_off(struct program *p)
{
	build_of_go(p);
	p->more.p_filesz = 16 + 13;
}

static void musl(struct program *p)
{
	strcpy(p->loader, "/lib/ld-musl-x86_64.so.1");
}

static void uclibc(struct program *p)
{
	strcpy(p->loader, "/lib/ld64-uClibc.so.0");
}

static void folder_like_glibc(struct program *p)
{
	strcpy(p->loader, "/ld-linux/ld-musl-x86_64.so.1");
}

static void class_of_32_bits(struct program *p)
{
	p->head.e_ident[EI_CLASS] = ELFCLASS32;
}

static void other_machine(struct program *p)
{
	p->head.e_machine = EM_RISCV;
}

static void other_byte_order(struct program *p)
{
	p->head.e_ident[EI_DATA] ^= ELFDATA2LSB ^ ELFDATA2MSB;
}

static void object_file(struct program *p)
{
	p->head.e_type = ET_REL;
}

static void odd_header_size(struct program *p)
{
	p->head.e_phentsize = sizeof(Elf64_Phdr) + 1;
}

static void headers_past_the_end(struct program *p)
{
	p->head.e_phoff = sizeof(*p) - sizeof(Elf64_Phdr) + 1;
}

static void headers_that_wrap_around(struct program *p)
{
	p->head.e_phoff = UINT64_MAX - sizeof(Elf64_Phdr) + 1;
}

static void too_many_headers(struct program *p)
{
	p->interpreter.p_type = PT_NULL;
	p->head.e_phnum = UINT16_MAX;
}

static void interpreter_past_the_end(struct program *p)
{
	p->interpreter.p_offset = sizeof(*p) - 31;
}

static void interpreter_that_wraps_around(struct program *p)
{
	p->interpreter.p_offset = 64;
	p->interpreter.p_filesz = UINT64_MAX - 32;
}

static void interpreter_without_end(struct program *p)
{
	memset(p->loader, 'x', sizeof(p->loader));
}

static void dynamic_past_the_end(struct program *p)
{
	p->dynamic.p_offset = UINT64_MAX - 8;
}

static void name_past_the_end(struct program *p)
{
	loader_by_hand(p);
	p->entries[1].d_un.d_val = UINT64_MAX;
}

static void strings_nowhere(struct program *p)
{
	loader_by_hand(p);
	p->entries[2].d_un.d_ptr = BASE - 1;
}

static void strings_at_a_place_that_wraps_around(struct program *p)
{
	loader_by_hand(p);
	p->load.p_offset = UINT64_MAX;
}

static const struct {
	const char *name;
	void (*change)(struct program *);
	enum binary_obstacle expected;
} programs[] = {
	{"dynamically linked at a fixed place", no_change, BINARY_NONE},
	{"glibc at another place", loader_far_away, BINARY_NONE},
	{"glibc's loader itself", loader_by_hand, BINARY_NONE},
	{"static-pie", no_interpreter, BINARY_STATIC},
	{"static", no_interpreter_and_no_dynamic, BINARY_STATIC},
	{"a loader but no library, as Go's PIE", no_library, BINARY_STATIC},
	{"a library after the end of the list", library_after_the_end, BINARY_STATIC},
	{"Go by its note", note_of_go, BINARY_GO},
	{"Go by what stands in its data", build_of_go, BINARY_GO},
	{"Go by a section", section_of_go, BINARY_GO},
	{"Go's section past the end", section_of_go_past_the_end, BINARY_NONE},
	{"sections past the end", sections_past_the_end, BINARY_NONE},
	{"another note", note_of_another, BINARY_NONE},
	{"Go's note past the end", note_of_go_past_the_end, BINARY_NONE},
	{"an endless note", endless_note, BINARY_NONE},
	{"what Go has in its data, elsewhere", text_like_a_build_of_go, BINARY_NONE},
	{"Go's data cut off", build_of_go_that_is_cut_off, BINARY_NONE},
	{"musl", musl, BINARY_OTHER_LIBC},
	{"uClibc", uclibc, BINARY_OTHER_LIBC},
	{"musl in a folder named like glibc's loader", folder_like_glibc, BINARY_OTHER_LIBC},
	{"32 bits", class_of_32_bits, BINARY_OTHER_MACHINE},
	{"other machine", other_machine, BINARY_OTHER_MACHINE},
	{"other byte order", other_byte_order, BINARY_OTHER_MACHINE},
	{"object file", object_file, BINARY_DAMAGED},
	{"odd size of program headers", odd_header_size, BINARY_DAMAGED},
	{"program headers past the end", headers_past_the_end, BINARY_DAMAGED},
	{"program headers that wrap around", headers_that_wrap_around, BINARY_DAMAGED},
	{"more program headers than bytes", too_many_headers, BINARY_DAMAGED},
	{"interpreter past the end", interpreter_past_the_end, BINARY_DAMAGED},
	{"interpreter that wraps around", interpreter_that_wraps_around, BINARY_DAMAGED},
	{"interpreter without end", interpreter_without_end, BINARY_DAMAGED},
	{"dynamic section past the end", dynamic_past_the_end, BINARY_STATIC},
	{"own name past the end", name_past_the_end, BINARY_STATIC},
	{"strings nowhere", strings_nowhere, BINARY_STATIC},
	{"strings that wrap around", strings_at_a_place_that_wraps_around, BINARY_STATIC},
};

/* Looks at a copy of exactly this size, so that a sanitizer sees any read past it. */
static enum binary_obstacle look_at_copy(const void *image, size_t size)
{
	void *copy = malloc(size ? size : 1);
	enum binary_obstacle obstacle;

	memcpy(copy, image, size);
	obstacle = binary_look_elf(copy, size);
	free(copy);
	return obstacle;
}

START_TEST(a_program_is_judged_by_its_headers)
{
	struct program program = whole_program();

	programs[_i].change(&program);
	ck_assert_msg(look_at_copy(&program, sizeof(program)) == programs[_i].expected, "%s: %s",
		programs[_i].name, binary_reason(look_at_copy(&program, sizeof(program))));
}
END_TEST

START_TEST(a_file_is_judged_as_its_bytes_are)
{
	struct program program = whole_program();
	FILE *file = tmpfile();

	programs[_i].change(&program);
	ck_assert_ptr_nonnull(file);
	ck_assert_uint_eq(fwrite(&program, sizeof(program), 1, file), 1);
	ck_assert_int_eq(fflush(file), 0);
	ck_assert_int_eq(
		binary_look_elf_file(fileno(file), sizeof(program)), programs[_i].expected);
	ck_assert_int_eq(fclose(file), 0);
}
END_TEST

START_TEST(a_whole_program_can_be_reached)
{
	struct program program = whole_program();

	ck_assert_int_eq(look_at_copy(&program, sizeof(program)), BINARY_NONE);
}
END_TEST

START_TEST(a_truncated_program_is_never_taken_for_a_good_one)
{
	struct program program = whole_program();
	size_t end_of_loader = offsetof(struct program, loader) + sizeof(program.loader);

	for (size_t size = 0; size < end_of_loader; size++)
		ck_assert_int_ne(look_at_copy(&program, size), BINARY_NONE);
}
END_TEST

START_TEST(no_byte_of_a_header_leads_out_of_the_file)
{
	struct program program = whole_program();
	unsigned char *bytes = (unsigned char *)&program;

	for (size_t at = 0; at < sizeof(program); at++) {
		unsigned char before = bytes[at];

		for (int value = 0; value < 256; value += 15) {
			bytes[at] = (unsigned char)value;
			ck_assert_int_lt(look_at_copy(&program, sizeof(program)), BINARY_OBSTACLES);
		}
		bytes[at] = before;
	}
}
END_TEST

/* ---- files ---- */

static char folder[] = "/tmp/test-binary.XXXXXX";

static void enter_folder(void)
{
	ck_assert_ptr_nonnull(mkdtemp(folder));
	ck_assert_int_eq(chdir(folder), 0);
}

static void leave_folder(void)
{
	char command[64];

	snprintf(command, sizeof(command), "rm -r %s", folder);
	ck_assert_int_eq(system(command), 0);
}

static void write_file(const char *path, const void *bytes, size_t size, mode_t mode)
{
	int fd = open(path, O_WRONLY | O_CREAT | O_TRUNC, 0700);

	ck_assert_int_ge(fd, 0);
	ck_assert_int_eq(write(fd, bytes, size), (ssize_t)size);
	ck_assert_int_eq(fchmod(fd, mode), 0);
	ck_assert_int_eq(close(fd), 0);
}

static void write_script(const char *path, const char *text)
{
	write_file(path, text, strlen(text), 0700);
}

static void write_static_program(const char *path, mode_t mode)
{
	struct program program = whole_program();

	no_interpreter(&program);
	write_file(path, &program, sizeof(program), mode);
}

static struct binary look(const char *command, const char *path)
{
	static char buffer[PATH_MAX];
	struct binary found = {.path = buffer, .folder = AT_FDCWD, .cap = sizeof(buffer)};

	binary_look(command, path, BINARY_SOUGHT | BINARY_THROUGH_ENV, &found);
	return found;
}

/* `tool` stands for a static program in ./bin, so that it shows which file was looked at. */
static const struct {
	const char *line;
	enum binary_obstacle expected;
	const char *path;
} scripts[] = {
	{"#!/bin/sh\n", BINARY_NONE, NULL},
	{"#! \t /bin/sh -e\nexit\n", BINARY_NONE, NULL},
	{"#!/bin/sh", BINARY_NONE, NULL},
	{"echo no interpreter is named\n", BINARY_NONE, NULL},
	{"", BINARY_NONE, NULL},
	{"#!\n", BINARY_NONE, NULL},
	{"#!bin/tool\n", BINARY_STATIC, "bin/tool"},
	{"#!bin/tool and its arguments\n", BINARY_STATIC, "bin/tool"},
	{"#!tool\n", BINARY_NOT_FOUND, "./tool"},
	{"#!/no/such/interpreter\n", BINARY_NOT_FOUND, "/no/such/interpreter"},
	{"#!/bin/sh\r\n", BINARY_NOT_FOUND, "/bin/sh\r"},
	{"#!/etc/passwd\n", BINARY_NOT_EXECUTABLE, "/etc/passwd"},
	{"#!/usr/bin/env sh\n", BINARY_NONE, "/bin/sh"},
	{"#!/usr/bin/env tool\n", BINARY_STATIC, "bin/tool"},
	{"#!/usr/bin/env\ttool \n", BINARY_STATIC, "bin/tool"},
	{"#!/usr/bin/env no-such-tool\n", BINARY_NOT_FOUND, "no-such-tool"},
	{"#!/usr/bin/env -S tool --flag\n", BINARY_STATIC, "bin/tool"},
	{"#!/usr/bin/env -Stool\n", BINARY_STATIC, "bin/tool"},
	{"#!/usr/bin/env -vS tool\n", BINARY_STATIC, "bin/tool"},
	{"#!/usr/bin/env --split-string=tool x\n", BINARY_STATIC, "bin/tool"},
	{"#!/usr/bin/env -S A=1 -u HOME -C / B=2 tool\n", BINARY_STATIC, "bin/tool"},
	{"#!/usr/bin/env -S \"tool\"\n", BINARY_NONE, "/usr/bin/env"},
	{"#!/usr/bin/env -S ${TOOL}\n", BINARY_NONE, "/usr/bin/env"},
	{"#!/usr/bin/env -S\n", BINARY_NONE, "/usr/bin/env"},
	{"#!/usr/bin/env\n", BINARY_NONE, "/usr/bin/env"},
};

START_TEST(a_script_is_judged_by_what_runs_it)
{
	struct binary found;

	mkdir("bin", 0700);
	write_static_program("bin/tool", 0700);
	write_script("script", scripts[_i].line);
	found = look("./script", "bin:/bin");
	ck_assert_msg(found.obstacle == scripts[_i].expected, "%s%s %s", scripts[_i].line,
		found.path, binary_reason(found.obstacle));
	if (scripts[_i].path)
		ck_assert_str_eq(found.path, scripts[_i].path);
}
END_TEST

START_TEST(interpreters_are_followed_through_as_many_levels_as_the_kernel_follows)
{
	write_script("0", "#!/bin/sh\n");
	write_script("1", "#!./0\n");
	write_script("2", "#!./1\n");
	write_script("3", "#!./2\n");
	write_script("4", "#!./3\n");
	write_script("5", "#!./4\n");
	ck_assert_int_eq(look("./4", NULL).obstacle, BINARY_NONE);
	ck_assert_int_eq(look("./5", NULL).obstacle, BINARY_TOO_DEEP);
}
END_TEST

START_TEST(an_interpreter_that_is_itself_ends_the_search)
{
	write_script("loop", "#!./loop\n");
	ck_assert_int_eq(look("./loop", NULL).obstacle, BINARY_TOO_DEEP);
}
END_TEST

START_TEST(the_first_executable_on_the_path_is_the_command)
{
	struct binary found;

	mkdir("a", 0700);
	mkdir("b", 0700);
	mkdir("c", 0700);
	mkdir("a/tool", 0700);
	write_file("b/tool", "", 0, 0600);
	write_static_program("c/tool", 0700);
	found = look("tool", "nowhere:a:b:c");
	ck_assert_str_eq(found.path, "c/tool");
	ck_assert_int_eq(found.obstacle, BINARY_STATIC);
	ck_assert_int_eq(look("tool", "nowhere:a:b").obstacle, BINARY_NOT_EXECUTABLE);
	ck_assert_int_eq(look("tool", "nowhere").obstacle, BINARY_NOT_FOUND);
}
END_TEST

START_TEST(an_empty_place_on_the_path_is_the_current_folder)
{
	write_static_program("tool", 0700);
	ck_assert_str_eq(look("tool", "").path, "./tool");
	ck_assert_str_eq(look("tool", ":nowhere").path, "./tool");
	ck_assert_str_eq(look("tool", "nowhere:").path, "./tool");
	ck_assert_int_eq(look("tool", "nowhere").obstacle, BINARY_NOT_FOUND);
}
END_TEST

START_TEST(without_a_path_the_system_folders_are_searched)
{
	ck_assert_str_eq(look("sh", NULL).path, "/bin/sh");
}
END_TEST

START_TEST(a_command_with_a_slash_is_not_sought)
{
	write_static_program("tool", 0700);
	ck_assert_int_eq(look("./tool", "/bin").obstacle, BINARY_STATIC);
	ck_assert_int_eq(look("./sh", "/bin").obstacle, BINARY_NOT_FOUND);
	ck_assert_int_eq(look("tool/x", "/bin").obstacle, BINARY_NOT_EXECUTABLE);
	ck_assert_int_eq(look(".", "/bin").obstacle, BINARY_NOT_EXECUTABLE);
	ck_assert_int_eq(look("./", "/bin").obstacle, BINARY_NOT_EXECUTABLE);
	ck_assert_int_eq(look("", "/bin").obstacle, BINARY_NOT_FOUND);
}
END_TEST

START_TEST(a_name_longer_than_any_path_is_not_found)
{
	static char name[3 * PATH_MAX];

	memset(name, 'x', sizeof(name) - 1);
	ck_assert_int_eq(look(name, "/bin").obstacle, BINARY_NOT_FOUND);
}
END_TEST

START_TEST(a_damaged_program_is_refused)
{
	write_file("tool", ELFMAG, SELFMAG, 0700);
	ck_assert_int_eq(look("./tool", NULL).obstacle, BINARY_DAMAGED);
}
END_TEST

/* Only root can give files away; anybody else has root's own ones at hand. */
START_TEST(setuid_to_another_user_is_refused)
{
	struct program program = whole_program();

	if (getuid() != 0) {
		ck_assert_int_eq(look("su", "/bin:/usr/bin").obstacle, BINARY_SETUID);
		return;
	}
	write_file("tool", &program, sizeof(program), 0700);
	ck_assert_int_eq(chown("tool", 1, 0), 0);
	ck_assert_int_eq(chmod("tool", 04755), 0);
	ck_assert_int_eq(look("./tool", NULL).obstacle, BINARY_SETUID);
	ck_assert_int_eq(chown("tool", 0, 1), 0);
	ck_assert_int_eq(chmod("tool", 02755), 0);
	ck_assert_int_eq(look("./tool", NULL).obstacle, BINARY_SETUID);
}
END_TEST

START_TEST(setuid_to_the_same_user_is_allowed)
{
	struct program program = whole_program();

	write_file("tool", &program, sizeof(program), 06755);
	ck_assert_int_eq(look("./tool", NULL).obstacle, BINARY_NONE);
}
END_TEST

START_TEST(setuid_of_a_script_does_not_count)
{
	write_script("script", "#!/bin/sh\n");
	ck_assert_int_eq(chmod("script", 04755), 0);
	if (getuid() == 0) {
		ck_assert_int_eq(chown("script", 1, 0), 0);
		ck_assert_int_eq(chmod("script", 04755), 0);
	}
	ck_assert_int_eq(look("./script", NULL).obstacle, BINARY_NONE);
}
END_TEST

START_TEST(every_obstacle_has_a_reason)
{
	ck_assert_str_ne(binary_reason((enum binary_obstacle)_i), "");
}
END_TEST

int main(void)
{
	Suite *suite = suite_create("binary");
	TCase *elf = tcase_create("elf"), *files = tcase_create("files");

	tcase_add_test(elf, a_whole_program_can_be_reached);
	tcase_add_loop_test(
		elf, a_program_is_judged_by_its_headers, 0, sizeof(programs) / sizeof(*programs));
	tcase_add_loop_test(
		elf, a_file_is_judged_as_its_bytes_are, 0, sizeof(programs) / sizeof(*programs));
	tcase_add_test(elf, a_truncated_program_is_never_taken_for_a_good_one);
	tcase_add_test(elf, no_byte_of_a_header_leads_out_of_the_file);
	tcase_add_loop_test(elf, every_obstacle_has_a_reason, 0, BINARY_OBSTACLES);
	suite_add_tcase(suite, elf);

	tcase_add_checked_fixture(files, enter_folder, leave_folder);
	tcase_add_loop_test(
		files, a_script_is_judged_by_what_runs_it, 0, sizeof(scripts) / sizeof(*scripts));
	tcase_add_test(
		files, interpreters_are_followed_through_as_many_levels_as_the_kernel_follows);
	tcase_add_test(files, an_interpreter_that_is_itself_ends_the_search);
	tcase_add_test(files, the_first_executable_on_the_path_is_the_command);
	tcase_add_test(files, an_empty_place_on_the_path_is_the_current_folder);
	tcase_add_test(files, without_a_path_the_system_folders_are_searched);
	tcase_add_test(files, a_command_with_a_slash_is_not_sought);
	tcase_add_test(files, a_name_longer_than_any_path_is_not_found);
	tcase_add_test(files, a_damaged_program_is_refused);
	tcase_add_test(files, setuid_to_another_user_is_refused);
	tcase_add_test(files, setuid_to_the_same_user_is_allowed);
	tcase_add_test(files, setuid_of_a_script_does_not_count);
	suite_add_tcase(suite, files);

	return run_suite(suite);
}
