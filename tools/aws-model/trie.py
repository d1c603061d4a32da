# SPDX-License-Identifier: Apache-2.0
"""REST operations of all services as tries over the segments of their paths."""

import re

METHODS = ('GET', 'HEAD', 'POST', 'PUT', 'DELETE', 'PATCH', 'OPTIONS')
LITERAL, LABEL, GREEDY = range(3)

# Kinds of a constraint, in the order in which they are written.
(QUERY_LITERAL, QUERY_REQUIRED, HEADER_REQUIRED, BODY_REQUIRED, QUERY_KNOWN, SIGNING_NAME) = range(6)

# What nothing but the signing name tells from another operation.
SIGNING_NAMES = {('s3', 'ListDirectoryBuckets'): 's3express'}


# Of a route that has no literal in its query.
NO_START = 63


def key_start(key):
    """How a query key begins, as a small number: model_key_start() in tables.h."""
    second = ord(key[1]) if key[1:2] not in ('', '=') else 0
    return (ord(key[0]) * 5 + second) % NO_START


class Node:
    def __init__(self):
        self.literals, self.label, self.greedy = {}, None, None
        self.terminals = []

    def child(self, segment):
        if not segment.startswith('{'):
            return self.literals.setdefault(segment, Node())
        if segment.endswith('+}'):
            self.greedy = self.greedy or Node()
            return self.greedy
        self.label = self.label or Node()
        return self.label

    def children(self):
        """(kind, text, node), literals sorted, then the label, then the greedy label."""
        for text in sorted(self.literals):
            yield LITERAL, text, self.literals[text]
        if self.label:
            yield LABEL, '', self.label
        if self.greedy:
            yield GREEDY, '', self.greedy


class Route:
    """How one operation stands on the wire."""

    def __init__(self, service, operation, method, uri):
        path, _, query = uri.partition('?')
        self.service, self.operation, self.method = service, operation, method
        self.slash = path.endswith('/') and path != '/'
        self.segments = [s for s in path.strip('/').split('/') if s]
        self.query_literal = [q for q in query.split('&') if q]
        self.query_required, self.query_known = [], []
        self.header_required, self.body_required = [], []
        self.deprecated = False

    @property
    def shape(self):
        """Equal for routes that the path and the method cannot tell apart."""
        return (self.method,) + tuple(
            s if not s.startswith('{') else '{+}' if s.endswith('+}') else '{}' for s in self.segments)

    @property
    def query_start(self):
        return key_start(self.query_literal[0]) if self.query_literal else NO_START

    def constraints(self, ambiguous, names_differ):
        """(kind, text) pairs; only those that can matter."""
        rows = [(QUERY_LITERAL, q) for q in self.query_literal]
        if (self.service, self.operation) in SIGNING_NAMES:
            rows.append((SIGNING_NAME, SIGNING_NAMES[self.service, self.operation]))
        if ambiguous:
            rows += [(QUERY_REQUIRED, q) for q in sorted(self.query_required)]
            rows += [(HEADER_REQUIRED, h) for h in sorted(self.header_required)]
            rows += [(QUERY_KNOWN, q) for q in sorted(self.query_known)]
        if names_differ:
            rows += [(BODY_REQUIRED, b) for b in sorted(self.body_required)]
        return rows


def route_of(service, name, operation, shapes, is_json):
    http = operation['http']
    # A literal query may hold a label: /{Bucket}?x={y}; its key is what counts.
    uri = re.sub(r'([?&][^=&]*)=\{[^}]*\}', r'\1', http['requestUri'])
    route = Route(service, name, http['method'], uri)
    route.deprecated = bool(operation.get('deprecated'))
    if 'input' not in operation:
        return route
    shape = shapes[operation['input']['shape']]
    required = shape.get('required', [])
    for member, facts in shape.get('members', {}).items():
        place, wire = facts.get('location'), facts.get('locationName', member)
        is_map = shapes[facts['shape']]['type'] == 'map'
        if place == 'querystring' and not is_map:
            (route.query_required if member in required else route.query_known).append(wire)
        elif place == 'header' and member in required:
            route.header_required.append(wire.lower())
        elif place is None and member in required and is_json and 'payload' not in shape:
            route.body_required.append(wire)
    return route


def build(routes):
    root = Node()
    for route in routes:
        node = root
        for segment in route.segments:
            node = node.child(segment)
        node.terminals.append(route)
        node.terminals.sort(key=lambda route: METHODS.index(route.method))
    return root
