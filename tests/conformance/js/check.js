// SPDX-License-Identifier: Apache-2.0
// Makes the calls of calls.js. First says, in a line of JSON, what they are; then makes all of them
// for each line of standard input, and says in a line for each what it came to.
// usage: node check.js PORT    (of the server to which every connection goes, on 127.0.0.1)
"use strict";
const http = require("http");
const net = require("net");
const readline = require("readline");
const protocols = require("@aws-sdk/core/protocols");
const { NodeHttpHandler } = require("@smithy/node-http-handler");
require("@aws-sdk/signature-v4a");
const calls = require("./calls.js");

const PORT = Number(process.argv[2]);
const REGION = "eu-west-2";
const AWS = "aws";

const agent = new http.Agent({ keepAlive: true });
agent.createConnection = () => net.connect(PORT, "127.0.0.1");

/* HTTP/1.1 in plain for all clients, also those that would rather speak HTTP/2 or TLS. */
class Plain extends NodeHttpHandler {
	handle(request, options) {
		request.protocol = "http:";
		return super.handle(request, options);
	}
}

function makeClient(sdk, host, { protocol, config }) {
	const name = Object.keys(sdk).find((key) => /^[^_].*Client$/.test(key));
	return new sdk[name]({
		region: REGION,
		credentials: { accessKeyId: "test", secretAccessKey: "test" },
		maxAttempts: 1,
		requestHandler: new Plain({ httpAgent: agent }),
		...(host !== AWS && { endpoint: `http://${host}:${PORT}` }),
		...(protocol && { protocol: protocols[protocol] }),
		...config,
	});
}

function regionOf(host, { noRegion, home = REGION }) {
	if (host === AWS)
		return home;
	return noRegion ? null : REGION;
}

/* The name of an error that the client has a class for. In queries errors have other codes. */
function modelledError(sdk, { config: { protocol } }) {
	if (/Query/.test(protocol.constructor.name))
		return null;
	const base = Object.keys(sdk).find((key) => /^[^_].*ServiceException$/.test(key) &&
		Object.getPrototypeOf(sdk[key]).name === "ServiceException");
	return Object.keys(sdk).find((key) => sdk[key].prototype instanceof sdk[base]) ?? null;
}

function* casesOf([name, service, operations, options = {}]) {
	const sdk = require(`@aws-sdk/client-${name}`);

	for (const host of options.hosts ?? ["127.0.0.1", AWS]) {
		const client = makeClient(sdk, host, options);
		const modelled = modelledError(sdk, client);

		for (const [operation, input] of Object.entries(operations))
			yield {
				about: {
					client: name,
					call: operation + Object.keys(options.config ?? {}).map((key) => ` ${key}`),
					host,
					protocol: client.config.protocol.constructor.name,
					service,
					operation: options.answers ?? operation,
					region: regionOf(host, options),
					everywhere: options.everywhere ?? false,
					head: options.head ?? null,
					modelled,
				},
				sdk,
				make() {
					// A client remembers what became of the call that went before.
					const fresh = options.answers ? makeClient(sdk, host, options) : client;
					const members = typeof input === "function" ? input() : input;

					return fresh.send(new sdk[`${operation}Command`](members));
				},
			};
	}
}

async function outcome({ about, sdk, make }) {
	try {
		await make();
		return { name: "no error" };
	} catch (error) {
		return {
			name: error.name,
			message: error.message,
			status: error.$metadata?.httpStatusCode,
			hasRequestId: Boolean(error.$metadata?.requestId),
			isModelled: about.modelled !== null && error instanceof sdk[about.modelled],
		};
	}
}

function say(value) {
	process.stdout.write(JSON.stringify(value) + "\n");
}

(async () => {
	const cases = calls.flatMap((call) => [...casesOf(call)]);

	say(cases.map(({ about }) => about));
	for await (const _ of readline.createInterface({ input: process.stdin }))
		for (const each of cases)
			say(await outcome(each));
	agent.destroy();
})();
