# SPDX-License-Identifier: Apache-2.0
"""Writes the tables: as C, or as a file that programs load (shim/engine/aws/model_file.h)."""

import struct
import zlib

HEAD = '''/* SPDX-License-Identifier: Apache-2.0 */
/* Made by tools/aws-model from botocore's service models: do not edit, run `make model`. */

/* clang-format off */

#include "tables.h"
'''

# Readers load eight bytes from wherever a text begins.
TEXT_END = 8

# As in parts.def, and in that order: the parts, and a row of each.
ROWS = {
    'text': '', 'services': '=2I4H3Bx', 'operations': '=I', 'errors': '=I', 'resources': '=I',
    'tokens': '=I', 'token_places': '=I',
    'nodes': '=I2H', 'terminals': '=I', 'constraints': '=I', 'homes': '=8B', 'regions': '=I',
    'region_partitions': '=B', 'partition_homes': '=B', 'suffixes': '=IB3x', 'signing_keys': '=I2H',
    'target_keys': '=I2H', 'version_keys': '=I2H', 'id_keys': '=I2H', 'host_keys': '=I2H',
    'members': '=H',
}
# As in model_file.h.
MAGIC, VERSION = b'chsmodel', 2


class CWriter:
    WIDTH = 96

    def __init__(self, file):
        self._file = file
        self._counts = {}
        file.write(HEAD)

    def version(self, value):
        self._file.write(f'\nconst char built_in_version[] = "{value}";\n')

    def pool(self, value):
        assert '"' not in value and '\\' not in value and '?' not in value
        lines = [value[i:i + self.WIDTH] for i in range(0, len(value), self.WIDTH)]
        # And one more that C puts there.
        lines.append('\\0' * (TEXT_END - 1))
        self._file.write('\nconst char built_in_text[] =\n' + '\n'.join(f'"{line}"' for line in lines) + ';\n')
        self._counts['text'] = len(value) + TEXT_END

    def numbers(self, kind, name, values):
        self._array(kind, name, [str(value) for value in values])

    def rows(self, kind, name, rows):
        self._array(kind, name, ['{%s}' % ','.join(map(str, row)) for row in rows])

    def close(self):
        assert list(self._counts) == list(ROWS)
        counts = ','.join(map(str, self._counts.values()))
        self._file.write(f'\nconst struct model_counts built_in_counts = {{{counts}}};\n')

    def _array(self, kind, name, items):
        self._file.write(f'\nconst {kind} built_in_{name}[] = {{\n')
        line = ''
        for item in items:
            if len(line) + len(item) + 1 > self.WIDTH:
                self._file.write(line + '\n')
                line = ''
            line += item + ','
        self._file.write(line + '\n};\n')
        self._counts[name] = len(items)


class FileWriter:
    """A head, then the parts, each at a multiple of eight."""

    HEAD = struct.Struct(f'=8s3I32s{2 * len(ROWS)}I')

    def __init__(self, file):
        self._file = file
        self._parts = {}

    def version(self, value):
        self._version = value.encode()
        assert len(self._version) < 32

    def pool(self, value):
        self._parts['text'] = value.encode() + bytes(TEXT_END), len(value) + TEXT_END

    def numbers(self, _, name, values):
        self.rows(_, name, [(value,) for value in values])

    def rows(self, _, name, rows):
        row = struct.Struct(ROWS[name])
        self._parts[name] = b''.join(row.pack(*values) for values in rows), len(rows)

    def close(self):
        assert list(self._parts) == list(ROWS)
        body, places = b'', []
        start = -self.HEAD.size % 8 + self.HEAD.size
        for data, _ in self._parts.values():
            body += bytes(-len(body) % 8)
            places.append(start + len(body))
            body += data
        counts = [count for _, count in self._parts.values()]
        size = start + len(body)
        head = self.HEAD.pack(MAGIC, VERSION, size, 0, self._version, *counts, *places)
        whole = head + bytes(start - len(head)) + body
        checksum = struct.pack('=I', zlib.crc32(whole[20:]))
        self._file.write(whole[:16] + checksum + whole[20:])
