// SPDX-License-Identifier: Apache-2.0
// Three calls at once, and a request that is not AWS beside them; says in milliseconds when each
// ended, counted from the first.
"use strict";
const http = require("http");
const signed = require("./signed.js");

const port = Number(process.argv[2]);
const begin = Date.now();

function timed(operation) {
	return new Promise((resolve, reject) => {
		const options = {
			host: "127.0.0.1", port, method: "POST", path: "/", agent: false,
			headers: { "Content-Length": 2, ...signed.headers(operation) },
		};
		const request = http.request(options, (response) => {
			response.resume();
			response.on("end", () => resolve(Date.now() - begin));
		});
		request.on("error", reject);
		request.end("{}");
	});
}

(async () => {
	const calls = [1, 2, 3].map(() => timed("PutRecord"));
	// The calls are on their way now; the event loop must be free for this one.
	const other = await new Promise((resolve) => setTimeout(() => resolve(timed("-")), 50));
	console.log(JSON.stringify({ calls: await Promise.all(calls), other }));
})();
