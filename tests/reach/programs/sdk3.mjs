// SPDX-License-Identifier: Apache-2.0
// AWS' SDK for JavaScript, version 3, in Node, Bun or Deno: a call for each line of standard input,
// always by the same client. Usage: sdk3.mjs FOLDER-OF-NODE_MODULES
import { createInterface } from "node:readline";
import { createRequire } from "node:module";
import process from "node:process";

const require = createRequire(process.argv[2] + "/");
const services = {
	s3: () => client("s3", "S3Client", "ListBucketsCommand"),
	dynamodb: () => client("dynamodb", "DynamoDBClient", "ListTablesCommand"),
	sqs: () => client("sqs", "SQSClient", "ListQueuesCommand"),
	lambda: () => client("lambda", "LambdaClient", "ListFunctionsCommand"),
};
const clients = {};

function client(name, Client, Command) {
	const module = require(`@aws-sdk/client-${name}`);
	const one = new module[Client]({ forcePathStyle: true });
	return () => one.send(new module[Command]({}));
}

async function outcome(service) {
	clients[service] ??= services[service]();
	try {
		const { $metadata } = await clients[service]();
		return `${$metadata.httpStatusCode} -`;
	} catch (error) {
		const status = error.$metadata?.httpStatusCode;
		return status ? `${status} ${error.name}` : `error ${error.code ?? ""} ${error}`;
	}
}

for await (const line of createInterface({ input: process.stdin }))
	console.log((await outcome(line.split(" ")[0])).replaceAll("\n", " "));
