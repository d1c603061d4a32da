# SPDX-License-Identifier: Apache-2.0
"""A certification authority of our own, and a server with a certificate of it."""

import socket
import ssl
import subprocess
import threading
from pathlib import Path

from sink import Sink

NAMES = (
    "DNS:localhost",
    "DNS:bucket.localhost",
    "DNS:localhost.localstack.cloud",
    "IP:127.0.0.1",
    "DNS:*.amazonaws.com",
    "DNS:*.us-east-1.amazonaws.com",
    "DNS:*.s3.amazonaws.com",
    "DNS:*.s3.us-east-1.amazonaws.com",
    "DNS:*.dualstack.us-east-1.amazonaws.com",
    "DNS:*.s3.dualstack.us-east-1.amazonaws.com",
)
AWS_HOST = "kinesis.us-east-1.amazonaws.com"


class Authority:
    """Signs one certificate for localhost and for hosts of AWS. Its files stand in `folder`; if they
    are there already, it is that one."""

    def __init__(self, folder):
        self.folder = Path(folder)
        self.ca, self.certificate, self.key = (
            self.folder / name for name in ("ca.pem", "server.pem", "server.key")
        )
        self.store = self.folder / "ca.p12"
        if self.certificate.exists():
            return
        new = ["openssl", "req", "-x509", "-nodes", "-newkey", "ec", "-days", "2"]
        new += ["-pkeyopt", "ec_paramgen_curve:P-256"]
        self._run(
            *new, "-subj", "/CN=authority", "-addext", "keyUsage=critical,keyCertSign",
            "-keyout", "ca.key", "-out", self.ca,
        )  # fmt: skip
        self._run(
            *new, "-subj", "/CN=localhost", "-addext", f"subjectAltName={','.join(NAMES)}",
            "-addext", "basicConstraints=critical,CA:FALSE", "-CA", self.ca, "-CAkey", "ca.key",
            "-keyout", self.key, "-out", self.certificate,
        )  # fmt: skip

    def _run(self, *command):
        subprocess.run(command, cwd=self.folder, check=True, stderr=subprocess.DEVNULL)

    def java_store(self):
        """The authority as a store of Java's, whose password is `changeit`."""
        if not self.store.exists():
            self._run(
                "keytool", "-importcert", "-noprompt", "-storetype", "PKCS12", "-storepass",
                "changeit", "-keystore", self.store, "-file", self.ca,
            )  # fmt: skip
        return self.store

    def java_options(self):
        """Makes Java trust the authority."""
        return [f"-Djavax.net.ssl.trustStore={self.java_store()}",
                "-Djavax.net.ssl.trustStorePassword=changeit"]  # fmt: skip

    @property
    def environment(self):
        """Makes programs trust the authority, and steered clients speak HTTPS."""
        variables = (
            "SSL_CERT_FILE", "REQUESTS_CA_BUNDLE", "AWS_CA_BUNDLE", "CURL_CA_BUNDLE",
            "NODE_EXTRA_CA_CERTS", "GIT_SSL_CAINFO", "PERL_LWP_SSL_CA_FILE",
        )  # fmt: skip
        return {"SCHEME": "https", **dict.fromkeys(variables, self.ca)}

    def server_context(self, alpn=("http/1.1",), newest=None):
        context = ssl.SSLContext(ssl.PROTOCOL_TLS_SERVER)
        context.load_cert_chain(self.certificate, self.key)
        context.set_alpn_protocols(alpn)
        # As servers were before OpenSSL 3: SSL_OP_ALLOW_CLIENT_RENEGOTIATION.
        context.options |= 1 << 8
        if newest:
            context.maximum_version = newest
        return context


class TlsSink(Sink):
    """A Sink behind TLS. A connection also has `port`, of the client, and `resumed`."""

    def __init__(self, authority, **options):
        self.context = authority.server_context(**options)
        super().__init__()

    @property
    def url(self):
        return f"https://localhost:{self.port}"

    def _serve(self, sock, connection):
        connection.port = sock.getpeername()[1]
        try:
            tls = self.context.wrap_socket(sock, server_side=True)
        except OSError:
            connection.ended.set()
            sock.close()
            return
        connection.resumed = tls.session_reused
        super()._serve(tls, connection)


class Proxy:
    """An HTTP proxy that knows CONNECT alone, and leads wherever it is asked to `port`."""

    def __init__(self, port):
        self.behind = port
        self.targets = []
        self.listener = socket.create_server(("127.0.0.1", 0))
        self.port = self.listener.getsockname()[1]
        threading.Thread(target=self._accept, daemon=True).start()

    def close(self):
        self.listener.close()

    def _accept(self):
        while True:
            try:
                sock, _ = self.listener.accept()
            except OSError:
                return
            threading.Thread(target=self._serve, args=(sock,), daemon=True).start()

    def _serve(self, sock):
        head = b""
        while b"\r\n\r\n" not in head:
            head += sock.recv(1)
        self.targets.append(head.split()[1].decode())
        sock.sendall(b"HTTP/1.1 200 Connection established\r\n\r\n")
        join(sock, socket.create_connection(("127.0.0.1", self.behind)))


def join(one, other):
    """Carries bytes between two sockets until one ends."""

    def pump(source, target):
        try:
            while data := source.recv(65536):
                target.sendall(data)
        except OSError:
            pass
        for end in (one, other):
            try:
                end.shutdown(socket.SHUT_RDWR)
            except OSError:
                pass

    back = threading.Thread(target=pump, args=(other, one), daemon=True)
    back.start()
    pump(one, other)
    back.join()
    one.close()
    other.close()
