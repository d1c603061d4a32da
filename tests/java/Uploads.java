// SPDX-License-Identifier: Apache-2.0
// PutObject by AWS' SDKs with Apache's client, as they are set up by default. For each line of
// standard input every client uploads once, all at the same time and each by an object that it
// keeps; for each there is a line `NAME STATUS CODE ATTEMPTS SECONDS`. Usage: Uploads ENDPOINT
import com.amazonaws.AmazonServiceException;
import com.amazonaws.client.builder.AwsClientBuilder.EndpointConfiguration;
import com.amazonaws.handlers.HandlerBeforeAttemptContext;
import com.amazonaws.handlers.RequestHandler2;
import com.amazonaws.services.s3.AmazonS3;
import com.amazonaws.services.s3.AmazonS3ClientBuilder;
import com.amazonaws.services.s3.model.ObjectMetadata;
import java.io.BufferedReader;
import java.io.ByteArrayInputStream;
import java.io.InputStreamReader;
import java.net.URI;
import java.util.ArrayList;
import java.util.List;
import java.util.concurrent.ExecutorService;
import java.util.concurrent.Executors;
import java.util.concurrent.Future;
import java.util.concurrent.atomic.AtomicInteger;
import software.amazon.awssdk.awscore.exception.AwsServiceException;
import software.amazon.awssdk.core.interceptor.Context;
import software.amazon.awssdk.core.interceptor.ExecutionAttributes;
import software.amazon.awssdk.core.interceptor.ExecutionInterceptor;
import software.amazon.awssdk.core.sync.RequestBody;
import software.amazon.awssdk.http.SdkHttpClient;
import software.amazon.awssdk.http.apache.ApacheHttpClient;
import software.amazon.awssdk.http.apache5.Apache5HttpClient;
import software.amazon.awssdk.regions.Region;
import software.amazon.awssdk.services.s3.S3Client;

public class Uploads {
	static final int[] SIZES = {5, 3 << 20};

	abstract static class Client {
		final AtomicInteger attempts = new AtomicInteger();
		final String name;
		final byte[] body;

		Client(String name, int size) {
			this.name = name + "-" + size;
			body = "x".repeat(size).getBytes();
		}

		/** Returns the status, and the code of the error or "-". */
		abstract String put();

		String upload() {
			attempts.set(0);
			long since = System.nanoTime();
			String outcome;
			try {
				outcome = put();
			} catch (RuntimeException error) {
				outcome = "0 " + error.toString().replaceAll("\\s+", "_");
			}
			double seconds = (System.nanoTime() - since) / 1e9;
			return String.format("%s %s %d %.3f", name, outcome, attempts.get(), seconds);
		}
	}

	static class First extends Client {
		final AmazonS3 s3;

		First(String endpoint, int size) {
			super("v1", size);
			s3 = AmazonS3ClientBuilder.standard()
				.withEndpointConfiguration(new EndpointConfiguration(endpoint, "us-east-1"))
				.withPathStyleAccessEnabled(true)
				.withRequestHandlers(new RequestHandler2() {
					@Override
					public void beforeAttempt(HandlerBeforeAttemptContext context) {
						attempts.incrementAndGet();
					}
				})
				.build();
		}

		@Override
		String put() {
			ObjectMetadata metadata = new ObjectMetadata();
			metadata.setContentLength(body.length);
			try {
				s3.putObject("bucket", name, new ByteArrayInputStream(body), metadata);
				return "200 -";
			} catch (AmazonServiceException error) {
				return error.getStatusCode() + " " + error.getErrorCode();
			}
		}
	}

	static class Second extends Client {
		final S3Client s3;

		Second(String name, String endpoint, int size, SdkHttpClient.Builder<?> http) {
			super(name, size);
			s3 = S3Client.builder()
				.endpointOverride(URI.create(endpoint))
				.region(Region.US_EAST_1)
				.forcePathStyle(true)
				.httpClientBuilder(http)
				.overrideConfiguration(options -> options.addExecutionInterceptor(
					new ExecutionInterceptor() {
						@Override
						public void beforeTransmission(Context.BeforeTransmission context,
							ExecutionAttributes attributes) {
							attempts.incrementAndGet();
						}
					}))
				.build();
		}

		@Override
		String put() {
			try {
				s3.putObject(request -> request.bucket("bucket").key(name),
					RequestBody.fromBytes(body));
				return "200 -";
			} catch (AwsServiceException error) {
				return error.statusCode() + " " + error.awsErrorDetails().errorCode();
			}
		}
	}

	public static void main(String[] arguments) throws Exception {
		List<Client> clients = new ArrayList<>();
		for (int size : SIZES) {
			clients.add(new First(arguments[0], size));
			clients.add(new Second("v2", arguments[0], size, Apache5HttpClient.builder()));
			clients.add(new Second("v2-apache4", arguments[0], size, ApacheHttpClient.builder()));
		}
		ExecutorService threads = Executors.newFixedThreadPool(clients.size());
		BufferedReader input = new BufferedReader(new InputStreamReader(System.in));
		while (input.readLine() != null) {
			List<Future<String>> lines = new ArrayList<>();
			for (Client client : clients)
				lines.add(threads.submit(client::upload));
			for (Future<String> line : lines)
				System.out.println(line.get());
		}
		System.exit(0);
	}
}
