# SPDX-License-Identifier: Apache-2.0
"""What the tables hold of each service, read from the models that botocore ships."""

from botocore.endpoint_provider import EndpointProvider
from botocore.exceptions import EndpointProviderError
from botocore.loaders import Loader
from botocore.regions import EndpointResolver

import hosts
import trie

# As in enum aws_protocol.
JSON, QUERY, EC2, REST_JSON, REST_XML, S3, RPC_V2_CBOR = range(7)
PROTOCOLS = {'json': JSON, 'query': QUERY, 'ec2': EC2, 'rest-json': REST_JSON, 'rest-xml': REST_XML,
             'smithy-rpc-v2-cbor': RPC_V2_CBOR}

# Version= of a service that speaks JSON now, but whose older SDKs speak query.
QUERY_TOO = {'sqs': '2012-11-05'}


class Service:
    def __init__(self, name, model, rules):
        metadata = model['metadata']
        self.name, self.model, self.rules = name, model, rules
        self.shapes = model['shapes']
        self.operations = dict(sorted(model['operations'].items()))
        self.protocol = S3 if name == 's3' else PROTOCOLS[metadata['protocol']]
        self.protocols = metadata.get('protocols', [metadata['protocol']])
        self.is_rest = self.protocol in (REST_JSON, REST_XML, S3)
        self.query_compatible = 'awsQueryCompatible' in metadata
        self.xml_namespace = self._xml_namespace(metadata)
        self.target_prefix = metadata.get('targetPrefix')
        self.id = metadata['serviceId'].lower().replace(' ', '-')
        self.endpoint_prefix = metadata['endpointPrefix']
        self.versions = self._versions(metadata)
        self.signing_names = {metadata.get('signingName', self.endpoint_prefix)}
        self.signing_names.update(hosts.signing_names(rules))
        self.base_path = next(filter(None, map(hosts.base_path, hosts.templates(rules))), '')
        self.takes_bearer = metadata['signatureVersion'] == 'bearer' or any(
            'BearerAuth' in auth for auth in metadata.get('auth', ()))
        self.has_unsigned = any(o.get('authtype') == 'none' for o in self.operations.values())
        self.homes, self.home_operations = {}, set()

    def _xml_namespace(self, metadata):
        namespace = metadata.get('xmlNamespace')
        if namespace or self.protocol not in (REST_XML, S3):
            return namespace
        spaces = {s['xmlNamespace']['uri'] for s in self.shapes.values() if 'xmlNamespace' in s}
        for operation in self.operations.values():
            if 'xmlNamespace' in operation.get('input', {}):
                spaces.add(operation['input']['xmlNamespace']['uri'])
        return min(spaces, default=None)

    def _versions(self, metadata):
        if self.name in QUERY_TOO:
            return [QUERY_TOO[self.name]]
        return [metadata['apiVersion']] if {'query', 'ec2'} & set(self.protocols) else []

    def routes(self):
        if not self.is_rest:
            return
        for name, operation in self.operations.items():
            yield trie.route_of(self.name, name, operation, self.shapes, self.protocol == REST_JSON)
            if (self.name, name) == ('cloudsearchdomain', 'Search'):
                # botocore sends what is too long for a GET as a form.
                path = operation['http']['requestUri'].partition('?')[0]
                http = {'method': 'POST', 'requestUri': path}
                yield trie.route_of(self.name, name, {'http': http}, self.shapes, False)

    def errors(self):
        """code -> HTTP status"""
        statuses = {}
        for name, shape in sorted(self.shapes.items()):
            if not shape.get('exception') and 'error' not in shape:
                continue
            error = shape.get('error', {})
            # Without a status of its own an error has Smithy's default.
            status = error.get('httpStatusCode', 500 if shape.get('fault') else 400)
            if 400 <= status <= 599:
                statuses.setdefault(error.get('code', name), status)
                statuses.setdefault(name, status)
        return statuses

    def host_keys(self, suffixes, regions):
        """(labels, whether variable labels may stand before them)"""
        keys = {(self.endpoint_prefix, False)}
        keys.update(filter(None, (hosts.key(url, suffixes, regions) for url in hosts.templates(self.rules))))
        plain = {labels for labels, variable in keys if not variable}
        for operation in self.operations.values():
            prefix = operation.get('endpoint', {}).get('hostPrefix', '')
            if prefix.startswith('{'):
                keys.update((labels, True) for labels in plain)
            elif prefix:
                keys.update((prefix + labels, False) for labels in plain)
        return sorted(keys)

    def find_homes(self, partitions, partition_data, endpoint_data):
        """Where the service lives, for each partition that it is global in."""
        provider = EndpointProvider(self.rules, partition_data)
        for partition, sample in partitions.items():
            if not self._home(provider, partition, sample, {}):
                self._older_home(EndpointResolver(endpoint_data), partition, sample)
        general = dict(self.homes)
        for name, operation in self.operations.items():
            static = {k: v['value'] for k, v in operation.get('staticContextParams', {}).items()
                      if k in self.rules['parameters']}
            if static and not general:
                before = dict(self.homes)
                for partition, sample in partitions.items():
                    if self._home(provider, partition, sample, static):
                        self.home_operations.add(name)
                assert not before or before == self.homes

    def _home(self, provider, partition, sample, static):
        found = False
        for region in sample:
            try:
                endpoint = provider.resolve_endpoint(
                    Region=region, UseFIPS=False, UseDualStack=False, **static)
            except EndpointProviderError:
                continue
            for scheme in endpoint.properties.get('authSchemes', []):
                if scheme.get('signingRegion', region) != region:
                    self.homes[partition] = scheme['signingRegion']
                    found = True
        return found

    def _older_home(self, resolver, partition, sample):
        """botocore signs by the older data where the rule set does not say."""
        for region in sample:
            endpoint = resolver.construct_endpoint(self.endpoint_prefix, region, partition) or {}
            home = endpoint.get('credentialScope', {}).get('region', region)
            if home != region:
                self.homes[partition] = home


def load():
    loader = Loader([Loader.BUILTIN_DATA_PATH], include_default_search_paths=False)
    partition_data, endpoint_data = loader.load_data('partitions'), loader.load_data('endpoints')
    services = []
    for name in sorted(loader.list_available_services('service-2')):
        services.append(Service(name, loader.load_service_model(name, 'service-2'),
                                loader.load_service_model(name, 'endpoint-rule-set-1')))
    return services, partition_data, endpoint_data
