// SPDX-License-Identifier: Apache-2.0
// As tls.c, by Java's own TLS: java Https.java kept|first COUNT PORT. COUNT signed requests on one connection, or
// each on a new one; prints nanoseconds for one.
import java.io.InputStream;
import java.net.URL;
import java.security.cert.X509Certificate;
import javax.net.ssl.HttpsURLConnection;
import javax.net.ssl.SSLContext;
import javax.net.ssl.TrustManager;
import javax.net.ssl.X509TrustManager;

public class Https {
	private static final TrustManager ANYBODY = new X509TrustManager() {
		public void checkClientTrusted(X509Certificate[] chain, String type) {}
		public void checkServerTrusted(X509Certificate[] chain, String type) {}
		public X509Certificate[] getAcceptedIssuers() { return new X509Certificate[0]; }
	};

	private static void visit(URL url, boolean isKept) throws Exception {
		HttpsURLConnection connection = (HttpsURLConnection) url.openConnection();
		connection.setHostnameVerifier((name, session) -> true);
		connection.setRequestProperty("Authorization",
			"AWS4-HMAC-SHA256 Credential=A/20260101/us-west-2/s3/aws4_request, SignedHeaders=host, Signature=0");
		try (InputStream body = connection.getInputStream()) {
			body.readAllBytes();
		}
		if (!isKept)
			connection.disconnect();
	}

	public static void main(String[] words) throws Exception {
		boolean isKept = words[0].equals("kept");
		int count = Integer.parseInt(words[1]);
		URL url = new URL("https://localhost:" + words[2] + "/bucket/key");
		SSLContext context = SSLContext.getInstance("TLS");
		context.init(null, new TrustManager[] {ANYBODY}, null);
		HttpsURLConnection.setDefaultSSLSocketFactory(context.getSocketFactory());
		for (int i = 0; i < count; i++)
			visit(url, isKept);
		long begin = System.nanoTime();
		for (int i = 0; i < count; i++)
			visit(url, isKept);
		System.out.println((double) (System.nanoTime() - begin) / count);
		System.exit(0);
	}
}
