# SPDX-License-Identifier: Apache-2.0
"""Every operation of every service as botocore puts it on the wire: signed, and never sent."""

import functools
import os
import re

import botocore.auth
import botocore.awsrequest
import botocore.config
import botocore.crt.auth
import botocore.handlers
import botocore.hooks
import botocore.loaders
import botocore.session
import botocore.tokens
import botocore.useragent

REGION = 'eu-west-2'
CUSTOM = 'http://127.0.0.1:4566'

# ARNs that endpoint rules look into.
ARNS = {
    'kinesis': 'arn:aws:kinesis:eu-west-2:123456789012:stream/name',
    'cloudfront-keyvaluestore': 'arn:aws:cloudfront::123456789012:key-value-store/name',
    'dynamodb': 'arn:aws:dynamodb:eu-west-2:123456789012:table/name',
    's3control': 'arn:aws:s3:eu-west-2:123456789012:accesspoint/name',
}
TEXTS = {
    'PredictEndpoint': 'https://realtime.machinelearning.eu-west-2.amazonaws.com',
    'ChannelARN': 'arn:aws:kinesis:eu-west-2:123456789012:channel/name',
    'QueueARN': 'arn:aws:kinesis:eu-west-2:123456789012:queue/name',
}

DISCOVERY = b'{"Endpoints":[{"Address":"%s","CachePeriodInMinutes":1440}]}'
SESSION = b'''<?xml version="1.0" encoding="UTF-8"?>
<CreateSessionResult xmlns="http://s3.amazonaws.com/doc/2006-03-01/"><Credentials>
<AccessKeyId>AKIDEXPRESS</AccessKeyId><SecretAccessKey>secret</SecretAccessKey>
<SessionToken>token</SessionToken><Expiration>2100-01-01T00:00:00Z</Expiration>
</Credentials></CreateSessionResult>'''


class Bearer(botocore.auth.BearerAuth):
    """To an endpoint without TLS, too, as other SDKs send it."""

    def add_auth(self, request):
        request.headers['Authorization'] = f'Bearer {self.auth_token.token}'


# With awscrt botocore signs everything with it; here that signs only what nothing else can.
SIGNERS = {
    **botocore.crt.auth.CRT_AUTH_TYPE_MAPS,
    'bearer': Bearer,
    'v4': botocore.auth.SigV4Auth,
    'v4-query': botocore.auth.SigV4QueryAuth,
    's3v4': botocore.auth.S3SigV4Auth,
    's3v4-query': botocore.auth.S3SigV4QueryAuth,
}


class Captured(Exception):
    def __init__(self, raw):
        super().__init__()
        self.raw = raw


class Body:
    """What an AWSResponse reads."""

    def __init__(self, data):
        self._data = data

    def stream(self, *_args, **_options):
        yield self._data


class Token:
    """A bearer token for the services that take nothing else."""

    def load_token(self, signing_name=None):
        return self if signing_name is None else None

    def get_frozen_token(self):
        return botocore.tokens.FrozenAuthToken('token', None)


class Loader(botocore.loaders.Loader):
    """Loads models, and makes one of them speak one protocol alone where that is asked for."""

    protocol = None

    def load_service_model(self, service_name, type_name, api_version=None):
        model = super().load_service_model(service_name, type_name, api_version)
        if self.protocol and type_name == 'service-2':
            model = dict(model)
            model['metadata'] = dict(model['metadata'], protocol=self.protocol, protocols=[self.protocol])
        return model


def remember_pure_functions():
    """Half of botocore's time goes into two functions that always say the same."""
    aliases = {}
    alias = botocore.hooks.EventAliaser._alias_event_name

    def remembered(self, event_name):
        if event_name not in aliases:
            aliases[event_name] = alias(self, event_name)
        return aliases[event_name]

    botocore.hooks.EventAliaser._alias_event_name = remembered
    botocore.useragent.sanitize_user_agent_string_component = functools.cache(
        botocore.useragent.sanitize_user_agent_string_component)


remember_pure_functions()


def wire_bytes(request):
    """An AWSPreparedRequest as http.client writes it."""
    host, target = re.match(r'https?://([^/?]*)([^#]*)', request.url).groups()
    target = target if target.startswith('/') else '/' + target
    body = request.body if request.body is not None else b''
    if hasattr(body, 'read'):
        body = body.read()
    if isinstance(body, str):
        body = body.encode()
    lines = [f'{request.method} {target} HTTP/1.1', f'Host: {host}', 'Accept-Encoding: identity']
    names = set()
    for name, value in request.headers.items():
        value = value.decode('latin-1') if isinstance(value, bytes) else value
        if name.lower() != 'host':
            lines.append(f'{name}: {value}')
        names.add(name.lower())
    if 'transfer-encoding' in names:
        body = (b'%x\r\n%s\r\n' % (len(body), body) if body else b'') + b'0\r\n\r\n'
    elif 'content-length' not in names and (body or request.method in ('POST', 'PUT', 'PATCH')):
        lines.append(f'Content-Length: {len(body)}')
    return '\r\n'.join(lines).encode('utf-8') + b'\r\n\r\n' + body


