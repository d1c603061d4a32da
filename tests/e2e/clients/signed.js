// SPDX-License-Identifier: Apache-2.0
// The request that every steered client makes.
"use strict";

exports.scheme = process.env.SCHEME || "http";
exports.host = exports.scheme === "https" ? "localhost" : "127.0.0.1";

exports.headers = (operation) => operation === "-" ? { "Content-Type": "text/plain" } : {
	"Content-Type": "application/x-amz-json-1.1",
	"X-Amz-Target": "Kinesis_20131202." + operation,
	"X-Amz-Date": "20260101T000000Z",
	"Authorization": "AWS4-HMAC-SHA256 Credential=AKIDEXAMPLE/20260101/us-east-1/kinesis/" +
		"aws4_request, SignedHeaders=host;x-amz-date;x-amz-target, Signature=" + "0".repeat(64),
};
exports.say = (status, code, body) =>
	console.log(`${status} ${code || "-"} ${body.replace(/\n/g, " ")}`);
exports.fail = (error) => console.log(`error ${error.code || error.name} ${error.message}`);
