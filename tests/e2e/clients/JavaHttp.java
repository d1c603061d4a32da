// SPDX-License-Identifier: Apache-2.0
// java.net.http.HttpClient (NIO). With a second argument it keeps its default, to ask for HTTP/2.
import java.io.BufferedReader;
import java.io.IOException;
import java.io.InputStreamReader;
import java.net.URI;
import java.net.http.HttpClient;
import java.net.http.HttpRequest;
import java.net.http.HttpResponse;
import java.time.Duration;

public class JavaHttp {
	public static void main(String[] arguments) throws Exception {
		HttpClient.Version version = arguments.length > 1 ? HttpClient.Version.HTTP_2
								  : HttpClient.Version.HTTP_1_1;
		HttpClient client = HttpClient.newBuilder().version(version).build();
		URI uri = URI.create(Signed.url(arguments[0]));
		BufferedReader input = new BufferedReader(new InputStreamReader(System.in));
		for (String line; (line = input.readLine()) != null;) {
			String[] words = line.split(" ");
			HttpRequest.Builder request = HttpRequest.newBuilder(uri)
				.timeout(Duration.ofSeconds(20))
				.POST(HttpRequest.BodyPublishers.ofString("x".repeat(Integer.parseInt(words[1]))));
			Signed.headers(words[0], request::header);
			try {
				HttpResponse<String> response =
					client.send(request.build(), HttpResponse.BodyHandlers.ofString());
				Signed.say(response.statusCode(),
					response.headers().firstValue("x-amzn-errortype").orElse(null), response.body());
			} catch (IOException error) {
				Signed.fail(error);
			}
		}
	}
}
