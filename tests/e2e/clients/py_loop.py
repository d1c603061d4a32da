# SPDX-License-Identifier: Apache-2.0
"""Three calls at once in one event loop; prints the longest time for which the loop did not turn,
and how long the calls took together, in seconds."""

import asyncio
import sys
import time

import signed

PORT = int(sys.argv[1])
TLS = signed.tls_context()


async def call():
    reader, writer = await asyncio.open_connection(signed.HOST, PORT, ssl=TLS)
    fields = {"Host": "127.0.0.1", "Content-Length": 2, **signed.headers("PutRecord")}
    head = "".join(f"{name}: {value}\r\n" for name, value in fields.items())
    writer.write(f"POST / HTTP/1.1\r\n{head}\r\n{{}}".encode())
    await reader.readuntil(b"\r\n\r\n")
    writer.close()


async def watch():
    longest, last = 0.0, time.monotonic()
    try:
        while True:
            await asyncio.sleep(0.01)
            now = time.monotonic()
            longest, last = max(longest, now - last), now
    except asyncio.CancelledError:
        return longest


async def main():
    watcher = asyncio.create_task(watch())
    await asyncio.sleep(0.05)
    begin = time.monotonic()
    await asyncio.gather(call(), call(), call())
    took = time.monotonic() - begin
    watcher.cancel()
    print(await watcher, took)


asyncio.run(main())
