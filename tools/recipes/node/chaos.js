// SPDX-License-Identifier: Apache-2.0
// Rules for the time of one function. Needs no package.
const http = require("node:http");
const path = require("node:path");

function request(method, url, body) {
	const socketPath = path.join(process.env.CHAOS_DIR, "control.sock");
	const text = body ? JSON.stringify(body) : "";
	// Node does not say by itself how long the body of a DELETE is.
	const headers = { "Content-Length": Buffer.byteLength(text) };
	return new Promise((resolve, reject) => {
		const sent = http.request({ socketPath, method, path: url, headers, agent: false }, (answer) => {
			let came = "";
			answer.setEncoding("utf8");
			answer.on("data", (piece) => (came += piece));
			answer.on("end", () => {
				const value = JSON.parse(came);
				answer.statusCode < 300 ? resolve(value) : reject(new Error(value.message));
			});
		});
		sent.on("error", reject);
		sent.end(text);
	});
}

// Runs `test`, and gives the counts of the rules: matched, fired, delivered, taken.
async function withFaults(rules, test) {
	const faults = "/_localstack/chaos/faults";
	await request("PATCH", faults, rules);
	try {
		await test();
		const { rules: counts } = await request("GET", "/_chaos/stats");
		return rules.map((rule) => counts.find((line) => JSON.stringify(line.rule) === JSON.stringify(rule)));
	} finally {
		await request("DELETE", faults, rules);
	}
}

module.exports = { request, withFaults };
