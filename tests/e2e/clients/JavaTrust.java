// SPDX-License-Identifier: Apache-2.0
// Prints whom Java trusts, one name a line; with an URL, what a request to it is answered with.
import java.net.HttpURLConnection;
import java.net.URL;
import java.security.KeyStore;
import java.security.cert.X509Certificate;
import javax.net.ssl.TrustManager;
import javax.net.ssl.TrustManagerFactory;
import javax.net.ssl.X509TrustManager;

public class JavaTrust {
	public static void main(String[] arguments) throws Exception {
		if (arguments.length > 0) {
			HttpURLConnection connection = (HttpURLConnection) new URL(arguments[0]).openConnection();
			System.out.println(connection.getResponseCode());
			return;
		}
		TrustManagerFactory factory =
			TrustManagerFactory.getInstance(TrustManagerFactory.getDefaultAlgorithm());
		factory.init((KeyStore) null);
		for (TrustManager manager : factory.getTrustManagers())
			for (X509Certificate issuer : ((X509TrustManager) manager).getAcceptedIssuers())
				System.out.println(issuer.getSubjectX500Principal());
	}
}
