#!/usr/bin/env python3
# SPDX-License-Identifier: Apache-2.0
"""
Writes what botocore's service models say, packed into read-only tables that shim/engine/aws/tables.h
describes: shim/engine/aws/model_data.c to stdout, or with `--file FILE` a file that programs load. The
same botocore gives the same bytes. `--from DIR` takes the botocore in that folder.
"""

import argparse
import os
import sys


def find_botocore(folder):
    """Comes before all that needs botocore. The folder is where the package lies, or the package."""
    if os.path.isfile(os.path.join(folder, 'loaders.py')):
        folder = os.path.dirname(os.path.abspath(folder))
    if not os.path.isdir(os.path.join(folder, 'botocore')):
        sys.exit(f'{folder}: no botocore is there')
    # Behind our own modules.
    sys.path.insert(1, folder)


parser = argparse.ArgumentParser()
parser.add_argument('--file')
parser.add_argument('--from', dest='folder')
arguments = parser.parse_args()
if arguments.folder:
    find_botocore(arguments.folder)
try:
    import botocore
except ImportError:
    sys.exit(f'{sys.executable} has no botocore')

import resources
import services as models
import trie
from emit import CWriter, FileWriter
from pool import SPARE, Pool

# As in tables.h.
QUERY_COMPATIBLE, HOME_ALWAYS, HAS_BASE_PATH, QUERY_CAPABLE, BEARER, UNSIGNED = (1 << i for i in range(6))
NONE = 0xff
NO_ROOT = 0xffff
PARTITIONS = 8

# DNS suffixes that are in no partition's data: (suffix, partition).
MORE_SUFFIXES = (('on.aws', 'aws'), ('aws.amazon.com', 'aws'), ('localhost.localstack.cloud', 'aws'),
                 ('amazonaws.cn', 'aws-cn'), ('amazonaws-us-gov.com', 'aws-us-gov'))
# Names of hosts that no rule set has any more.
MORE_HOSTS = {'sqs': ['queue'], 'kinesis': ['control-kinesis']}
# Of services that a request cannot tell apart these come first.
LIKELIER = {'rds', 'qconnect', 'greengrassv2', 'timestream-query'}
LAST_CONSTRAINT = 1 << (SPARE + 3)

# Own bits of an operation: 1 for its home, 5 for the place of its resource. The last value stands for a
# member that is found by its name, where a service has more places than there are values.
RESOURCE = SPARE + 1
RESOURCE_GUESS = 31


def fnv1a(text):
    value = 0x811c9dc5
    for byte in text.encode():
        value = (value ^ byte) * 0x01000193 & 0xffffffff
    return value


