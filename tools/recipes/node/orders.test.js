// SPDX-License-Identifier: Apache-2.0
const assert = require("node:assert");
const test = require("node:test");
const { DynamoDBClient, PutItemCommand } = require("@aws-sdk/client-dynamodb");
const { withFaults } = require("./chaos.js");

const throttled = {
	service: "dynamodb",
	operation: "PutItem",
	error: { statusCode: 400, code: "ThrottlingException" },
};
const client = new DynamoDBClient({ region: "us-east-1", maxAttempts: 2 });
const put = () => client.send(new PutItemCommand({ TableName: "orders", Item: { id: { S: "1" } } }));

test("an order that is throttled fails after two attempts", async () => {
	const [counts] = await withFaults([throttled], () => assert.rejects(put, { name: "ThrottlingException" }));
	assert.strictEqual(counts.taken, 2);
});

test("without a rule it is kept", put);
