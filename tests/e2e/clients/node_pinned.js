// SPDX-License-Identifier: Apache-2.0
// HTTPS requests to 127.0.0.1 that name another host, one connection each, by a client that believes
// one authority alone: node_pinned.js PORT HOST[,HOST...] CA COUNT [PROTOCOL...]. Prints a status or an error's code
// for each.
"use strict";
const fs = require("fs");
const https = require("https");
const signed = require("./signed.js");

const [port, hosts, ca, count, ...ALPNProtocols] = process.argv.slice(2);
const options = {
	host: "127.0.0.1", port, ca: fs.readFileSync(ca), method: "POST", agent: false,
	...(ALPNProtocols.length ? { ALPNProtocols } : {}),
};

function visit(servername) {
	return new Promise((resolve) => {
		const headers = signed.headers("PutRecord");
		https.request({ ...options, servername, headers }, (response) => {
			response.resume();
			response.on("end", () => resolve(response.statusCode));
		}).on("error", (error) => resolve(error.code)).end("{}");
	});
}

(async () => {
	for (let i = 0; i < Number(count); i++)
		for (const servername of hosts.split(","))
			console.log(await visit(servername));
})();
