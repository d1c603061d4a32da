// SPDX-License-Identifier: Apache-2.0
// HTTPS requests to the given URL by a client that believes the authorities of a store that it loads itself:
// JavaGiven URL TYPE FILE PASSWORD. Prints a status or an error's name for each of two.
import java.io.FileInputStream;
import java.io.IOException;
import java.io.InputStream;
import java.net.URL;
import java.security.KeyStore;
import javax.net.ssl.HttpsURLConnection;
import javax.net.ssl.SSLContext;
import javax.net.ssl.TrustManagerFactory;

public class JavaGiven {
	private static SSLContext believe(String type, String file, String password) throws Exception {
		KeyStore store = KeyStore.getInstance(type);
		try (InputStream input = new FileInputStream(file)) {
			store.load(input, password.toCharArray());
		}
		TrustManagerFactory factory = TrustManagerFactory.getInstance("PKIX");
		factory.init(store);
		SSLContext context = SSLContext.getInstance("TLS");
		context.init(null, factory.getTrustManagers(), null);
		return context;
	}

	private static String visit(String url, SSLContext context) {
		try {
			HttpsURLConnection connection = (HttpsURLConnection) new URL(url).openConnection();
			connection.setSSLSocketFactory(context.getSocketFactory());
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
		SSLContext context = believe(arguments[1], arguments[2], arguments[3]);
		for (int i = 0; i < 2; i++)
			System.out.println(visit(arguments[0], context));
	}
}
