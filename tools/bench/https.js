// SPDX-License-Identifier: Apache-2.0
// As tls.c, by Node's own TLS: node https.js kept|first COUNT PORT. COUNT signed requests on one connection, or
// each on a new one; prints nanoseconds for one.
"use strict";
const https = require("https");

const [what, count, port] = [process.argv[2], Number(process.argv[3]), process.argv[4]];
const agent = new https.Agent({ keepAlive: what === "kept", maxSockets: 1, maxCachedSessions: 0 });
const scope = "20260101/us-west-2/s3/aws4_request";
const Authorization = `AWS4-HMAC-SHA256 Credential=A/${scope}, SignedHeaders=host, Signature=0`;
const options = { host: "localhost", port, path: "/bucket/key", agent, headers: { Authorization } };

function visit() {
	return new Promise((resolve, reject) => {
		https.get({ ...options, rejectUnauthorized: false }, (response) => {
			response.resume();
			response.on("end", resolve);
		}).on("error", reject);
	});
}

(async () => {
	for (let i = 0; i < count / 10; i++)
		await visit();
	const begin = process.hrtime.bigint();
	for (let i = 0; i < count; i++)
		await visit();
	console.log(Number(process.hrtime.bigint() - begin) / count);
	agent.destroy();
})();
