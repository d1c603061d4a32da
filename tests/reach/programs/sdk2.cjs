// SPDX-License-Identifier: Apache-2.0
// AWS' SDK for JavaScript, version 2: a call for each line of standard input, always by the same
// client. Usage: sdk2.cjs FOLDER-OF-NODE_MODULES
const { createRequire } = require("node:module");
const readline = require("node:readline");

const AWS = createRequire(process.argv[2] + "/")("aws-sdk");
// This version does not know AWS_ENDPOINT_URL.
const endpoint = process.env.AWS_ENDPOINT_URL;
const options = { maxRetries: 0, ...(endpoint && { endpoint }) };
const s3 = new AWS.S3({ ...options, s3ForcePathStyle: true });
const dynamodb = new AWS.DynamoDB(options);
const calls = {
	s3: () => s3.listBuckets().promise(),
	dynamodb: () => dynamodb.listTables().promise(),
};

async function outcome(service) {
	try {
		const result = await calls[service]();
		return `${result.$response.httpResponse.statusCode} -`;
	} catch (error) {
		return error.statusCode ? `${error.statusCode} ${error.code}` : `error ${error}`;
	}
}

(async () => {
	for await (const line of readline.createInterface({ input: process.stdin }))
		console.log((await outcome(line.split(" ")[0])).replaceAll("\n", " "));
})();
