# chaos-run: AWS outages for any program. `make help` lists the targets.

VERSION := 0.1.0
PREFIX  ?= /usr/local
DESTDIR ?=
B       ?= build

CC       ?= cc
OPT      ?= -O2 -g
WARN     := -Wall -Wextra -Werror -Wshadow -Wstrict-prototypes -Wmissing-prototypes -Wvla \
            -Wpointer-arith -Wwrite-strings -Wundef
SANITIZE ?=
SAN      := $(if $(SANITIZE),-fsanitize=$(SANITIZE) -fno-sanitize-recover=all -fno-omit-frame-pointer)
CPPFLAGS += -D_GNU_SOURCE -DCHAOS_VERSION='"$(VERSION)"' -DCHAOS_PREFIX='"$(PREFIX)"' -I.
CFLAGS   := -std=gnu11 $(OPT) $(WARN) $(SAN) -fPIC -fvisibility=hidden $(CFLAGS)
LDFLAGS  := $(SAN) $(LDFLAGS)

Q := $(if $(V),,@)
say = $(if $(V),@:,@printf '  %-7s %s\n' $(1) $(patsubst $(B)/%,%,$@))

ENGINE_SRC  := $(wildcard shim/program/*.c shim/memory/*.c shim/engine/*.c shim/engine/aws/*.c)
BRIDGE_SRC  := $(wildcard shim/bridge/*.c)
SHIM_SRC    := $(filter-out $(ENGINE_SRC) $(BRIDGE_SRC),$(wildcard shim/*/*.c))
CONTROL_SRC := $(filter-out control/main.c,$(wildcard control/*.c))
TOOLS_SRC   := $(filter-out tools/chaos-%.c,$(wildcard tools/*.c tools/report/*.c))
UNIT_SRC    := $(wildcard tests/unit/test_*.c)
obj = $(patsubst %.c,$(B)/obj/%.o,$(1))

PROGRAMS := $(B)/libchaos-shim.so $(B)/libchaos-bridge.so $(B)/chaos-control $(B)/chaos-run $(B)/chaos-ctl \
            $(B)/chaos-relay $(B)/chaos-enter $(B)/chaos-report

.PHONY: all
all: $(PROGRAMS)

# Everything is made anew when the compiler or a flag changes.
FLAGS := $(CC) $(CPPFLAGS) $(CFLAGS) $(LDFLAGS)
$(B)/flags: FORCE
	@mkdir -p $(B)
	@printf '%s\n' '$(subst ','\'',$(FLAGS))' | cmp -s - $@ || \
		printf '%s\n' '$(subst ','\'',$(FLAGS))' > $@
.PHONY: FORCE
FORCE:

# Says what to do before the compiler says what is missing.
HEADERS := microhttpd.h cjson/cJSON.h curl/curl.h ffi.h openssl/x509v3.h zlib.h
$(B)/headers: $(B)/flags
	@printf '#include <%s>\n' $(HEADERS) | $(CC) $(CPPFLAGS) -E -x c - > /dev/null || \
		{ echo "a header is missing: 'make setup' installs it" >&2; exit 1; }
	@touch $@

$(B)/obj/%.o: %.c $(B)/flags | $(B)/headers
	$(call say,CC)
	@mkdir -p $(@D)
	$(Q)$(CC) $(CPPFLAGS) $(CFLAGS) -MMD -MP -c $< -o $@

# Here a tail call is more than speed: dlsym() looks at its caller.
$(B)/obj/shim/libc/loader.o $(B)/obj/shim/hooks/lookup.o: CFLAGS += -O2

# It holds that file.
$(B)/obj/control/openapi.o: control/openapi.json

# The thread sanitizer looks for functions, by ours, before it can be told of anything.
ifneq ($(findstring thread,$(SANITIZE)),)
$(call obj,$(wildcard shim/hooks/*.c shim/libc/*.c shim/tls/*.c)): CFLAGS += -fno-sanitize=thread
endif

$(B)/libengine.a: $(call obj,$(ENGINE_SRC))
	$(call say,AR)
	@rm -f $@
	$(Q)$(AR) rcs $@ $^

$(B)/libcontrol.a: $(call obj,$(CONTROL_SRC))
	$(call say,AR)
	@rm -f $@
	$(Q)$(AR) rcs $@ $^

$(B)/libtools.a: $(call obj,$(TOOLS_SRC))
	$(call say,AR)
	@rm -f $@
	$(Q)$(AR) rcs $@ $^

CONTROL_LIBS := -lmicrohttpd -lcjson -lcrypto -lm -lpthread

# The names that the library exports come from the one table of hooks.
$(B)/shim.map: shim/libc/hooks.def shim/tls/tls.def $(B)/flags Makefile
	$(call say,GEN)
	$(Q){ echo '{ global:'; \
		sed -n 's/^HOOK[A-Z_]*([^,]*,[[:space:]]*\([a-zA-Z0-9_]*\),.*/\t\1;/p' $(filter %.def,$^); echo 'dlopen; dlsym; vfork; __xstat; __xstat64; execl; execle; execlp; prctl; syscall; __asan_default_options;'; \
		echo 'local: *; };'; } > $@

$(B)/libchaos-shim.so: $(call obj,$(SHIM_SRC)) $(B)/libengine.a $(B)/shim.map
	$(call say,LD)
	$(Q)$(CC) $(LDFLAGS) -shared -Wl,--version-script=$(B)/shim.map -Wl,-z,relro,-z,now \
		-Wl,-z,nodelete -Wl,--no-undefined -Wl,--exclude-libs,ALL \
		-o $@ $(call obj,$(SHIM_SRC)) $(B)/libengine.a -l:libffi_pic.a -l:libz.a

# Its own OpenSSL, which neither sees nor is seen by that of a program.
$(B)/libchaos-bridge.so: $(call obj,$(BRIDGE_SRC)) shim/bridge/bridge.map
	$(call say,LD)
	$(Q)$(CC) $(LDFLAGS) -shared -Wl,--version-script=shim/bridge/bridge.map -Wl,-z,relro,-z,now \
		-Wl,-z,nodelete -Wl,--no-undefined -Wl,--exclude-libs,ALL -Wl,-Bsymbolic \
		-o $@ $(call obj,$(BRIDGE_SRC)) -l:libssl.a -l:libcrypto.a

$(B)/chaos-control: $(call obj,control/main.c) $(B)/libcontrol.a $(B)/libengine.a
	$(call say,LD)
	$(Q)$(CC) $(LDFLAGS) -o $@ $^ $(CONTROL_LIBS) -l:libz.a

# chaos-run stands in front of every command: without libcurl it starts in a tenth of the time.
$(B)/chaos-run: TOOL_LIBS := $(B)/libcontrol.a $(B)/libengine.a -l:libz.a
$(B)/chaos-ctl $(B)/chaos-report: TOOL_LIBS := $(B)/libcontrol.a $(B)/libengine.a -lcurl -lcjson -lcrypto -lm -l:libz.a
$(B)/chaos-relay: TOOL_LIBS := $(B)/libengine.a
$(B)/chaos-run $(B)/chaos-ctl $(B)/chaos-report: $(B)/libcontrol.a
$(B)/chaos-run $(B)/chaos-ctl $(B)/chaos-relay $(B)/chaos-report: $(B)/%: $(B)/obj/tools/%.o $(B)/libtools.a $(B)/libengine.a
	$(call say,LD)
	$(Q)$(CC) $(LDFLAGS) -o $@ $^ $(TOOL_LIBS)

# Nothing is to be preloaded into it.
$(B)/chaos-enter: $(B)/obj/tools/chaos-enter.o $(B)/libtools.a $(B)/libengine.a
	$(call say,LD)
	$(Q)$(CC) $(LDFLAGS) $(if $(SANITIZE),,-static) -o $@ $^

# Unit tests: one program per part of the house.
UNIT := $(patsubst tests/unit/%.c,$(B)/unit/%,$(UNIT_SRC))
$(B)/unit/%: $(B)/obj/tests/unit/%.o $(B)/libtools.a $(B)/libcontrol.a $(B)/libengine.a
	$(call say,LD)
	@mkdir -p $(@D)
	$(Q)$(CC) $(LDFLAGS) -o $@ $(filter %.o,$^) $(filter %.a,$^) $(CONTROL_LIBS) \
		$(shell pkg-config --libs check) -l:libffi_pic.a -l:libz.a $(UNIT_LIBS)

# The library, without what it exports.
$(B)/unit/test_threads: $(call obj,$(filter-out $(addprefix shim/,hooks/exports.c hooks/exec.c hooks/shell.c hooks/vfork.c hooks/sandbox.c hooks/xstat.c hooks/asan.c hooks/lookup.c libc/real.c tls/stack.c tls/closure.c tls/lookup.c tls/openssl.c tls/gnutls.c),$(SHIM_SRC)))

# What it needs of the library.
$(B)/unit/test_trust: $(call obj,shim/trust/known.c shim/trust/pem.c)

# What asks the daemon.
$(B)/unit/test_gather: UNIT_LIBS := -lcurl

# The bridge as it is installed, beside the OpenSSL of its clients and servers.
BRIDGE_UNIT := $(filter $(B)/unit/test_bridge%,$(UNIT))
$(BRIDGE_UNIT): $(B)/libchaos-bridge.so $(B)/obj/tests/unit/bridge_peers.o
$(BRIDGE_UNIT): UNIT_LIBS := -L$(B) -lchaos-bridge -Wl,-rpath,'$$ORIGIN/..' -lssl -lcrypto

.PHONY: unit
unit: $(UNIT)

# Fuzz targets: with libFuzzer's own main, or with one that replays files.
FUZZ := $(patsubst tests/fuzz/fuzz_%.c,$(B)/fuzz/%,$(wildcard tests/fuzz/fuzz_*.c))
FUZZ_MAIN := $(if $(findstring fuzzer,$(SANITIZE)),-fsanitize=fuzzer,$(B)/obj/tests/fuzz/replay.o)
$(B)/fuzz/%: $(B)/obj/tests/fuzz/fuzz_%.o $(B)/obj/tests/fuzz/replay.o $(B)/libcontrol.a $(B)/libengine.a
	$(call say,LD)
	@mkdir -p $(@D)
	$(Q)$(CC) $(LDFLAGS) -o $@ $(filter-out %/replay.o,$(filter %.o,$^)) $(FUZZ_MAIN) \
		$(B)/libcontrol.a $(B)/libengine.a -lssl $(CONTROL_LIBS) -l:libz.a

# The bridge, beside the OpenSSL of its clients and servers.
$(filter $(B)/fuzz/bridge_%,$(FUZZ)): $(call obj,$(BRIDGE_SRC))
$(addprefix $(B)/fuzz/bridge_,program server both leaf store): $(B)/obj/tests/fuzz/peers.o
$(B)/fuzz/bridge_store: $(call obj,shim/trust/pem.c)

.PHONY: fuzzers
fuzzers: $(FUZZ)

# What the conformance tests put their requests and errors before.
$(B)/conformance/%: $(B)/obj/tests/conformance/%.o $(B)/libengine.a
	$(call say,LD)
	@mkdir -p $(@D)
	$(Q)$(CC) $(LDFLAGS) -o $@ $^ -l:libz.a

# Random and fixed programs of socket calls, and the server that they talk to.
TRANSPARENCY := $(addprefix $(B)/transparency/,server program rest.so)
$(B)/transparency/server: $(B)/obj/tests/transparency/server.o
$(B)/transparency/program: $(addprefix $(B)/obj/tests/transparency/,program.o base.o messages.o \
	uring.o ways.o receive.o look.o live.o cases.o sealed.o)
$(B)/transparency/rest.so: LDFLAGS += -shared
$(B)/transparency/rest.so: $(B)/obj/tests/transparency/rest.o
$(TRANSPARENCY):
	$(call say,LD)
	@mkdir -p $(@D)
	$(Q)$(CC) $(LDFLAGS) -o $@ $^ -lpthread

.PHONY: transparency
transparency: $(TRANSPARENCY)

# The tables of AWS' services; not a file to be remade by itself, for it takes botocore.
.PHONY: model
model:
	$(Q)python3 tools/aws-model/generate.py > shim/engine/aws/model_data.c.new
	$(Q)mv shim/engine/aws/model_data.c.new shim/engine/aws/model_data.c

# Objects that only a pattern names are kept, too.
.SECONDARY:

.PHONY: help setup install lint clean
help:
	@printf '%s\n' \
		'make           build everything into build/' \
		'make setup     install what is missing to build, test and measure it (Debian 12)' \
		'make demo      see the AWS CLI meet an outage' \
		'make check     run the tests' \
		'make reach     run AWS SDKs of many languages over HTTPS; downloads them into build/reach' \
		'make bench     measure what the library costs' \
		'make fuzz      look for inputs that break it, FUZZ_SECONDS= for each target' \
		'make model     make the tables of AWS services anew from the installed botocore' \
		'make lint      check style, rooms, manual pages and scripts; build with clang, too' \
		'make install   install below $$(DESTDIR)$$(PREFIX), which is now $(DESTDIR)$(PREFIX)' \
		'make clean     remove build/' \
		'' \
		'V=1 shows the commands, CC= chooses the compiler, OPT= its optimisation,' \
		'SANITIZE=address,undefined its checks, B= the folder to build into.'

setup:
	$(Q)tools/setup

# Programs find the library and each other from where they are: below any PREFIX.
PROGRAMS_IN_BIN := chaos-run chaos-ctl chaos-control
install: all
	$(Q)install -d $(addprefix $(DESTDIR)$(PREFIX)/,bin lib/chaos-run share/chaos-run/aws-model share/man/man1 share/man/man5 share/man/man8)
	$(Q)install -m 755 $(addprefix $(B)/,$(PROGRAMS_IN_BIN)) $(DESTDIR)$(PREFIX)/bin
	$(Q)install -m 644 $(addprefix $(B)/libchaos-,shim.so bridge.so) $(DESTDIR)$(PREFIX)/lib/chaos-run
	$(Q)install -m 755 $(B)/chaos-relay $(B)/chaos-enter $(B)/chaos-report $(DESTDIR)$(PREFIX)/lib/chaos-run
	$(Q)install -m 644 tools/aws-model/*.py $(DESTDIR)$(PREFIX)/share/chaos-run/aws-model
	$(Q)install -d $(addprefix $(DESTDIR)$(PREFIX)/share/,bash-completion/completions zsh/site-functions fish/vendor_completions.d)
	$(Q)install -m 644 tools/completion/_chaos $(DESTDIR)$(PREFIX)/share/zsh/site-functions
	$(Q)for name in run ctl control; do \
		install -m 644 tools/completion/chaos.bash $(DESTDIR)$(PREFIX)/share/bash-completion/completions/chaos-$$name && \
		install -m 644 tools/completion/chaos.fish $(DESTDIR)$(PREFIX)/share/fish/vendor_completions.d/chaos-$$name.fish || exit; \
	done
	$(Q)install -m 644 tools/man/*.1 $(DESTDIR)$(PREFIX)/share/man/man1
	$(Q)install -m 644 tools/man/*.5 $(DESTDIR)$(PREFIX)/share/man/man5
	$(Q)install -m 644 tools/man/*.8 $(DESTDIR)$(PREFIX)/share/man/man8
	@printf '  %-7s %s\n' INSTALL $(DESTDIR)$(PREFIX)

# What is written by hand.
C_FILES := $(filter-out shim/engine/aws/model_data.c,$(wildcard \
	$(foreach dir,shim/base shim/bridge shim/program shim/memory shim/engine shim/engine/aws shim/libc shim/process shim/trust shim/io shim/tls shim/hooks control tools tools/report tools/bench tests/unit tests/fuzz \
		tests/conformance tests/e2e/clients tests/transparency,$(dir)/*.c $(dir)/*.h)))
SCRIPTS  = $(shell grep -rlE '^\#!/bin/(ba)?sh' .ci tests tools)

.PHONY: lint lint-style lint-rooms lint-c lint-man lint-scripts lint-clang
lint: lint-style lint-rooms lint-c lint-man lint-scripts lint-clang
	@printf '  %-7s %s\n' LINT 'nothing is wrong'

lint-style:
	$(Q)clang-format --dry-run -Werror $(C_FILES)

# Who uses whom; object files tell what no #include does.
lint-rooms: all
	$(Q)tools/lint/rooms $(B)/obj

# cppcheck can follow neither the argument names of hooks.def nor an argument that a function fills
# in for its caller.
lint-c:
	$(Q)cppcheck -q --enable=warning,performance,portability --inline-suppr --error-exitcode=1 \
		--suppress=missingIncludeSystem --suppress=funcArgOrderDifferent \
		--suppress=ctuuninitvar --template=gcc \
		--std=c11 $(filter -D% -I%,$(CPPFLAGS)) -D__$(shell uname -m)__ $(filter %.c,$(C_FILES))

lint-man:
	$(Q)mandoc -T lint -W warning tools/man/*.[1-8]

lint-scripts:
	$(Q)shellcheck $(SCRIPTS)

lint-clang:
	$(Q)$(MAKE) --no-print-directory CC=clang B=$(B)/clang all unit

clean:
	$(Q)rm -rf $(B)

-include $(shell find $(B)/obj -name '*.d' 2>/dev/null)

# ---- What runs it ----

# The benchmark's clients and servers.
$(B)/bench/client $(B)/bench/server $(B)/bench/delays: $(B)/bench/%: $(B)/obj/tools/bench/%.o
	$(call say,LD)
	@mkdir -p $(@D)
	$(Q)$(CC) $(LDFLAGS) -o $@ $^ -lpthread

$(B)/bench/events: $(B)/obj/tools/bench/events.o $(B)/libengine.a
	$(call say,LD)
	@mkdir -p $(@D)
	$(Q)$(CC) $(LDFLAGS) -o $@ $^ -lpthread

# A client that makes its own system calls.
$(B)/bench/static: $(B)/obj/tools/bench/client.o
	$(call say,LD)
	@mkdir -p $(@D)
	$(Q)$(CC) $(LDFLAGS) -static -o $@ $^

$(B)/bench/tls: $(B)/obj/tools/bench/tls.o
	$(call say,LD)
	@mkdir -p $(@D)
	$(Q)$(CC) $(LDFLAGS) -o $@ $^ -lssl -lcrypto -lpthread

# And what the engine takes on its own.
$(B)/bench/engine: $(B)/obj/tools/bench/engine.o $(B)/libcontrol.a $(B)/libengine.a
	$(call say,LD)
	@mkdir -p $(@D)
	$(Q)$(CC) $(LDFLAGS) -o $@ $^ $(CONTROL_LIBS) -l:libz.a

# Setup comes first: on a fresh machine nothing can be built before.
.PHONY: check reach demo bench fuzz
check:
	+$(Q)B='$(B)' MAKE='$(MAKE)' V='$(V)' tests/run

# The clients that take too much time to be installed, or to be run, for all tests.
reach:
	$(Q)tools/setup build check js reach
	+$(Q)$(MAKE) --no-print-directory all
	$(Q)tests/reach/install
	$(Q)CHAOS_BUILD='$(abspath $(B))' tests/reach/run --installed

demo:
	$(Q)tools/setup demo
	+$(Q)$(MAKE) --no-print-directory all
	$(Q)BUILD='$(B)' tools/demo

bench:
	$(Q)tools/setup bench
	+$(Q)$(MAKE) --no-print-directory all $(addprefix $(B)/bench/,client static server tls delays engine events)
	$(Q)BUILD='$(B)' tools/bench/run

FUZZ_SECONDS ?= 60
fuzz:
	$(Q)tools/setup build fuzz
	+$(Q)B='$(B)' MAKE='$(MAKE)' tests/fuzz/run fuzz $(FUZZ_SECONDS)
