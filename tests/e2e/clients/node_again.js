// SPDX-License-Identifier: Apache-2.0
// For each line of its input one HTTPS request to 127.0.0.1 that names another host, by a connection of its own:
// node_again.js PORT HOST. Prints a status or an error's code.
"use strict";
const https = require("https");
const readline = require("readline");
const signed = require("./signed.js");

const [port, servername] = process.argv.slice(2);
const options = { host: "127.0.0.1", port, servername, method: "POST", agent: false };
readline.createInterface({ input: process.stdin }).on("line", () => {
	const headers = signed.headers("PutRecord");
	https.request({ ...options, headers }, (response) => {
		response.resume();
		response.on("end", () => console.log(response.statusCode));
	}).on("error", (error) => console.log(error.code)).end("{}");
});
