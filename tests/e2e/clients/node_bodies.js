// SPDX-License-Identifier: Apache-2.0
// Calls of node_mirror.js by 64 connections at a time, with bodies of all sizes each way: node_bodies.js PORT
// COUNT LARGEST. Prints how many were right and wrong, how many were faulted, and the bytes.
"use strict";
const crypto = require("crypto");
const https = require("https");
const signed = require("./signed.js");

const [port, count, largest] = process.argv.slice(2).map(Number);
const agent = new https.Agent({ keepAlive: true, maxSockets: 64 });
const told = { right: 0, wrong: 0, faulted: 0, bytes: 0 };
let seed = 7;

function random(below) {
	seed = (seed * 1103515245 + 12345) & 0x7fffffff;
	return seed % below;
}

function size() {
	const kind = random(1000);
	if (kind < 2)
		return largest;
	return random(kind < 20 ? largest / 20 : kind < 500 ? 20000 : 200);
}

function judge(response, sent, wanted, hash, got) {
	const fields = response.headers;
	told.bytes += got + sent.length;
	if (response.statusCode === 503 && fields["x-amzn-requestid"])
		told.faulted++;
	else if (fields["x-got"] === crypto.createHash("sha256").update(sent).digest("hex") &&
		fields["x-sent"] === hash.digest("hex") && got === wanted)
		told.right++;
	else
		told.wrong++;
}

function call() {
	return new Promise((resolve) => {
		const body = Buffer.alloc(size(), "u" + random(1000)), wanted = size();
		const headers = { ...signed.headers("PutRecord"), "Content-Length": body.length, "X-Size": wanted };
		const options = { host: "localhost", port, method: "POST", path: "/", agent, headers };
		const fail = () => resolve(told.wrong++);
		https.request(options, (response) => {
			const hash = crypto.createHash("sha256");
			let got = 0;
			response.on("error", fail);
			response.on("data", (part) => {
				hash.update(part);
				got += part.length;
			});
			response.on("end", () => resolve(judge(response, body, wanted, hash, got)));
		}).on("error", fail).end(body);
	});
}

(async () => {
	let left = count;
	await Promise.all(Array.from({ length: 64 }, async () => {
		while (left-- > 0)
			await call();
	}));
	console.log(JSON.stringify(told));
	agent.destroy();
})();
