// SPDX-License-Identifier: Apache-2.0
// For each line of its input one HTTPS request to the given URL, by a connection of its own. Prints a status or an
// error's name.
import java.io.BufferedReader;
import java.io.IOException;
import java.io.InputStreamReader;
import java.net.HttpURLConnection;
import java.net.URL;

public class JavaAgain {
	private static String visit(String url) {
		try {
			HttpURLConnection connection = (HttpURLConnection) new URL(url).openConnection();
			connection.setRequestMethod("POST");
			connection.setDoOutput(true);
			Signed.headers("PutRecord", connection::setRequestProperty);
			connection.setRequestProperty("Connection", "close");
			connection.getOutputStream().write("{}".getBytes());
			return String.valueOf(connection.getResponseCode());
		} catch (IOException error) {
			return error.getClass().getSimpleName();
		}
	}

	public static void main(String[] arguments) throws Exception {
		BufferedReader input = new BufferedReader(new InputStreamReader(System.in));
		while (input.readLine() != null)
			System.out.println(visit(arguments[0]));
	}
}
