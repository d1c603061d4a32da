# SPDX-License-Identifier: Apache-2.0
"""Writes the tables as C."""

HEAD = '''/* SPDX-License-Identifier: Apache-2.0 */
/* Made by tools/aws-model from botocore's service models: do not edit, run `make model`. */

/* clang-format off */

#include "tables.h"
'''


class Writer:
    WIDTH = 96

    def __init__(self, file):
        self._file = file
        file.write(HEAD)

    def text(self, name, value):
        self._file.write(f'\nconst char {name}[] = "{value}";\n')

    def pool(self, name, value):
        assert '"' not in value and '\\' not in value and '?' not in value
        lines = [value[i:i + self.WIDTH] for i in range(0, len(value), self.WIDTH)]
        # Readers load eight bytes from wherever a text begins.
        lines.append('\\0' * 7)
        self._file.write(f'\nconst char {name}[] =\n' + '\n'.join(f'"{line}"' for line in lines) + ';\n')

    def numbers(self, kind, name, values):
        self._array(kind, name, [str(value) for value in values])

    def rows(self, kind, name, rows, dimension=''):
        self._array(kind, name, ['{%s}' % ','.join(map(str, row)) for row in rows], dimension)

    def _array(self, kind, name, items, dimension=''):
        self._file.write(f'\nconst {kind} {name}[]{dimension} = {{\n')
        line = ''
        for item in items:
            if len(line) + len(item) + 1 > self.WIDTH:
                self._file.write(line + '\n')
                line = ''
            line += item + ','
        self._file.write(line + '\n};\n')
        self._file.write(f'const unsigned int {name}_count = {len(items)};\n')
