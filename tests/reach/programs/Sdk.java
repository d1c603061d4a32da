// SPDX-License-Identifier: Apache-2.0
// AWS' SDKs for Java: lists the buckets for each line of standard input, always by the same client,
// and says the status and the error's code. Usage: Sdk v1 | sync CLASS | async CLASS, which is the
// HTTP client of the second SDK.
import com.amazonaws.AmazonServiceException;
import com.amazonaws.ClientConfiguration;
import com.amazonaws.client.builder.AwsClientBuilder.EndpointConfiguration;
import com.amazonaws.services.s3.AmazonS3;
import com.amazonaws.services.s3.AmazonS3ClientBuilder;
import java.io.BufferedReader;
import java.io.InputStreamReader;
import java.util.concurrent.Callable;
import java.util.concurrent.CompletionException;
import software.amazon.awssdk.awscore.exception.AwsServiceException;
import software.amazon.awssdk.http.SdkHttpClient;
import software.amazon.awssdk.http.async.SdkAsyncHttpClient;
import software.amazon.awssdk.services.s3.S3AsyncClient;
import software.amazon.awssdk.services.s3.S3Client;

public class Sdk {
	static Object builder(String name) throws ReflectiveOperationException {
		return Class.forName(name).getMethod("builder").invoke(null);
	}

	static Callable<Integer> first() {
		AmazonS3ClientBuilder builder = AmazonS3ClientBuilder.standard()
			.withPathStyleAccessEnabled(true)
			.withClientConfiguration(new ClientConfiguration().withMaxErrorRetry(0));
		// This SDK does not know AWS_ENDPOINT_URL.
		String endpoint = System.getenv("AWS_ENDPOINT_URL");
		if (endpoint != null)
			builder.setEndpointConfiguration(new EndpointConfiguration(endpoint, "us-east-1"));
		AmazonS3 s3 = builder.build();
		return () -> {
			s3.listBuckets();
			return 200;
		};
	}

	static Callable<Integer> sync(String name) throws ReflectiveOperationException {
		S3Client s3 = S3Client.builder()
			.forcePathStyle(true)
			.httpClientBuilder((SdkHttpClient.Builder<?>) builder(name))
			.build();
		return () -> s3.listBuckets().sdkHttpResponse().statusCode();
	}

	static Callable<Integer> async(String name) throws ReflectiveOperationException {
		S3AsyncClient s3 = S3AsyncClient.builder()
			.forcePathStyle(true)
			.httpClientBuilder((SdkAsyncHttpClient.Builder<?>) builder(name))
			.build();
		return () -> s3.listBuckets().join().sdkHttpResponse().statusCode();
	}

	static String outcome(Callable<Integer> call) {
		try {
			return call.call() + " -";
		} catch (Exception error) {
			Throwable cause = error instanceof CompletionException ? error.getCause() : error;
			if (cause instanceof AmazonServiceException one)
				return one.getStatusCode() + " " + one.getErrorCode();
			if (cause instanceof AwsServiceException two)
				return two.statusCode() + " " + two.awsErrorDetails().errorCode();
			return "error " + cause;
		}
	}

	public static void main(String[] arguments) throws Exception {
		Callable<Integer> call = switch (arguments[0]) {
			case "v1" -> first();
			case "sync" -> sync(arguments[1]);
			default -> async(arguments[1]);
		};
		BufferedReader input = new BufferedReader(new InputStreamReader(System.in));
		while (input.readLine() != null)
			System.out.println(outcome(call).replace('\n', ' '));
		System.exit(0);
	}
}
