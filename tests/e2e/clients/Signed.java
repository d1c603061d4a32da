// SPDX-License-Identifier: Apache-2.0
// The request that every steered client makes.
import java.util.function.BiConsumer;

class Signed {
	static String url(String port) {
		boolean tls = "https".equals(System.getenv("SCHEME"));
		return (tls ? "https://localhost:" : "http://127.0.0.1:") + port + "/";
	}

	static void headers(String operation, BiConsumer<String, String> set) {
		if (operation.equals("-")) {
			set.accept("Content-Type", "text/plain");
			return;
		}
		set.accept("Content-Type", "application/x-amz-json-1.1");
		set.accept("X-Amz-Target", "Kinesis_20131202." + operation);
		set.accept("X-Amz-Date", "20260101T000000Z");
		set.accept("Authorization",
			"AWS4-HMAC-SHA256 Credential=AKIDEXAMPLE/20260101/us-east-1/kinesis/aws4_request, "
				+ "SignedHeaders=host;x-amz-date;x-amz-target, Signature=" + "0".repeat(64));
	}

	static void say(int status, String code, String body) {
		System.out.println(status + " " + (code == null ? "-" : code) + " " + body.replace('\n', ' '));
		System.out.flush();
	}

	static void fail(Exception error) {
		System.out.println("error " + error.getClass().getSimpleName() + " " + error.getMessage());
		System.out.flush();
	}
}
