// SPDX-License-Identifier: Apache-2.0
import static org.junit.jupiter.api.Assertions.assertEquals;
import static org.junit.jupiter.api.Assertions.assertTrue;

import java.io.IOException;
import java.net.HttpURLConnection;
import java.net.URL;
import org.junit.jupiter.api.Test;

class OrdersTest {
	private static final String THROTTLED =
		"[{\"service\": \"dynamodb\", \"error\": {\"statusCode\": 400, \"code\": \"ThrottlingException\"}}]";

	private static final String BODY = "{\"TableName\": \"orders\", \"Item\": {\"id\": {\"S\": \"1\"}}}";

	/** What your program does with its SDK; written out here, so that the recipe needs no library. */
	private static int put() throws IOException {
		var connection = (HttpURLConnection) new URL(System.getenv("AWS_ENDPOINT_URL")).openConnection();
		connection.setDoOutput(true);
		connection.setRequestProperty("X-Amz-Target", "DynamoDB_20120810.PutItem");
		connection.setRequestProperty("Content-Type", "application/x-amz-json-1.0");
		connection.setRequestProperty("Authorization",
			"AWS4-HMAC-SHA256 Credential=AK/20260101/us-east-1/dynamodb/aws4_request, SignedHeaders=host, Signature=0");
		connection.getOutputStream().write(BODY.getBytes());
		return connection.getResponseCode();
	}

	@Test
	void orderIsThrottled() throws IOException {
		try (var faults = Chaos.faults(THROTTLED)) {
			assertEquals(400, put());
			assertTrue(Chaos.ask("GET", "/_chaos/stats", "").contains("\"fired\": 1"));
		}
	}

	@Test
	void orderIsKept() throws IOException {
		assertEquals(200, put());
	}
}
