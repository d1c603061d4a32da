// SPDX-License-Identifier: Apache-2.0
// A server that agrees on HTTP/2: node_http2.js CERTIFICATE KEY. Prints its port; serves until killed.
"use strict";
const fs = require("fs");
const http2 = require("http2");

const [cert, key] = process.argv.slice(2).map((name) => fs.readFileSync(name));
const server = http2.createSecureServer({ cert, key, allowHTTP1: true });
server.on("request", (request, response) => {
	request.resume();
	request.on("end", () => response.end("served by " + request.httpVersion));
});
server.listen(0, "127.0.0.1", () => console.log(server.address().port));
