// SPDX-License-Identifier: Apache-2.0
// One HTTPS request that begins when all descriptors are taken: node_descriptors.js PORT HOST
"use strict";
const fs = require("fs");
const https = require("https");
const net = require("net");
const tls = require("tls");
const signed = require("./signed.js");

const [port, servername] = process.argv.slice(2);
const headers = signed.headers("PutRecord");

function takeAll() {
	try {
		for (;;)
			fs.openSync("/dev/null");
	} catch {
		return;
	}
}

const socket = net.connect(port, "127.0.0.1", () => {
	takeAll();
	const createConnection = () => tls.connect({ socket, servername, rejectUnauthorized: false });
	https.request({ createConnection, headers, method: "POST" }, (response) => {
		response.resume();
		response.on("end", () => { console.log(response.statusCode); process.exit(); });
	}).end("{}");
});
