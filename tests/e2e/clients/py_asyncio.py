# SPDX-License-Identifier: Apache-2.0
"""asyncio streams: head and body in writes of their own, the answer read by lines. With a second
argument it names the module that makes the loop."""

import asyncio
import importlib
import sys

import signed

PORT = int(sys.argv[1])
TLS = signed.tls_context()


async def exchange(reader, writer, operation, body):
    fields = {"Host": f"127.0.0.1:{PORT}", "Content-Length": len(body), **signed.headers(operation)}
    head = "POST / HTTP/1.1\r\n" + "".join(f"{name}: {value}\r\n" for name, value in fields.items())
    writer.write(head.encode() + b"\r\n")
    await writer.drain()
    writer.write(body)
    await writer.drain()
    status = int((await reader.readline()).split()[1])
    got = {}
    while (line := await reader.readline()) not in (b"\r\n", b""):
        name, value = line.decode().split(":", 1)
        got[name.lower()] = value.strip()
    data = await reader.readexactly(int(got["content-length"]))
    signed.say(status, got.get("x-amzn-errortype"), data)
    return got.get("connection", "").lower() != "close"


async def main():
    reader = writer = None
    for operation, body in signed.steps():
        try:
            if not writer:
                reader, writer = await asyncio.open_connection(signed.HOST, PORT, ssl=TLS)
            keep = await asyncio.wait_for(exchange(reader, writer, operation, body), 20)
        except (OSError, EOFError, IndexError, asyncio.TimeoutError) as error:
            signed.fail(error)
            keep = False
        if not keep and writer:
            writer.close()
            writer = None


(importlib.import_module(sys.argv[2]) if len(sys.argv) > 2 else asyncio).run(main())
