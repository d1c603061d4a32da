# SPDX-License-Identifier: Apache-2.0
"""The forms in which the corpus goes out: hosts, protocols, signatures and addresses."""

import re

import botocore
from botocore.exceptions import (BotoCoreError, EndpointResolutionError,
                                 UnsupportedS3AccesspointConfigurationError,
                                 UnsupportedSignatureVersionError)

from corpus import CUSTOM, Values

# A request that botocore refuses to make, because AWS has no such endpoint or it no such signature.
REFUSED = (EndpointResolutionError, UnsupportedS3AccesspointConfigurationError,
           UnsupportedSignatureVersionError)

S3_ACCOUNT = 'arn:aws:{}:eu-west-2:123456789012:{}'
S3_BUCKETS = {
    'access point': S3_ACCOUNT.format('s3', 'accesspoint/name'),
    'object lambda': S3_ACCOUNT.format('s3-object-lambda', 'accesspoint/name'),
    'outposts': S3_ACCOUNT.format('s3-outposts', 'outpost/op-01234567890123456/accesspoint/name'),
    'SigV4a ARN': 'arn:aws:s3::123456789012:accesspoint/mfzwi23gnjvgw.mrap',
    'express': 'name--euw2-az1--x-s3',
    'dotted': 'my.dotted.bucket',
}
# The operations that go to an endpoint of more than one region where they are given its name.
WITH_ENDPOINT = {'events': ['PutEvents'], 'sesv2': ['SendBulkEmail', 'SendEmail']}
# It has SigV2 whatever a client wants.
SIGNS_BY_ITSELF = ('importexport',)
# All their operations are tried with every signature.
SIGNED_EACH_WAY = ('s3', 'sts', 'ec2', 'rds', 'polly', 'lambda', 'apigateway')
VPC = 'https://bucket.vpce-1a2b3c4d-5e6f7g8h.s3.eu-west-2.vpce.amazonaws.com'
LOCALSTACK = 'http://s3.localhost.localstack.cloud:4566'


def s3_forms():
    """name -> (client options, bucket)"""
    plain = 'my-bucket'
    for style in ('path', 'virtual'):
        style_of = {'s3': {'addressing_style': style}}
        yield f's3 {style}', {'s3': style_of['s3']}, plain
        yield f's3 {style} localhost', {'endpoint': 'http://localhost:4566', **style_of}, plain
        yield f's3 {style} localstack', {'endpoint': LOCALSTACK, **style_of}, plain
        yield f's3 {style} vpc endpoint', {'endpoint': VPC, **style_of}, plain
        yield f's3 {style} dualstack', {'use_dualstack_endpoint': True, **style_of}, plain
        yield f's3 {style} china', {'region': 'cn-north-1', **style_of}, plain
        yield f's3 {style} us-gov', {'region': 'us-gov-west-1', **style_of}, plain
        yield f's3 {style} eusc', {'region': 'eusc-de-east-1', **style_of}, plain
        yield f's3 {style} iso', {'region': 'us-iso-east-1', **style_of}, plain
        yield (f's3 {style} global', {'region': 'us-east-1', 's3': {
            'addressing_style': style, 'us_east_1_regional_endpoint': 'legacy'}}, plain)
        yield f's3 {style} unsigned', {'signature_version': botocore.UNSIGNED, **style_of}, plain
        yield (f's3 {style} unsigned localhost', {
            'endpoint': 'http://localhost:4566', 'signature_version': botocore.UNSIGNED, **style_of}, plain)
        yield f's3 {style} SigV2', {'signature_version': 's3', **style_of}, plain
    yield 's3 accelerate', {'s3': {'use_accelerate_endpoint': True}}, plain
    yield ('s3 accelerate dualstack',
           {'s3': {'use_accelerate_endpoint': True}, 'use_dualstack_endpoint': True}, plain)
    for name, bucket in S3_BUCKETS.items():
        yield f's3 {name}', {}, bucket
    yield 's3 access point fips', {'use_fips_endpoint': True}, S3_BUCKETS['access point']


def in_bucket(bucket):
    """What puts a bucket in the place of another, where there is one."""
    def change(_, arguments):
        if 'Bucket' not in arguments:
            return False
        arguments['Bucket'] = bucket
        return True
    return change


def with_endpoint(operation, arguments):
    arguments['EndpointId'] = 'abcdefghijkl.xyz'
    return operation.name in WITH_ENDPOINT[operation.service_model.service_name]


def has_no_own_signature(operation, _):
    """May a client choose how the operation is signed? Directory buckets have a signing name, too."""
    return operation.auth_type is None and operation.name != 'ListDirectoryBuckets'


