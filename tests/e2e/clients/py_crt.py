# SPDX-License-Identifier: Apache-2.0
"""Two HTTPS requests to 127.0.0.1 that name another host, by the AWS CRT with a bundle of its own: py_crt.py PORT
HOST CA. Prints the statuses."""

import sys

from awscrt import http, io

import signed

port, host, bundle = sys.argv[1:]
bootstrap = io.ClientBootstrap(group := io.EventLoopGroup(1), io.DefaultHostResolver(group))
options = io.TlsContextOptions()
options.override_default_trust_store_from_path(None, bundle)
connecting = io.ClientTlsContext(options).new_connection_options()
connecting.set_server_name(host)
fields = {"Host": host, "Content-Length": "0", **signed.headers("PutRecord")}
request = http.HttpRequest("POST", "/", http.HttpHeaders(list(fields.items())))
for _ in range(2):
    connection = http.HttpClientConnection.new(
        "127.0.0.1", int(port), bootstrap, tls_connection_options=connecting
    ).result(20)
    stream = connection.request(request, lambda status_code, **_: print(status_code))
    stream.activate()
    stream.completion_future.result(20)
