// SPDX-License-Identifier: Apache-2.0
// A server that tells the hash of what it got and of what it sends: node_mirror.js CERTIFICATE KEY. Prints its
// port; a request to /seen is answered with the number of requests, and of bytes in them.
"use strict";
const crypto = require("crypto");
const fs = require("fs");
const https = require("https");

const [cert, key] = process.argv.slice(2).map((name) => fs.readFileSync(name));
const seen = { requests: 0, bytes: 0 };

function answer(request, response, got, hash) {
	const size = Number(request.headers["x-size"]);
	const body = Buffer.alloc(size, String.fromCharCode(97 + got % 26));
	response.setHeader("x-got", hash.digest("hex"));
	response.setHeader("x-sent", crypto.createHash("sha256").update(body).digest("hex"));
	if (size % 2)
		response.setHeader("content-length", size);
	response.end(body);
}

const server = https.createServer({ cert, key, keepAliveTimeout: 60000 }, (request, response) => {
	const hash = crypto.createHash("sha256");
	let got = 0;
	if (request.url === "/seen")
		return response.end(JSON.stringify(seen));
	seen.requests++;
	request.on("data", (part) => {
		hash.update(part);
		got += part.length;
		seen.bytes += part.length;
	});
	request.on("end", () => answer(request, response, got, hash));
});
server.listen(0, "127.0.0.1", () => console.log(server.address().port));
