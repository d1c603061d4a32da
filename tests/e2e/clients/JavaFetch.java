// SPDX-License-Identifier: Apache-2.0
// Calls of S3, one after the other: JavaFetch URL METHOD:PATH:SIZE… Prints `STATUS BYTES` of each.
import java.net.URI;
import java.net.http.HttpClient;
import java.net.http.HttpRequest;
import java.net.http.HttpResponse;

public class JavaFetch {
	public static void main(String[] arguments) throws Exception {
		HttpClient client = HttpClient.newBuilder().version(HttpClient.Version.HTTP_1_1).build();

		for (int i = 1; i < arguments.length; i++) {
			String[] parts = arguments[i].split(":");
			byte[] body = "x".repeat(Integer.parseInt(parts[2])).getBytes();
			HttpRequest request = HttpRequest.newBuilder(URI.create(arguments[0] + parts[1]))
				.header("Authorization",
					"AWS4-HMAC-SHA256 Credential=AKIDEXAMPLE/20260101/us-east-1/s3/"
						+ "aws4_request, SignedHeaders=host, Signature=00")
				.method(parts[0], body.length == 0 ? HttpRequest.BodyPublishers.noBody()
								   : HttpRequest.BodyPublishers.ofByteArray(body))
				.build();
			try {
				HttpResponse<byte[]> response =
					client.send(request, HttpResponse.BodyHandlers.ofByteArray());
				System.out.println(response.statusCode() + " " + response.body().length);
			} catch (java.io.IOException error) {
				Signed.fail(error);
			}
		}
	}
}
