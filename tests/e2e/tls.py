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
    "IP:127.0.0.1",
    "DNS:*.amazonaws.com",
    "DNS:*.us-east-1.amazonaws.com",
    "DNS:*.s3.us-east-1.amazonaws.com",
)
AWS_HOST = "kinesis.us-east-1.amazonaws.com"


class Authority:
    """Signs one certificate for localhost and for hosts of AWS; its files stand in `folder`."""

    def __init__(self, folder):
        self.folder = Path(folder)
        self.ca, self.certificate, self.key = (
            self.folder / name for name in ("ca.pem", "server.pem", "server.key")
        )
        self.store = self.folder / "ca.p12"
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

    def java_options(self):
        """Makes Java trust the authority."""
        if not self.store.exists():
            self._run(
                "keytool", "-importcert", "-noprompt", "-storetype", "PKCS12", "-storepass",
                "changeit", "-keystore", self.store, "-file", self.ca,
            )  # fmt: skip
        return [f"-Djavax.net.ssl.trustStore={self.store}",
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


class Forwarder(TlsSink):
    """TLS in front of a server that speaks plain HTTP."""

    def __init__(self, authority, url, **options):
        host, _, port = url.rpartition("/")[2].partition(":")
        self.behind = (host, int(port))
        super().__init__(authority, **options)

    def _serve(self, sock, connection):
        try:
            tls = self.context.wrap_socket(sock, server_side=True)
            plain = socket.create_connection(self.behind)
        except OSError:
            sock.close()
            return

        def pump(source, target):
            try:
                while data := source.recv(65536):
                    connection.raw += data if source is tls else b""
                    target.sendall(data)
            except OSError:
                pass
            for end in (plain, tls):
                try:
                    end.shutdown(socket.SHUT_RDWR)
                except OSError:
                    pass

        back = threading.Thread(target=pump, args=(plain, tls), daemon=True)
        back.start()
        pump(tls, plain)
        back.join()
        tls.close()
        plain.close()
        connection.ended.set()
