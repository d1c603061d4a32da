// SPDX-License-Identifier: Apache-2.0
// One HTTPS request to the given URL.
import java.io.IOException;
import java.net.HttpURLConnection;
import java.net.URL;

public class JavaHttps {
	public static void main(String[] arguments) throws IOException {
		HttpURLConnection connection = (HttpURLConnection) new URL(arguments[0]).openConnection();
		connection.setRequestMethod("POST");
		connection.setDoOutput(true);
		Signed.headers("PutRecord", connection::setRequestProperty);
		connection.getOutputStream().write("{}".getBytes());
		System.out.println(connection.getResponseCode());
	}
}
