# SPDX-License-Identifier: Apache-2.0
"""An aiohttp session."""

import asyncio
import sys

import aiohttp
import signed


async def main():
    url = f"{signed.SCHEME}://{signed.HOST}:{sys.argv[1]}/"
    async with aiohttp.ClientSession(timeout=aiohttp.ClientTimeout(20)) as session:
        for operation, body in signed.steps():
            try:
                async with session.post(url, data=body, headers=signed.headers(operation)) as got:
                    signed.say(got.status, got.headers.get("x-amzn-errortype"), await got.read())
            except (aiohttp.ClientError, asyncio.TimeoutError) as error:
                signed.fail(error)


asyncio.run(main())
