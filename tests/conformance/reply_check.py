#!/usr/bin/env python3
# SPDX-License-Identifier: Apache-2.0
"""Every operation of every service: does botocore's own parser read an injected error as exactly
the configured code and message?

usage: reply_check.py DRIVER    (the program made from reply_driver.c)
"""

import http.client
import io
import subprocess
import sys

import botocore.awsrequest
import botocore.endpoint
import botocore.parsers
import botocore.session

CODE = 'Injected.Fault_1'
MESSAGE = ('  Not today: a < b & c > d, "quoted" and \'so\'.\n'
           'Gr\u00fc\u00dfe, \u65e5\u672c, \U0001f4a5\t]]>\r\nend ')
STATUSES = (400, 503)

# botocore's protocol names to the driver's, and the parsers for what botocore has no protocol of.
WIRE = {'smithy-rpc-v2-cbor': 'rpc-v2-cbor'}
PARSERS = {'s3': 'rest-xml', 'rpc-v2-cbor': 'smithy-rpc-v2-cbor', 'json-cbor': 'smithy-rpc-v2-cbor'}


class Driver:
    def __init__(self, path):
        self.process = subprocess.Popen([path], stdin=subprocess.PIPE, stdout=subprocess.PIPE)

    def reply(self, protocol, service, method, status, code, message):
        line = ' '.join((protocol, service, method, str(status), code.encode().hex(),
                         message.encode().hex()))
        self.process.stdin.write(line.encode() + b'\n')
        self.process.stdin.flush()
        return self.process.stdout.read(int(self.process.stdout.readline()))


class Socket:
    """What http.client reads a reply from; what is left behind is the reply's fault."""

    def __init__(self, data):
        self.file = io.BytesIO(data)

    def makefile(self, *_):
        return self.file


class Raw:
    def __init__(self, body):
        self.body = body

    def stream(self):
        return [self.body]


def receive(reply, method):
    """The reply's bytes as botocore's HTTP session gives them on."""
    socket = Socket(reply)
    response = http.client.HTTPResponse(socket, method=method)
    response.begin()
    start = socket.file.tell()
    body = b'' if method == 'HEAD' else response.read()
    if start + len(body) != len(reply):
        raise ValueError('bytes outside of the body')
    if method != 'HEAD' and int(response.headers['Content-Length']) != len(body):
        raise ValueError('wrong Content-Length')
    return botocore.awsrequest.AWSResponse('', response.status, response.headers, Raw(body))


def parse(response, operation, parser_name):
    """As botocore.endpoint does, modelled errors included."""
    response = botocore.endpoint.convert_to_response_dict(response, operation)
    parser = botocore.parsers.create_parser(parser_name)
    parsed = parser.parse(response, operation.output_shape)
    shape = operation.service_model.shape_for_error_code(parsed['Error']['Code'])
    if shape is not None:
        parser.parse(response, shape)
    return parsed


def code_for(operation, status, number):
    """An error that the operation's model knows, and one that it does not."""
    shapes = operation.error_shapes
    return shapes[number % len(shapes)].error_code if shapes and status == 400 else CODE


def expected(method, protocol, status, code):
    """After HEAD botocore has nothing to go by but a header, below 500, and the status."""
    if method != 'HEAD':
        return code, MESSAGE
    if protocol == 'rest-json' and status < 500:
        return code, ''
    return str(status), http.client.responses[status]


def check(driver, operation, protocol, number):
    """Returns what is wrong, or None."""
    service, method = operation.service_model.service_name, operation.http['method']
    for status in STATUSES:
        code = code_for(operation, status, number)
        reply = driver.reply(protocol, service, method, status, code, MESSAGE)
        parsed = parse(receive(reply, method), operation, PARSERS.get(protocol, protocol))
        got = parsed['Error']['Code'], parsed['Error']['Message']
        if got != expected(method, protocol, status, code):
            return f'{status} {code}: {got}'
        if method != 'HEAD' and not parsed['ResponseMetadata'].get('RequestId'):
            return f'{status} {code}: no request id'
    return None


def protocols_of(service_model):
    """All protocols in which a client may call the service, botocore's own first."""
    name = service_model.service_name
    own = service_model.resolved_protocol
    yield 's3' if name == 's3' else WIRE.get(own, own)
    for protocol in service_model.metadata.get('protocols', []):
        if protocol != own:
            yield WIRE.get(protocol, protocol)
    if name == 'sqs':
        yield 'query'
    if name == 'kinesis':
        yield 'json-cbor'


def main():
    driver = Driver(sys.argv[1])
    loader = botocore.session.get_session()
    passed, failed = {}, 0
    for service in loader.get_available_services():
        model = loader.get_service_model(service)
        for rank, protocol in enumerate(protocols_of(model)):
            for number, name in enumerate(model.operation_names):
                operation = model.operation_model(name)
                wrong = check(driver, operation, protocol, number)
                kind = ('HEAD' if operation.http['method'] == 'HEAD' else
                        f'{protocol} forced' if rank else protocol)
                if wrong:
                    failed += 1
                    print(f'{service}.{name} ({protocol}): {wrong}')
                else:
                    passed[kind] = passed.get(kind, 0) + 1
    for kind, count in sorted(passed.items()):
        print(f'{kind}: {count}')
    own = sum(n for kind, n in passed.items() if kind != 'HEAD' and 'forced' not in kind)
    print(f'botocore {botocore.__version__}, its own protocols, without HEAD: {own}')
    print(f'{sum(passed.values())} passed, {failed} failed')
    return 1 if failed or not own else 0


if __name__ == '__main__':
    sys.exit(main())
