// SPDX-License-Identifier: Apache-2.0
// One HTTPS request to 127.0.0.1 that names another host: node_https.js PORT HOST
"use strict";
const https = require("https");
const signed = require("./signed.js");

const [port, servername] = process.argv.slice(2);
const options = { host: "127.0.0.1", port, servername, method: "POST" };
https.request({ ...options, headers: signed.headers("PutRecord") }, (response) => {
	response.resume();
	response.on("end", () => console.log(response.statusCode));
}).end("{}");
