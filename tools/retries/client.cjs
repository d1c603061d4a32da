// SPDX-License-Identifier: Apache-2.0
// AWS' SDK for JavaScript, version 3: the same call some times, whatever comes of it.
// Usage: client.cjs SERVICE CALLS TIMEOUT, in seconds.

const [service, calls, timeout] = process.argv.slice(2);
const requestHandler = { requestTimeout: timeout * 1000, throwOnRequestTimeout: true };

async function main() {
	let call;

	if (service === "s3") {
		const { S3Client, ListBucketsCommand } = require("@aws-sdk/client-s3");
		const client = new S3Client({ forcePathStyle: true, requestHandler });
		call = () => client.send(new ListBucketsCommand({}));
	} else {
		const { DynamoDBClient, ListTablesCommand } = require("@aws-sdk/client-dynamodb");
		const client = new DynamoDBClient({ requestHandler });
		call = () => client.send(new ListTablesCommand({}));
	}
	for (let i = 0; i < calls; i++)
		await call().catch(() => {});
}

main();
