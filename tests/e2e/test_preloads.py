# SPDX-License-Identifier: Apache-2.0
"""Beside other preloaded libraries: proxies that take connect() over, and a clock that is not real."""

import subprocess

import pytest

from harness import BUILD, environment
from socks import SocksProxy
from tls import Proxy

PUT = {"service": "kinesis", "operation": "PutRecord"}
SIGNED = ("--aws-sigv4", "aws:amz:us-east-1:kinesis", "--user", "AKIDEXAMPLE:secret")
CALL = (*SIGNED, "-H", "X-Amz-Target: Kinesis_20131202.PutRecord", "-d", "{}")
# Not on this machine, where neither of the two would ask its proxy.
HOST = "198.51.100.1"


def proxychains(kind, port, folder):
    """The words before a command, and the environment."""
    file = folder / "proxychains.conf"
    file.write_text(f"strict_chain\n[ProxyList]\n{kind} 127.0.0.1 {port}\n")
    return ["proxychains4", "-q", "-f", file], {}


def torsocks(kind, port, folder):
    file = folder / "torsocks.conf"
    file.write_text(f"TorAddress 127.0.0.1\nTorPort {port}\n")
    return ["torsocks"], {"TORSOCKS_CONF_FILE": file}


WAYS = {
    "proxychains4 by SOCKS5": (proxychains, "socks5", SocksProxy),
    "proxychains4 by CONNECT": (proxychains, "http", Proxy),
    "torsocks": (torsocks, "socks5", SocksProxy),
}


def both_orders(chaos_run, wrapper, order):
    return [*chaos_run, *wrapper] if order == "chaos-run first" else [*wrapper, *chaos_run]


@pytest.fixture(params=["chaos-run first", "chaos-run last"])
def wrap(request, daemon):
    """Runs a command under chaos-run and another program, in the one order or in the other."""

    def wrap(wrapper, *command, strict=False, input=None, **env):
        chaos_run = [BUILD / "chaos-run", *["-s"] * strict, "-d", daemon.folder, "--"]
        return subprocess.run(
            [*map(str, both_orders(chaos_run, wrapper, request.param)), *map(str, command)],
            input=input or "",
            capture_output=True,
            text=True,
            env=environment(**env),
            timeout=30,
        )

    return wrap


@pytest.fixture(params=["http", "https"])
def server(request, sink, tls_sink):
    return {"http": sink, "https": tls_sink}[request.param]


@pytest.fixture(params=WAYS)
def call(request, wrap, server, tmp_path):
    """Makes a call by curl through a proxy; returns the process, whose output is the status."""
    way, kind, proxy = WAYS[request.param]
    proxy = proxy(server.port)
    scheme = server.url.partition(":")[0]

    def call(**options):
        wrapper, env = way(kind, proxy.port, tmp_path)
        command = ["curl", "-skS", "--http1.1", *CALL, "-w", "%{http_code}", "-o", "/dev/null"]
        done = wrap(wrapper, *command, f"{scheme}://{HOST}/", **options, **env)
        assert proxy.targets, done.stderr
        return done

    yield call
    proxy.close()


def test_call_through_a_proxy_meets_the_fault(daemon, call, server):
    daemon.faults(PUT)
    done = call()
    assert (done.returncode, done.stdout) == (0, "503"), done.stderr
    assert server.requests == []


def test_call_through_a_proxy_is_delayed(daemon, call, server):
    daemon.latency(50)
    assert call().stdout == "200"
    assert (daemon.totals()["delayed"], len(server.requests)) == (1, 1)


def test_call_through_a_proxy_passes_without_a_rule_and_is_counted(daemon, call, server):
    done = call(strict=True)
    assert (done.returncode, done.stdout) == (0, "200"), done.stderr
    assert (daemon.totals()["calls"], len(server.requests)) == (1, 1)


# ---- libfaketime ----


STOPPED = ["faketime", "-f", "@2020-01-01 00:00:00 x0"]


# libfaketime lets select() end at once.
@pytest.fixture(params=["block", "poll", "edge"])
def stopped(request, wrap, programs, sink):
    """Makes one call while the clock stands still; returns what the program says of the answer."""

    def stopped():
        program = [programs / "socket_client", sink.port, "send", request.param, "recv"]
        done = wrap(STOPPED, *program, input="PutRecord 2\n")
        assert done.returncode == 0, done.stderr
        return done.stdout

    return stopped


def test_clock_of_the_program_stands_still(wrap):
    done = wrap(STOPPED, "sh", "-c", "date +%s%N; date +%s%N")
    first, second = done.stdout.split()
    assert first == second


def test_call_passes_though_the_clock_stands_still(stopped, sink):
    assert stopped().startswith("200 ")
    assert len(sink.requests) == 1


def test_delay_ends_though_the_clock_stands_still(daemon, stopped, sink):
    daemon.latency(300)
    assert stopped().startswith("200 ")
    assert (daemon.totals()["delayed"], len(sink.requests)) == (1, 1)


def test_delayed_fault_comes_though_the_clock_stands_still(daemon, stopped, sink):
    daemon.latency(300)
    daemon.faults(PUT)
    assert stopped().startswith("503 ")
    assert sink.requests == []
