// SPDX-License-Identifier: Apache-2.0
// HTTPS requests to 127.0.0.1 that name another host, by a client that reads whom to believe only before each of them:
// node_given.js (PORT HOST FILE[,FILE...])... Prints a status or an error's code for each.
"use strict";
const fs = require("fs");
const https = require("https");
const signed = require("./signed.js");

function visit(port, servername, files) {
	const ca = files.split(",").map((file) => fs.readFileSync(file));
	const options = { host: "127.0.0.1", port, servername, method: "POST" };
	return new Promise((resolve) => {
		const headers = signed.headers("PutRecord");
		const agent = new https.Agent({ ca });
		https.request({ ...options, agent, headers }, (response) => {
			response.resume();
			response.on("end", () => resolve(response.statusCode));
		}).on("error", (error) => resolve(error.code)).end("{}");
	});
}

(async () => {
	const words = process.argv.slice(2);
	for (let i = 0; i < words.length; i += 3)
		console.log(await visit(...words.slice(i, i + 3)));
	process.exit();
})();
