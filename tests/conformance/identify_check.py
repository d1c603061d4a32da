#!/usr/bin/env python3
# SPDX-License-Identifier: Apache-2.0
"""
Puts the exact request of every operation of every AWS service before the engine, in many forms, and
compares what it makes of it. Usage: run.py DRIVER [SERVICE...]
"""

import json
import multiprocessing
import re
import struct
import subprocess
import sys
import time
import urllib.parse
from collections import Counter, defaultdict

from corpus import Clients
from variants import Maker

# How many operations may get the name of another one: the byte-identical pairs of S3 and what else no
# byte tells apart.
MISNAMED = 4
# Where services that are global in the partition of the client's region live.
HOMES = ('us-east-1', 'us-west-2')
# Every operation there is must have been tried in these.
COMPLETE = ('custom endpoint', 'real host', 'all members', 'through a proxy')


def identify(driver, requests):
    data = b''.join(struct.pack('=I', len(raw)) + raw for raw in requests)
    done = subprocess.run([driver], input=data, stdout=subprocess.PIPE, check=True)
    answers = [json.loads(line) for line in done.stdout.splitlines()]
    assert len(answers) == len(requests), 'the driver lost requests'
    return answers


def region_on_the_wire(raw):
    """The region that the request says it is for, read in another way than the engine does."""
    head = raw.partition(b'\r\n\r\n')[0].decode()
    scope = re.search(r'Credential=[^/%]+(?:/|%2F)\d{8}(?:/|%2F)([^/%]+)(?:/|%2F)[^/%]+(?:/|%2F)aws4_request',
                      head)
    if scope:
        return scope[1]
    regions = re.search(r'X-Amz-Region-Set(?:: ?([^\r]*)|=([^& ]*))', head, re.I)
    if regions:
        return regions[1] or urllib.parse.unquote(regions[2])
    line, _, fields = head.partition('\r\n')
    absolute = re.match(r'\S+ \w+://([^/]*)', line)
    host = absolute[1] if absolute else re.search(r'^Host: ([^\r]*)', fields, re.M)[1]
    in_host = re.search(r'(?:^|[.-])((?:us|eu|ap|cn|eusc)(?:-[a-z]+)+-\d)\.', host)
    return in_host[1] if in_host else None


def judge(row, answer):
    """The faults of one answer: names of checks that it fails."""
    variant, service, operation, protocol, raw = row
    candidates = answer.get('candidates', [])
    pairs = [(c['service'], c['operation']) for c in candidates]
    if not candidates or candidates[0]['operation'] != operation:
        yield 'operation'
    if service not in [name for name, _ in pairs]:
        yield 'service'
    if len(pairs) == 1 and pairs[0] != (service, operation):
        yield 'unique wrong'
    if answer.get('region') != region_on_the_wire(raw):
        yield 'region'
    if answer.get('protocol') != protocol:
        yield 'protocol'
    if 'SigV4a' in variant and b'AWS4-ECDSA-P256-SHA256' not in raw:
        yield 'signature'


def judge_homes(rows, answers):
    """Where a service is global, the real host's scope has its home; a custom endpoint's has not."""
    scopes = {row[1:3]: region_on_the_wire(row[4]) for row in rows if row[0] == 'real host'}
    for row, answer in zip(rows, answers):
        home = scopes.get(row[1:3])
        if row[0] == 'custom endpoint' and home in HOMES and answer.get('home_region') != home:
            yield row, answer


def in_words(check, answer):
    if check in ('region', 'protocol', 'home_region'):
        return f'{check} {answer.get(check)}'
    if check == 'signature':
        return 'signed in another way'
    return ', '.join(f"{c['service']}:{c['operation']}" for c in answer.get('candidates', [])) or 'nothing'


def work(job):
    driver, services = job
    clients = Clients()
    makers = [Maker(clients, service) for service in services]
    rows = [row for maker in makers for row in maker.all()]
    made = [row for row in rows if row[4] is not None]
    counts, faults = defaultdict(Counter), []
    for row in rows:
        counts[row[0]]['refused'] += row[4] is None
    answers = identify(driver, [row[4] for row in made])
    for row, answer in judge_homes(made, answers):
        counts[row[0]]['home_region'] += 1
        faults.append((row[0], 'home_region', row[1], row[2], in_words('home_region', answer)))
    for row, answer in zip(made, answers):
        count = counts[row[0]]
        count['requests'] += 1
        count['unique'] += len(answer.get('candidates', [])) == 1
        for check in judge(row, answer):
            count[check] += 1
            faults.append((row[0], check, row[1], row[2], in_words(check, answer)))
    return sum(maker.operations for maker in makers), counts, faults


def say_faults(faults):
    print('Faults:' if faults else 'No faults.')
    for (check, service, operation, answer), variants in sorted(faults.items()):
        where = ', '.join(sorted(variants)[:4]) + (f' and {len(variants) - 4} more' if len(variants) > 4 else '')
        print(f'  {check}: {service}:{operation} is taken for {answer} [{where}]')


def say_counts(counts, total):
    """Prints one line for each variant; returns how many checks passed and failed."""
    passed = failed = 0
    print(f"\n{'':32}{'requests':>9}{'refused':>9}{'named':>9}{'unique':>9}  fails")
    for variant, count in counts.items():
        checks = {
            'operation': count['operation'] <= MISNAMED,
            'service': not count['service'],
            'unique': not count['unique wrong'],
            'region': not count['region'],
            'protocol': not count['protocol'],
            'signature': not count['signature'],
            'home_region': not count['home_region'],
            'complete': variant not in COMPLETE or count['requests'] == total,
        }
        passed += sum(checks.values())
        failed += len(checks) - sum(checks.values())
        print(f"{variant:32}{count['requests']:9}{count['refused']:9}"
              f"{count['requests'] - count['operation']:9}{count['unique']:9}"
              f"  {', '.join(name for name, good in checks.items() if not good) or '-'}")
    return passed, failed


def main():
    driver, chosen = sys.argv[1], sys.argv[2:]
    started = time.monotonic()
    services = chosen or Clients().services
    counts, faults, total = defaultdict(Counter), defaultdict(set), 0
    with multiprocessing.Pool(2, maxtasksperchild=1) as pool:
        jobs = [(driver, services[i::16]) for i in range(16) if services[i::16]]
        for operations, part, missed in pool.imap_unordered(work, jobs):
            total += operations
            for variant, count in part.items():
                counts[variant] += count
            for variant, *fault in missed:
                faults[tuple(fault)].add(variant)
    say_faults(faults)
    passed, failed = say_counts(counts, total)
    print(f'\n{total} operations of {len(services)} services, {time.monotonic() - started:.0f} s')
    print(f'{passed} passed, {failed} failed')
    return failed > 0


if __name__ == '__main__':
    sys.exit(main())
