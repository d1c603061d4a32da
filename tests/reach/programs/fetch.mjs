// SPDX-License-Identifier: Apache-2.0
// The fetch of Node, Bun or Deno, and a request that looks signed, for each line of standard input.
import { createInterface } from "node:readline";
import process from "node:process";

const scope = "test/20260101/us-east-1/s3/aws4_request";
const Authorization =
	`AWS4-HMAC-SHA256 Credential=${scope}, SignedHeaders=host;x-amz-date, Signature=0`;

async function outcome(service) {
	const headers = { Authorization, "x-amz-date": "20260101T000000Z" };
	const url = process.env.AWS_ENDPOINT_URL ?? `https://${service}.us-east-1.amazonaws.com`;
	try {
		const response = await fetch(url, { headers });
		const code = /<Code>(.*)<\/Code>/.exec(await response.text());
		return `${response.status} ${code?.[1] ?? "-"}`;
	} catch (error) {
		return `error ${error} ${error.cause}`;
	}
}

for await (const line of createInterface({ input: process.stdin }))
	console.log((await outcome(line.split(" ")[0])).replaceAll("\n", " "));
