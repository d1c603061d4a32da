# SPDX-License-Identifier: Apache-2.0
"""In every protocol the caught exception carries the configured code, status and message."""

import pytest

from wire import request, scope

MESSAGE = "Service '{}' not accessible due to an outage"

# protocol, service, operation, parameters, protocol to force on botocore
CALLS = [
    ("json 1.0", "dynamodb", "list_tables", {}, None),
    ("json 1.1", "kinesis", "list_streams", {}, None),
    ("json 1.0, query-compatible", "sqs", "list_queues", {}, None),
    ("query", "sts", "get_caller_identity", {}, None),
    ("query with body", "sns", "publish", {"TopicArn": "arn:aws:sns:a:1:t", "Message": "m"}, None),
    ("ec2", "ec2", "describe_instances", {}, None),
    ("rest-json", "lambda", "list_functions", {}, None),
    ("rest-json with path", "lambda", "invoke", {"FunctionName": "f"}, None),
    ("rest-xml", "route53", "list_hosted_zones", {}, None),
    ("s3", "s3", "list_buckets", {}, None),
    ("s3 with key", "s3", "get_object", {"Bucket": "b", "Key": "k"}, None),
    ("s3 upload", "s3", "put_object", {"Bucket": "b", "Key": "k", "Body": "hello"}, None),
    ("rpc-v2-cbor", "gamelift", "list_builds", {}, "smithy-rpc-v2-cbor"),
    ("rpc-v2-cbor, query-compatible", "cloudwatch", "list_metrics", {}, "smithy-rpc-v2-cbor"),
    ("query by an older client", "cloudwatch", "list_metrics", {}, "query"),
]  # fmt: skip


def operation_name(operation):
    return "".join(part.capitalize() for part in operation.split("_"))


@pytest.fixture(params=CALLS, ids=[call[0] for call in CALLS])
def call(request, boto, sink):
    _, service, operation, params, protocol = request.param

    def call():
        return boto(sink.url)(service, operation, protocol=protocol, **params)

    call.service, call.operation, call.protocol = service, operation, protocol
    return call


def test_exception_carries_code_and_status(daemon, sink, call):
    error = {"statusCode": 429, "code": "SlowDown"}
    daemon.faults(
        {"service": call.service, "operation": operation_name(call.operation), "error": error}
    )
    got = call()
    assert (got["code"], got["status"], got["retries"]) == ("SlowDown", 429, 0)
    assert got["request_id"]
    if call.protocol:
        assert got["protocol"] == call.protocol
    assert sink.requests == []


def test_exception_carries_the_message_of_an_outage(daemon, call):
    daemon.faults({"service": call.service})
    got = call()
    assert (got["code"], got["status"]) == ("ServiceUnavailable", 503)
    assert got["message"] == MESSAGE.format(call.service)


def test_exception_carries_a_message_of_the_rule(daemon, call):
    message = 'Überlast: <a> & "b" \'c\''
    error = {"statusCode": 500, "code": "InternalFailure", "message": message}
    daemon.faults({"service": call.service, "error": error})
    got = call()
    assert (got["code"], got["status"], got["message"]) == ("InternalFailure", 500, message)


def test_rule_with_an_error_and_no_message_says_that_the_fault_is_simulated(daemon, boto, sink):
    daemon.faults({"error": {"code": "SlowDown"}})
    got = boto(sink.url)("dynamodb", "list_tables")
    assert got["message"] == "Operation failed due to a simulated fault"


def test_modelled_error_becomes_its_own_class(daemon, boto, sink):
    error = {"statusCode": 400, "code": "ResourceNotFoundException"}
    daemon.faults({"service": "dynamodb", "error": error})
    got = boto(sink.url)("dynamodb", "list_tables")
    assert (got["class"], got["status"]) == ("ResourceNotFoundException", 400)


def test_head_gets_the_status_alone(daemon, boto, sink):
    daemon.faults({"service": "s3", "operation": "HeadObject", "error": {"statusCode": 503}})
    got = boto(sink.url)("s3", "head_object", Bucket="b", Key="k")
    assert (got["code"], got["status"], got["message"]) == ("503", 503, "Service Unavailable")


def test_s3_virtual_host_style_is_recognised(daemon, wire, sink):
    daemon.faults({"service": "s3", "region": "eu-west-1", "operation": "GetObject"})
    got = wire(sink.port).send(
        request(
            scope("s3", "eu-west-1"),
            method="GET",
            target="/some/key",
            host="my-bucket.s3.eu-west-1.amazonaws.com",
        )
    )
    assert got.status == 503
    assert got.fields["content-type"] == "application/xml"
    assert b"<Code>ServiceUnavailable</Code>" in got.body


def test_presigned_query_is_recognised(daemon, wire, sink):
    daemon.faults({"service": "s3", "region": "eu-west-1"})
    target = (
        "/b/k?X-Amz-Algorithm=AWS4-HMAC-SHA256"
        "&X-Amz-Credential=AKIDEXAMPLE%2F20260101%2Feu-west-1%2Fs3%2Faws4_request"
        "&X-Amz-Date=20260101T000000Z&X-Amz-Expires=900&X-Amz-SignedHeaders=host&X-Amz-Signature=0"
    )
    assert wire(sink.port).send(request(method="GET", target=target)).status == 503


def test_region_comes_from_the_host_of_an_unsigned_request(daemon, wire, sink):
    daemon.faults({"service": "cognito-idp", "region": "eu-west-3"})
    fields = (
        "Content-Type: application/x-amz-json-1.1",
        "X-Amz-Target: AWSCognitoIdentityProviderService.SignUp",
    )
    one = wire(sink.port)
    sent = request(*fields, body=b"{}", host="cognito-idp.eu-west-3.amazonaws.com")
    assert one.send(sent).status == 503
    sent = request(*fields, body=b"{}", host="cognito-idp.eu-west-2.amazonaws.com")
    assert one.send(sent).status == 200


def test_kinesis_cbor_is_answered_in_cbor(daemon, wire, sink):
    daemon.faults({"service": "kinesis", "error": {"statusCode": 400, "code": "Throttled"}})
    fields = (
        scope(),
        "Content-Type: application/x-amz-cbor-1.1",
        "X-Amz-Target: Kinesis_20131202.PutRecord",
    )
    got = wire(sink.port).send(request(*fields, body=b"\xa0"))
    assert (got.status, got.fields["content-type"]) == (400, "application/x-amz-cbor-1.1")
    assert b"\x66__type\x69Throttled" in got.body
