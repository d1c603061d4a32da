// SPDX-License-Identifier: Apache-2.0
// Node's http with a keep-alive agent of one socket.
"use strict";
const http = require(process.env.SCHEME || "http");
const readline = require("readline");
const signed = require("./signed.js");

const port = Number(process.argv[2]);
const agent = new http.Agent({ keepAlive: true, maxSockets: 1 });

function exchange(operation, body) {
	return new Promise((resolve) => {
		const headers = { "Content-Length": body.length, ...signed.headers(operation) };
		const options = { host: signed.host, port, method: "POST", path: "/", agent, headers };
		const request = http.request(options, (response) => {
			const parts = [];
			response.on("data", (part) => parts.push(part));
			response.on("error", (error) => resolve(signed.fail(error)));
			response.on("end", () => resolve(signed.say(response.statusCode,
				response.headers["x-amzn-errortype"], Buffer.concat(parts).toString())));
		});
		request.on("error", (error) => resolve(signed.fail(error)));
		request.end(body);
	});
}

(async () => {
	for await (const line of readline.createInterface({ input: process.stdin })) {
		const [operation, size] = line.split(" ");
		await exchange(operation, "x".repeat(Number(size)));
	}
	agent.destroy();
})();