class Maker:
    """Makes the requests of one service: (variant, service, operation, protocol, request or None)."""

    def __init__(self, clients, service):
        self._clients, self._service = clients, service
        self._rows = []
        model = clients.loader.load_service_model(service, 'service-2')
        self._metadata, self.operations = model['metadata'], len(model['operations'])

    def all(self):
        self._every('custom endpoint', endpoint=CUSTOM)
        self._rewrite('through a proxy', self._through_proxy)
        self._rewrite('slash dropped', self._without_slash)
        self._every('real host')
        self._every('fips', use_fips_endpoint=True)
        self._every('dualstack', use_dualstack_endpoint=True)
        self._every('all members', fill=True, endpoint=CUSTOM)
        for region in ('cn-northwest-1', 'us-gov-east-1', 'eusc-de-east-1'):
            self._every('partitions', most=1, region=region)
        self._other_protocols()
        self._sigv4a()
        if self._service in SIGNED_EACH_WAY:
            self._presigned('presigned')
            self._presigned('presigned SigV4a', change=has_no_own_signature, signature_version='s3v4a')
        if self._service == 's3':
            self._presigned('presigned SigV4a ARN', change=in_bucket(S3_BUCKETS['SigV4a ARN']))
            self._presigned('presigned SigV2', signature_version='s3')
            self._s3()
        return self._rows

    def _add(self, variant, client, operation, make):
        protocol = 's3' if self._service == 's3' else \
            client.meta.service_model.resolved_protocol.replace('smithy-', '')
        try:
            raw = make()
        except REFUSED:
            raw = None
        self._rows.append((variant, self._service, operation, protocol, raw))

    def _every(self, variant, fill=False, most=None, change=None, **options):
        client = self._clients.client(self._service, **options)
        values, model = Values(fill), client.meta.service_model
        for operation in model.operation_names[:most]:
            shape = model.operation_model(operation)
            arguments = values.arguments(shape)
            if change and not change(shape, arguments):
                continue
            self._add(variant, client, operation,
                      lambda: self._clients.request(client, operation, arguments))

    def _other_protocols(self):
        if 'smithy-rpc-v2-cbor' in self._metadata.get('protocols', []):
            self._every('cbor', endpoint=CUSTOM, protocol='smithy-rpc-v2-cbor')
            self._every('cbor, real host', protocol='smithy-rpc-v2-cbor')
        if self._service in ('cloudwatch', 'sqs'):
            self._every('query', endpoint=CUSTOM, protocol='query')
            self._every('query, real host', protocol='query')

    def _sigv4a(self):
        def forced(variant, regions, **options):
            self._every(f'SigV4a{variant}', change=has_no_own_signature, signature_version='v4a',
                        sigv4a_signing_region_set=regions, **options)
        if self._service not in SIGNS_BY_ITSELF:
            most = None if self._service in SIGNED_EACH_WAY else 10
            forced('', 'us-east-1,us-west-2', most=most, endpoint=CUSTOM)
            forced(', one region', 'eu-west-2', most=1)
            forced(', two regions', 'us-east-1, us-west-2', most=1)
            forced(', any region', '*', most=1)
        if 'aws.auth#sigv4a' in self._metadata.get('auth', []):
            self._every('SigV4a preferred', change=has_no_own_signature, auth_scheme_preference='sigv4a')
        if self._service in WITH_ENDPOINT:
            self._every('SigV4a endpoint', change=with_endpoint, endpoint=CUSTOM)
            self._every('SigV4a endpoint, real host', change=with_endpoint)

    def _presigned(self, variant, change=None, **options):
        for where, endpoint in (('', CUSTOM), (', real host', None)):
            client = self._clients.client(self._service, endpoint, **options)
            model = client.meta.service_model
            for operation in model.operation_names:
                shape = model.operation_model(operation)
                is_query = model.resolved_protocol in ('query', 'ec2')
                members = shape.input_shape.members if shape.input_shape else {}
                required = shape.input_shape.required_members if shape.input_shape else []
                places = [members[name].serialization.get('location') for name in required]
                if shape.auth_type == 'none' or not is_query and {'header', None} & set(places):
                    continue  # Fields and body are not in the URL.
                arguments = Values().arguments(shape)
                if change and not change(shape, arguments):
                    continue
                method = 'GET' if is_query else shape.http['method']
                self._add(variant + where, client, operation, lambda: self._sign_url(
                    client, operation, arguments, method))

    @staticmethod
    def _sign_url(client, operation, arguments, method):
        # Signing a URL asks for the name that the client's method has.
        names = {v: k for k, v in client.meta.method_to_api_mapping.items()}
        try:
            url = client.generate_presigned_url(names[operation], arguments, HttpMethod=method)
        except REFUSED:
            raise
        except BotoCoreError as error:
            raise AssertionError(f'{operation}: {error}') from error
        host, target = re.match(r'https?://([^/?]*)([^#]*)', url).groups()
        target = target if target.startswith('/') else '/' + target
        return f'{method} {target} HTTP/1.1\r\nHost: {host}\r\nAccept: */*\r\n\r\n'.encode()

    def _s3(self):
        for variant, options, bucket in s3_forms():
            self._every(variant, change=in_bucket(bucket), **options)

    def _rewrite(self, variant, rewrite):
        for _, service, operation, protocol, raw in list(self._rows):
            changed = rewrite(raw, protocol)
            if changed:
                self._rows.append((variant, service, operation, protocol, changed))

    @staticmethod
    def _through_proxy(raw, _):
        host = re.search(rb'\r\nHost: ([^\r]*)', raw)[1]
        raw = re.sub(rb'\r\nHost: [^\r]*', b'\r\nHost: proxy.example:3128', raw, count=1)
        return re.sub(rb'^([A-Z]+) ', rb'\1 http://' + host, raw, count=1)

    @staticmethod
    def _without_slash(raw, protocol):
        changed, count = re.subn(rb'^([A-Z]+ [^ ?]+[^/ ?])/(\?[^ ]*)? HTTP', rb'\1\2 HTTP', raw, count=1)
        return changed if count and protocol.startswith('rest') else None
