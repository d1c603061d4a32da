# SPDX-License-Identifier: Apache-2.0
"""Which member of an operation's input names the resource that the call is about."""

import re
from collections import Counter

# As in tables.h.
MEMBER, QUERY, HEADER, LABEL = range(4)

# Where the rules below would choose another member than people do.
KNOWN = {
    'dynamodb': ('TableName', 'GlobalTableName', 'BackupArn', 'RequestItems', 'ExportArn', 'ImportArn'),
    'dynamodbstreams': ('StreamArn', 'TableName', 'ShardIterator'),
    'kinesis': ('StreamName', 'StreamARN', 'ConsumerARN', 'ResourceARN'),
    'sqs': ('QueueUrl', 'QueueName', 'SourceArn'),
    'sns': ('TopicArn', 'TargetArn', 'SubscriptionArn', 'ResourceArn', 'Name'),
    'lambda': ('FunctionName', 'LayerName', 'UUID', 'CodeSigningConfigArn'),
    'kms': ('KeyId', 'AliasName', 'DestinationKeyId'),
    'secretsmanager': ('SecretId', 'Name'),
    'ssm': ('Name', 'Names', 'Path', 'DocumentName'),
    'stepfunctions': ('stateMachineArn', 'executionArn', 'activityArn', 'name'),
    'logs': ('logGroupName', 'logGroupIdentifier', 'logGroupNames'),
    'events': ('EventBusName', 'Name', 'Rule'),
    'ec2': ('InstanceId', 'InstanceIds', 'VpcId', 'SubnetId', 'GroupId', 'VolumeId'),
    'iam': ('RoleName', 'UserName', 'PolicyArn', 'GroupName', 'InstanceProfileName'),
    'sts': ('RoleArn',),
    'firehose': ('DeliveryStreamName',),
    'cloudwatch': ('Namespace', 'AlarmName', 'AlarmNames', 'DashboardName'),
    'bedrock-runtime': ('modelId', 'guardrailIdentifier'),
    'ecs': ('service', 'serviceName', 'taskDefinition', 'cluster', 'clusterName'),
    's3': ('Bucket',),
}
ENDS = ('Name', 'Id', 'Arn', 'ARN', 'Identifier', 'Url', 'Names', 'Ids', 'Arns', 'Alias')
# Say who asks, or how, and not about what.
NEVER = re.compile(r'accountid$|^clienttoken$|requestid|token$|^dryrun$|^max|^catalogid$|namespace$', re.I)


def member(service, name, operation, shapes):
    """The name of the member, or None."""
    shape = shapes.get(operation.get('input', {}).get('shape'), {})
    members = shape.get('members', {})
    for known in KNOWN.get(service, ()):
        if known in members:
            return known
    words = name.lower()
    best, best_score = None, 0
    for position, (candidate, facts) in enumerate(members.items()):
        kind = shapes[facts['shape']]['type']
        if kind not in ('string', 'list') or NEVER.search(candidate):
            continue
        if kind == 'list' and shapes[shapes[facts['shape']]['member']['shape']]['type'] != 'string':
            continue
        noun = re.sub('(%s)$' % '|'.join(ENDS), '', candidate)
        score = 1 if candidate in shape.get('required', ()) else 0
        if noun != candidate:
            score += 2
            if noun and noun.lower() in words:
                score += 4 + min(len(noun), 40) / 40
        if facts.get('location') == 'uri' or 'contextParam' in facts:
            score += 2
        score -= position / 1000
        if score >= 2 and score > best_score:
            best, best_score = candidate, score
    return best


def place(service, protocol, name, operation, shapes):
    """(kind, wire name or number of the label), or None."""
    chosen = member(service, name, operation, shapes)
    if chosen is None:
        return None
    return place_of(protocol, operation, shapes, chosen)


def place_of(protocol, operation, shapes, chosen):
    """(kind, wire name or number of the label) of a member, or None."""
    facts = shapes[operation['input']['shape']]['members'][chosen]
    wire = facts.get('locationName', chosen)
    location = facts.get('location')
    if location == 'uri':
        labels = re.findall(r'\{([^}+]+)\+?\}', operation['http']['requestUri'].partition('?')[0])
        return (LABEL, labels.index(wire)) if wire in labels else None
    if location == 'querystring':
        return QUERY, wire
    if location == 'header':
        return HEADER, wire.lower()
    if location is not None:
        return None
    if protocol == 'ec2':
        wire = facts.get('queryName') or wire[0].upper() + wire[1:]
    elif protocol == 'query' and shapes[facts['shape']].get('flattened'):
        wire = shapes[facts['shape']]['member'].get('locationName', wire)
    return MEMBER, wire


def tokens(service):
    """Operation -> (kind, wire name) of its idempotency token."""
    protocol = service.model['metadata']['protocol']
    found = {}
    for name, operation in service.operations.items():
        members = service.shapes.get(operation.get('input', {}).get('shape'), {}).get('members', {})
        for chosen in sorted(m for m, facts in members.items() if facts.get('idempotencyToken')):
            place = place_of(protocol, operation, service.shapes, chosen)
            if place and place[0] != LABEL:
                found[name] = place
                break
    return found


class Places:
    """The places of a service's resources, and which of them each operation has."""

    def __init__(self, service, most):
        protocol = service.model['metadata']['protocol']
        self._of = {}
        for name, operation in service.operations.items():
            found = place(service.name, protocol, name, operation, service.shapes)
            if found:
                self._of[name] = found
        uses = Counter(self._of.values())
        ranked = sorted(uses, key=lambda p: (-uses[p], str(p)))
        self.places = ranked[:most]

    def number(self, operation, guess):
        """1 for the first place; 0 for an operation without a resource."""
        found = self._of.get(operation)
        if found in self.places:
            return self.places.index(found) + 1
        return guess if found and found[0] == MEMBER else 0
