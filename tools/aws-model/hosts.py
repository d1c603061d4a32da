# SPDX-License-Identifier: Apache-2.0
"""Host names of the services, as their endpoint rules and host prefixes make them."""

import re

# What a DNS name holds beside the service: taken out of the rules' URLs here, and out of the names on
# the wire by host.c.
FILLER = {'fips', 'dualstack', 'global', 'us-gov'}


def templates(tree):
    """All endpoint URLs in a rule set."""
    if isinstance(tree, dict):
        endpoint = tree.get('endpoint')
        if isinstance(endpoint, dict) and isinstance(endpoint.get('url'), str):
            yield endpoint['url']
        for value in tree.values():
            yield from templates(value)
    elif isinstance(tree, list):
        for value in tree:
            yield from templates(value)


def signing_names(tree):
    if isinstance(tree, dict):
        for scheme in tree.get('authSchemes', []):
            if 'signingName' in scheme:
                yield scheme['signingName']
        for value in tree.values():
            yield from signing_names(value)
    elif isinstance(tree, list):
        for value in tree:
            yield from signing_names(value)


def base_path(url):
    """A fixed path that stands before all paths of the service."""
    path = re.sub(r'^[^/]*//[^/]*', '', url)
    return '' if '{' in path or url.startswith('{') else path


def key(url, suffixes, regions):
    """
    The labels that name the service ("runtime.sagemaker"), and whether variable labels stand before
    them; None where the URL names no service.
    """
    host = re.sub(r'^https?://', '', url).partition('/')[0]
    if re.search(r'\{url#|\{Endpoint\}|localhost', host):
        return None
    host = re.sub(r'\.\{\w*#(dnsSuffix|dualStackDnsSuffix)\}$', '', host)
    suffix = next((s for s in suffixes if host.endswith('.' + s)), None)
    if suffix:
        host = host[:-len(suffix) - 1]
    # The other value, control, stands in generate.py.
    host = host.replace('{OperationType}', 'data')
    host = re.sub(r'\{\w*CustomEndpointSuffixValue\}', '', host)
    labels = [label for label in host.split('.')
              if label not in FILLER and label not in regions
              and not re.fullmatch(r'\{(\w+#)?[Rr]egion\}', label)]
    labels = [re.sub(r'-fips$|^fips-', '', label) for label in labels]
    count = len(labels)
    while labels and '{' in labels[0]:
        labels.pop(0)
    if not labels or any('{' in label for label in labels):
        return None
    return '.'.join(labels), len(labels) < count
