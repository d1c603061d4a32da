# SPDX-License-Identifier: Apache-2.0
"""An echo server with one child per connection; prints its port."""

import socketserver


class Echo(socketserver.BaseRequestHandler):
    def handle(self):
        while data := self.request.recv(65536):
            self.request.sendall(data)


with socketserver.ForkingTCPServer(("127.0.0.1", 0), Echo) as server:
    print(server.server_address[1], flush=True)
    server.serve_forever()
