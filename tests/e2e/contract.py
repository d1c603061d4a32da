# SPDX-License-Identifier: Apache-2.0
"""Holds requests to chaos-control, and its answers, to its OpenAPI document."""

import functools
import json
from pathlib import Path

import jsonschema

DOCUMENT = json.loads(
    (Path(__file__).resolve().parents[2] / "control" / "openapi.json").read_text()
)
SOME = 50
METHODS = {"get", "put", "post", "delete", "options", "head", "patch", "trace"}


def operations():
    """The methods of each path."""
    return {
        path: {method.upper() for method in item if method in METHODS}
        for path, item in DOCUMENT["paths"].items()
    }


def follow(part):
    """What a reference within the document stands for."""
    while "$ref" in part:
        target = DOCUMENT
        for step in part["$ref"].removeprefix("#/").split("/"):
            target = target[step]
        part = target
    return part


@functools.cache
def validator(text):
    schema = {**json.loads(text), "components": DOCUMENT["components"]}
    jsonschema.Draft202012Validator.check_schema(schema)
    return jsonschema.Draft202012Validator(schema)


def fits(value, schema):
    """Of a long list its beginning does: comparing all elements takes minutes."""
    validator(json.dumps(schema)).validate(value[:SOME] if isinstance(value, list) else value)


def parsed(data):
    """None: it is no JSON, as Python understands it."""
    try:
        return json.loads(data)
    except (TypeError, ValueError):
        return None


def events_of(body):
    """The data of server-sent events."""
    return [json.loads(line[6:]) for line in body.decode().split("\n") if line.startswith("data: ")]


def check_body(media_type, schema, body):
    if media_type == "application/x-ndjson":
        values = [json.loads(line) for line in body.splitlines()]
    elif media_type == "text/event-stream":
        values = events_of(body)
    elif media_type == "application/json":
        values = [json.loads(body)]
    else:
        values = [body.decode()]
    for value in values:
        fits(value, schema)


def check(method, path, sent, status, headers, body):
    """One request to a daemon and its answer."""
    path = path.partition("?")[0]
    if method == "HEAD":
        method, body = "GET", None
    operation = DOCUMENT["paths"].get(path, {}).get(method.lower())
    if operation is None:
        assert status in (403, 404, 405, 413), f"{method} {path} is in no document"
        return fits(json.loads(body), {"$ref": "#/components/schemas/Refusal"}) if body else None
    assert str(status) in operation["responses"], f"{method} {path} gave {status}"
    answer = follow(operation["responses"][str(status)])
    media_type = headers["Content-Type"]
    assert media_type in answer["content"], f"{method} {path} gave {media_type}"
    if body is not None:
        check_body(media_type, answer["content"][media_type]["schema"], body)
    request = parsed(sent)
    if status == 200 and request is not None and "requestBody" in operation:
        fits(request, operation["requestBody"]["content"]["application/json"]["schema"])
    return None