class Tables:
    def __init__(self, services, partition_data, endpoint_data):
        self.services = services
        self.pool = Pool()
        self.partitions = partition_data['partitions']
        assert len(self.partitions) <= PARTITIONS
        self.regions = sorted(region for partition in self.partitions
                              for region in partition['regions'] if not region.endswith('-global'))
        self.suffixes = self._suffixes()
        samples = {p['id']: sorted(r for r in p['regions'] if not r.endswith('-global'))[:2]
                   for p in self.partitions}
        for service in services:
            service.find_homes(samples, partition_data, endpoint_data)
        self.number = {service.name: i for i, service in enumerate(services)}
        self.operation_number = {s.name: {o: i for i, o in enumerate(s.operations)} for s in services}
        self.routes = {s.name: list(s.routes()) for s in services}
        self.ambiguous = self._ambiguous()
        self.indices = self._indices()
        self.resources = {s.name: resources.Places(s, RESOURCE_GUESS - 1) for s in services}
        self.tokens = {s.name: resources.tokens(s) for s in services}
        self._announce()

    def _suffixes(self):
        rows = {}
        for number, partition in enumerate(self.partitions):
            for kind in ('dnsSuffix', 'dualStackDnsSuffix'):
                rows.setdefault(partition['outputs'][kind], number)
        ids = [partition['id'] for partition in self.partitions]
        rows.update((suffix, ids.index(name)) for suffix, name in MORE_SUFFIXES)
        return dict(sorted(rows.items(), key=lambda row: (-len(row[0]), row[0])))

    def _ambiguous(self):
        """(signing name, shape) of more than one operation -> the operations' names."""
        seen = {}
        for service in self.services:
            for route in self.routes[service.name]:
                for name in service.signing_names:
                    seen.setdefault((name, route.shape), set()).add((route.service, route.operation))
        return {key: {operation for _, operation in users}
                for key, users in seen.items() if len(users) > 1}

    def _indices(self):
        """What leads from a name on the wire to the services that it may stand for."""
        indices = {name: {} for name in ('signing', 'target', 'version', 'id', 'host')}
        for number, service in enumerate(self.services):
            for name in service.signing_names:
                indices['signing'].setdefault(name, set()).add(number)
            if service.target_prefix:
                indices['target'].setdefault(service.target_prefix, set()).add(number)
            for version in service.versions:
                indices['version'].setdefault(version, set()).add(number)
            indices['id'].setdefault(service.id, set()).add(number)
            for labels, variable in service.host_keys(self.suffixes, self.regions):
                indices['host'].setdefault(labels, set()).add(number << 1 | variable)
            for labels in MORE_HOSTS.get(service.name, ()):
                indices['host'].setdefault(labels, set()).add(number << 1 | ('kinesis' in labels))
        for labels, numbers in indices['host'].items():
            # A service that takes variable labels takes none, too.
            indices['host'][labels] = {n for n in numbers if n & 1 or n | 1 not in numbers}
        return indices

    def constraints(self, route):
        names = set()
        for name in self.services[self.number[route.service]].signing_names:
            names |= self.ambiguous.get((name, route.shape), set())
        return route.constraints(bool(names), len(names) > 1)

    def _announce(self):
        want = self.pool.want
        for service in self.services:
            want(service.name)
            if service.xml_namespace:
                want(service.xml_namespace)
            for name in service.operations:
                want(name)
            for kind, text in self.resources[service.name].places:
                if kind != resources.LABEL:
                    want(text)
            for kind, text in self.tokens[service.name].values():
                want(text)
            for route in self.routes[service.name]:
                for segment in route.segments:
                    if not segment.startswith('{'):
                        want(segment)
                for _, text in self.constraints(route):
                    want(text)
        for index in self.indices.values():
            for key in index:
                want(key)
        for text in (*self.regions, *self.suffixes):
            want(text)
        self.pool.close()

    def write(self, out):
        ref = self.pool.ref
        out.version(botocore.__version__)
        out.pool(self.pool.text)
        operations, errors, records, homes, places, tokens = [], [], [], [], [], []
        token_places = sorted({place for found in self.tokens.values() for place in found.values()})
        nodes, terminals, constraints = self._tries()
        roots = {s.name: i for i, s in enumerate(s for s in self.services if self.routes[s.name])}
        for service in self.services:
            flags = QUERY_COMPATIBLE * service.query_compatible
            flags |= HOME_ALWAYS * (bool(service.homes) and not service.home_operations)
            flags |= HAS_BASE_PATH * bool(service.base_path)
            flags |= QUERY_CAPABLE * bool(service.versions)
            flags |= BEARER * service.takes_bearer | UNSIGNED * service.has_unsigned
            assert service.base_path in ('', '/v2')
            home = NONE
            if service.homes:
                row = [self.regions.index(service.homes[p['id']]) if p['id'] in service.homes else NONE
                       for p in self.partitions]
                row += [NONE] * (PARTITIONS - len(row))
                home = homes.index(row) if row in homes else len(homes)
                homes += [row] * (home == len(homes))
            records.append((ref(service.name), ref(service.xml_namespace), len(operations), len(errors),
                            roots.get(service.name, NO_ROOT), len(places), service.protocol, flags, home))
            found = self.resources[service.name]
            tokens += [len(operations) + i | token_places.index(self.tokens[service.name][name]) << 16
                       for i, name in enumerate(service.operations) if name in self.tokens[service.name]]
            operations += [ref(name) | (name in service.home_operations) << SPARE
                           | found.number(name, RESOURCE_GUESS) << RESOURCE
                           for name in service.operations]
            places += [(what if kind == resources.LABEL else ref(what)) | kind << SPARE
                       for kind, what in found.places]
            errors += sorted((fnv1a(code) & 0xffffff00) | status - 400
                             for code, status in service.errors().items())
        records.append((0, 0, len(operations), len(errors), NO_ROOT, len(places), 0, 0, NONE))
        out.rows('struct model_service', 'services', records)
        out.numbers('uint32_t', 'operations', operations)
        out.numbers('uint32_t', 'errors', errors)
        out.numbers('uint32_t', 'resources', places)
        out.numbers('uint32_t', 'tokens', tokens)
        out.numbers('uint32_t', 'token_places', [ref(what) | kind << SPARE for kind, what in token_places])
        out.rows('struct model_node', 'nodes', nodes)
        out.numbers('uint32_t', 'terminals', terminals)
        out.numbers('uint32_t', 'constraints', constraints)
        out.rows('model_home', 'homes', homes)
        out.numbers('uint32_t', 'regions', [ref(region) for region in self.regions])
        out.numbers('uint8_t', 'region_partitions', [
            next(i for i, p in enumerate(self.partitions) if region in p['regions'])
            for region in self.regions])
        out.numbers('uint8_t', 'partition_homes', [
            self.regions.index(p['outputs']['implicitGlobalRegion']) for p in self.partitions])
        out.rows('struct model_suffix', 'suffixes',
                 [(ref(text), partition) for text, partition in self.suffixes.items()])
        self._write_indices(out)

    def _write_indices(self, out):
        def rank(number):
            service = self.services[number >> 1 if name == 'host' else number]
            return service.name not in LIKELIER, number

        members = []
        for name, index in self.indices.items():
            rows = []
            for key in sorted(index):
                numbers = sorted(index[key], key=rank)
                rows.append((self.pool.ref(key), len(members), len(numbers)))
                members += numbers
            out.rows('struct model_key', f'{name}_keys', rows)
        out.numbers('uint16_t', 'members', members)
        out.close()

    def _tries(self):
        """Nodes in breadth-first order: the children of a node stand together, and so do its ends."""
        queue = [(trie.LITERAL, '', trie.build(routes)) for routes in self.routes.values() if routes]
        nodes, terminals, constraints, places = [], [], [], {}
        position = 0
        children = len(queue)
        while position < len(queue):
            kind, text, node = queue[position]
            position += 1
            nodes.append((self.pool.ref(text) | kind << SPARE, children, len(terminals)))
            below = list(node.children())
            children += len(below)
            queue += below
            for route in node.terminals:
                rows = tuple(self.constraints(route))
                if rows not in places:
                    places[rows] = len(constraints) + 1
                    constraints += [self.pool.ref(t) | k << SPARE for k, t in rows]
                    if rows:
                        constraints[-1] |= LAST_CONSTRAINT
                place = places[rows] if rows else 0
                assert place < 1 << 9
                terminals.append(self.operation_number[route.service][route.operation]
                                 | trie.METHODS.index(route.method) << 12 | route.slash << 15
                                 | route.deprecated << 16 | place << 17
                                 | route.query_start << 26)
        nodes.append((0, children, len(terminals)))
        assert children < 0xffff and len(terminals) < 0xffff
        return nodes, terminals, constraints


def main():
    tables = Tables(*models.load())
    if not arguments.file:
        tables.write(CWriter(sys.stdout))
        return
    with open(arguments.file, 'wb') as file:
        tables.write(FileWriter(file))


if __name__ == '__main__':
    main()
