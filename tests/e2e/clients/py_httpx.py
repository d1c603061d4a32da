# SPDX-License-Identifier: Apache-2.0
"""An httpx client; with a second argument `async`, its other one."""

import asyncio
import ssl
import sys

import httpx
import signed

URL = f"{signed.SCHEME}://{signed.HOST}:{sys.argv[1]}/"
OPTIONS = {"timeout": 20, "trust_env": False, "verify": ssl.create_default_context()}


def say(response):
    signed.say(response.status_code, response.headers.get("x-amzn-errortype"), response.content)


def main():
    with httpx.Client(**OPTIONS) as client:
        for operation, body in signed.steps():
            try:
                say(client.post(URL, content=body, headers=signed.headers(operation)))
            except httpx.HTTPError as error:
                signed.fail(error)


async def main_async():
    async with httpx.AsyncClient(**OPTIONS) as client:
        for operation, body in signed.steps():
            try:
                say(await client.post(URL, content=body, headers=signed.headers(operation)))
            except httpx.HTTPError as error:
                signed.fail(error)


if len(sys.argv) > 2:
    asyncio.run(main_async())
else:
    main()
