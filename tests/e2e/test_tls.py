# SPDX-License-Identifier: Apache-2.0
"""What test_clients.py says of plain HTTP holds for HTTPS, with every TLS library that is hooked."""

import importlib.util
from pathlib import Path

import pytest

from harness import CLIENTS, python
from test_clients import (  # noqa: F401
    steered,
    test_bytes_are_the_same_with_and_without,
    test_fault_answers_a_request_larger_than_1_mib,
    test_fault_comes_and_goes_on_a_running_client,
    test_fault_is_seen_and_never_reaches_the_server,
    test_fault_waits_the_latency,
    test_latency_is_waited_and_the_bytes_arrive,
    test_request_larger_than_1_mib_arrives_under_latency,
)

KINDS = {
    "http.client": lambda port, programs: python("py_http.py", port),
    "http.client-blocking": lambda port, programs: python("py_http.py", port, 0),
    "urllib3": lambda port, programs: python("py_urllib3.py", port),
    "requests": lambda port, programs: python("py_requests.py", port),
    "asyncio": lambda port, programs: python("py_asyncio.py", port),
    "uvloop": lambda port, programs: python("py_asyncio.py", port, "uvloop"),
    "aiohttp": lambda port, programs: python("py_aiohttp.py", port),
    "httpx": lambda port, programs: python("py_httpx.py", port),
    "httpx-async": lambda port, programs: python("py_httpx.py", port, "async"),
    "pycurl": lambda port, programs: python("py_curl.py", port),
    "libcurl-openssl": lambda port, programs: [programs / "curl_client", port, "libcurl.so.4"],
    "libcurl-gnutls": lambda port, programs: [
        programs / "curl_client", port, "libcurl-gnutls.so.4",
    ],
    "ruby": lambda port, programs: ["ruby", CLIENTS / "ruby_http.rb", port],
    "perl-lwp": lambda port, programs: ["perl", CLIENTS / "perl_lwp.pl", port],
    "php-curl": lambda port, programs: ["php", CLIENTS / "php_http.php", port, "curl"],
    "php-streams": lambda port, programs: ["php", CLIENTS / "php_http.php", port, "streams"],
}  # fmt: skip




def openssl(library, *ways):
    return lambda port, programs: [programs / "tls_client", port, library, *ways]


# Every way to use OpenSSL; found by a handle, the functions are closures.
OPENSSL = {
    " ".join(ways) or "plain": ways
    for ways in (
        (),
        ("extended",),
        ("peeks",),
        ("extended", "peeks"),
        ("polls",),
        ("extended", "polls"),
        ("pumps",),
        ("extended", "pumps"),
        ("implied",),
        ("implied", "polls"),
        ("old",),
        ("old", "renegotiates"),
        ("updates",),
        ("clears",),
        ("clears", "polls"),
        ("resumes",),
        ("resumes", "old"),
        ("moves",),
        ("crosses",),
        ("crosses", "pumps"),
        ("unloads",),
    )
}
KINDS |= {f"openssl {name}": openssl("libssl.so.3", *ways) for name, ways in OPENSSL.items()}
KINDS |= {
    f"openssl-global {name}": openssl("+libssl.so.3", *OPENSSL[name])
    for name in ("plain", "extended", "polls", "pumps", "unloads")
}




def of_wheel(package, *ways):
    """The OpenSSL that a Python package brings along."""
    site = Path(importlib.util.find_spec(package).origin).parents[1]
    library, crypto = (next(site.glob(f"{package}*.libs/lib{name}*")) for name in ("ssl", "crypto"))
    return openssl(library, *ways, f"crypto={crypto}")


# Other versions, whose sessions look different inside: 3.6 and 1.1.
KINDS |= {
    f"openssl-of-{package} {name}": of_wheel(package, *OPENSSL[name])
    for package in ("pycurl", "psycopg2")
    for name in ("plain", "extended", "polls", "pumps")
}
KINDS["openssl-of-pycurl flagged"] = of_wheel("pycurl", "flagged")


def gnutls(*ways):
    return lambda port, programs: [programs / "gnutls_client", port, *ways]


KINDS |= {
    f"gnutls {way}": gnutls(*way.split())
    for way in (
        "plain", "polls", "corks", "corks polls", "pushes", "pushes polls", "sequences",
        "sequences polls", "old", "updates",
    )
}  # fmt: skip


@pytest.fixture
def sink(tls_sink):
    return tls_sink


@pytest.fixture
def client(client, authority):
    return lambda command, **options: client(command, **{**authority.environment, **options})


@pytest.fixture(params=KINDS)
def kind(request, programs, sink):
    return KINDS[request.param](sink.port, programs)
