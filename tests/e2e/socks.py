# SPDX-License-Identifier: Apache-2.0
"""A proxy that speaks SOCKS5, as much of it as its clients use."""

import socket
import struct

from tls import Proxy, join

NO_AUTHENTICATION = 0
IPV4, NAME, IPV6 = 1, 3, 4


class SocksProxy(Proxy):
    """Leads wherever it is asked to the port that it was made for."""

    def _serve(self, sock):
        with sock.makefile("rb") as stream:
            _, methods = stream.read(2)
            stream.read(methods)
            sock.sendall(bytes((5, NO_AUTHENTICATION)))
            _, _, _, kind = stream.read(4)
            host = stream.read({IPV4: 4, IPV6: 16}.get(kind) or stream.read(1)[0])
            (port,) = struct.unpack("!H", stream.read(2))
        name = socket.inet_ntoa(host) if kind == IPV4 else host.decode("latin-1")
        self.targets.append(f"{name}:{port}")
        sock.sendall(bytes((5, 0, 0, IPV4, 0, 0, 0, 0, 0, 0)))
        join(sock, socket.create_connection(("127.0.0.1", self.behind)))
