// SPDX-License-Identifier: Apache-2.0
// java.net.HttpURLConnection with its keep-alive cache.
import java.io.BufferedReader;
import java.io.IOException;
import java.io.InputStream;
import java.io.InputStreamReader;
import java.net.HttpURLConnection;
import java.net.URL;

public class JavaUrl {
	static void exchange(URL url, String operation, int size) throws IOException {
		HttpURLConnection connection = (HttpURLConnection) url.openConnection();
		connection.setRequestMethod("POST");
		connection.setDoOutput(true);
		connection.setReadTimeout(20000);
		Signed.headers(operation, connection::setRequestProperty);
		connection.setFixedLengthStreamingMode(size);
		connection.getOutputStream().write("x".repeat(size).getBytes());
		int status = connection.getResponseCode();
		InputStream in = status < 400 ? connection.getInputStream() : connection.getErrorStream();
		String body = new String(in.readAllBytes());
		Signed.say(status, connection.getHeaderField("x-amzn-errortype"), body);
	}

	public static void main(String[] arguments) throws IOException {
		URL url = new URL(Signed.url(arguments[0]));
		BufferedReader input = new BufferedReader(new InputStreamReader(System.in));
		for (String line; (line = input.readLine()) != null;) {
			String[] words = line.split(" ");
			try {
				exchange(url, words[0], Integer.parseInt(words[1]));
			} catch (IOException error) {
				Signed.fail(error);
			}
		}
	}
}
