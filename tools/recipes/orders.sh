#!/bin/sh
# SPDX-License-Identifier: Apache-2.0
# A test in shell: the rules hold while one command runs, and are gone when it ends.
set -eu

put() {
	aws dynamodb put-item --region us-east-1 --table-name orders --item '{"id": {"S": "1"}}'
}

# What runs under scope is a command: here this very script.
if [ "${1-}" = put ]; then
	put && exit 1 # it was to fail
	exit 0
fi

export AWS_RETRY_MODE=standard AWS_MAX_ATTEMPTS=2
chaos-ctl scope '[{"service": "dynamodb", "operation": "PutItem",
	"error": {"statusCode": 400, "code": "ThrottlingException"}}]' -- sh "$0" put
put
echo "throttled, and then not"