class Values:
    """Arguments for an operation: what its input shape requires, or all of it."""

    def __init__(self, fill=False):
        self._fill = fill
        self._service = ''

    def arguments(self, operation):
        self._service = operation.service_model.service_name
        return self._structure(operation.input_shape, 0) if operation.input_shape else {}

    def _structure(self, shape, depth):
        names = list(shape.members) if self._fill and depth < 2 else list(shape.required_members)
        if getattr(shape, 'is_tagged_union', False):
            names = list(shape.members)[:1]
        return {name: self._value(shape.members[name], name, depth + 1) for name in names
                if not shape.members[name].serialization.get('eventstream')}

    def _value(self, shape, name, depth):
        kind = shape.type_name
        if kind == 'structure':
            if getattr(shape, 'is_document_type', False):
                return {'a': 1}
            return self._structure(shape, depth) if depth < 8 else {}
        if kind == 'list':
            size = min(max(1, shape.metadata.get('min', 1)), 30)
            return [self._value(shape.member, name, depth + 1)] * size if depth < 8 else []
        if kind == 'map':
            if depth >= 8:
                return {}
            return {self._text(shape.key, name): self._value(shape.value, name, depth + 1)}
        if kind in ('integer', 'long', 'float', 'double'):
            number = max(1, shape.metadata.get('min', 1))
            return float(number) if kind in ('float', 'double') else int(number)
        if kind in ('boolean', 'timestamp', 'blob'):
            return {'boolean': True, 'timestamp': 1600000000, 'blob': b'blob'}[kind]
        return self._text(shape, name)

    def _text(self, shape, name):
        if getattr(shape, 'enum', None):
            return shape.enum[0]
        if name in TEXTS:
            return TEXTS[name]
        if re.search('arn$', name, re.I):
            text = ARNS.get(self._service, 'arn:aws:service:eu-west-2:123456789012:thing/name')
        elif re.search('account-?id$', name, re.I):
            text = '123456789012'
        elif re.search('url$', name, re.I):
            text = 'https://example.com/123456789012/name'
        else:
            text = 'abcdefghijkl'
        return text.ljust(min(shape.metadata.get('min') or 1, 500), 'x')


class Clients:
    """Makes clients that hand over each request in place of sending it."""

    def __init__(self):
        for name in list(os.environ):
            if name.startswith('AWS_'):
                del os.environ[name]
        os.environ.update(AWS_CONFIG_FILE='/dev/null', AWS_SHARED_CREDENTIALS_FILE='/dev/null',
                          AWS_EC2_METADATA_DISABLED='true')
        botocore.auth.AUTH_TYPE_MAPS.update(SIGNERS)
        self.loader = Loader()
        self.session = botocore.session.Session()
        self.session.set_credentials('AKIDEXAMPLE', 'secret', None)
        self.session.register_component('data_loader', self.loader)
        self.session.register_component('token_provider', Token())
        # Members are left out and made up here, so what else looks at them would only complain.
        self.session.unregister('before-parameter-build.s3', botocore.handlers.validate_bucket_name)
        self.services = self.session.get_available_services()
        self._wanted = None

    def client(self, service, endpoint=None, region=REGION, protocol=None, **options):
        options.setdefault('retries', {'total_max_attempts': 1})
        config = botocore.config.Config(parameter_validation=False,
                                        inject_host_prefix=endpoint is None, **options)
        self.loader.protocol = protocol
        try:
            client = self.session.create_client(service, region_name=region, endpoint_url=endpoint,
                                                config=config)
        finally:
            self.loader.protocol = None
        client.meta.events.register_first('before-send', self._capture)
        return client

    def request(self, client, operation, arguments):
        """The bytes of the operation's own request; what comes before it gets an answer."""
        self._wanted = operation
        try:
            client._make_api_call(operation, arguments)
        except Captured as captured:
            return captured.raw
        raise AssertionError(f'{operation}: nothing was sent')

    def _capture(self, request, event_name, **_):
        operation = event_name.rpartition('.')[2]
        headers = {'Content-Type': 'application/x-amz-json-1.0'}
        if operation == 'DescribeEndpoints' != self._wanted:
            service = event_name.split('.')[1]
            host = 'query-cell1' if 'query' in service else 'ingest-cell1'
            body = DISCOVERY % f'{host}.timestream.{REGION}.amazonaws.com'.encode()
        elif operation == 'CreateSession' != self._wanted:
            body = SESSION
        else:
            raise Captured(wire_bytes(request))
        return botocore.awsrequest.AWSResponse(request.url, 200, headers, Body(body))
