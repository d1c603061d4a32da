// SPDX-License-Identifier: Apache-2.0
// Node's fetch (undici).
"use strict";
const readline = require("readline");
const signed = require("./signed.js");

(async () => {
	for await (const line of readline.createInterface({ input: process.stdin })) {
		const [operation, size] = line.split(" ");
		try {
			const response = await fetch(`${signed.scheme}://${signed.host}:${process.argv[2]}/`, {
				method: "POST",
				headers: signed.headers(operation),
				body: "x".repeat(Number(size)),
			});
			signed.say(response.status, response.headers.get("x-amzn-errortype"),
				await response.text());
		} catch (error) {
			signed.fail(error.cause || error);
		}
	}
})();
