// SPDX-License-Identifier: Apache-2.0
// AWS' SDK for Java, version 2: the same call some times, whatever comes of it.
// Usage: Client SERVICE CALLS TIMEOUT, in seconds; the service is s3.
import java.time.Duration;
import software.amazon.awssdk.core.exception.SdkException;
import software.amazon.awssdk.http.apache.ApacheHttpClient;
import software.amazon.awssdk.services.s3.S3Client;

public class Client {
	public static void main(String[] arguments) {
		Duration timeout = Duration.ofSeconds(Integer.parseInt(arguments[2]));
		S3Client s3 = S3Client.builder()
			.forcePathStyle(true)
			.httpClientBuilder(ApacheHttpClient.builder().socketTimeout(timeout))
			.build();

		for (int i = Integer.parseInt(arguments[1]); i > 0; i--) {
			try {
				s3.listBuckets();
			} catch (SdkException error) {
				continue;
			}
		}
	}
}
