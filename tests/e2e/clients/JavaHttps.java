// SPDX-License-Identifier: Apache-2.0
// One HTTPS request to the given URL; with a second argument to whoever answers there.
import java.net.URL;
import java.security.cert.X509Certificate;
import javax.net.ssl.HttpsURLConnection;
import javax.net.ssl.SSLContext;
import javax.net.ssl.TrustManager;
import javax.net.ssl.X509TrustManager;

public class JavaHttps {
	private static final class Credulous implements X509TrustManager {
		public void checkClientTrusted(X509Certificate[] chain, String type) {}
		public void checkServerTrusted(X509Certificate[] chain, String type) {}
		public X509Certificate[] getAcceptedIssuers() { return new X509Certificate[0]; }
	}

	public static void main(String[] arguments) throws Exception {
		HttpsURLConnection connection =
			(HttpsURLConnection) new URL(arguments[0]).openConnection();
		if (arguments.length > 1) {
			SSLContext context = SSLContext.getInstance("TLS");
			context.init(null, new TrustManager[] {new Credulous()}, null);
			connection.setSSLSocketFactory(context.getSocketFactory());
			connection.setHostnameVerifier((name, session) -> true);
		}
		connection.setRequestMethod("POST");
		connection.setDoOutput(true);
		Signed.headers("PutRecord", connection::setRequestProperty);
		connection.getOutputStream().write("{}".getBytes());
		System.out.println(connection.getResponseCode());
	}
}
