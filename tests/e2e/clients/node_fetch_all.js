// SPDX-License-Identifier: Apache-2.0
// Calls of S3, one after the other: node_fetch_all.js URL METHOD:PATH:SIZE… Prints `STATUS BYTES` of each.
"use strict";
const agent = (kind) => new kind.Agent({ keepAlive: true, maxSockets: 1 });
const url = new URL(process.argv[2]);
const kind = require(url.protocol.slice(0, -1));
const kept = agent(kind);
const fields = {
	"Authorization": "AWS4-HMAC-SHA256 Credential=AKIDEXAMPLE/20260101/us-east-1/s3/aws4_request, " +
		"SignedHeaders=host, Signature=00",
};

function call(word) {
	const [method, path, size] = word.split(":");
	const body = Buffer.alloc(Number(size), "x");
	const headers = body.length ? { ...fields, "Content-Length": body.length } : fields;
	return new Promise((resolve) => {
		const fail = (error) => resolve(`error ${error.code}`);
		kind.request(url, { method, path, headers, agent: kept }, (response) => {
			let got = 0;
			response.on("data", (part) => got += part.length);
			response.on("error", fail);
			response.on("end", () => resolve(`${response.statusCode} ${got}`));
		}).on("error", fail).end(body);
	});
}

(async () => {
	for (const word of process.argv.slice(3))
		console.log(await call(word));
	kept.destroy();
})();
