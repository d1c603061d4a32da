// SPDX-License-Identifier: Apache-2.0
import java.io.ByteArrayOutputStream;
import java.io.IOException;
import java.net.StandardProtocolFamily;
import java.net.UnixDomainSocketAddress;
import java.nio.ByteBuffer;
import java.nio.channels.SocketChannel;
import java.nio.charset.StandardCharsets;
import java.nio.file.Path;

/** Rules for the time of a try block. Needs no library. */
final class Chaos implements AutoCloseable {
	private static final String FAULTS = "/_localstack/chaos/faults";
	private final String rules;

	private Chaos(String rules) {
		this.rules = rules;
	}

	static Chaos faults(String rules) throws IOException {
		ask("PATCH", FAULTS, rules);
		return new Chaos(rules);
	}

	@Override
	public void close() throws IOException {
		ask("DELETE", FAULTS, rules);
	}

	/** One request to the daemon of CHAOS_DIR; gives the body of the answer. */
	static String ask(String method, String path, String body) throws IOException {
		var address = UnixDomainSocketAddress.of(Path.of(System.getenv("CHAOS_DIR"), "control.sock"));
		var sent = body.getBytes(StandardCharsets.UTF_8);
		var head = "%s %s HTTP/1.1\r\nHost: localhost\r\nConnection: close\r\nContent-Length: %d\r\n\r\n";
		var got = new ByteArrayOutputStream();
		try (var channel = SocketChannel.open(StandardProtocolFamily.UNIX)) {
			channel.connect(address);
			channel.write(ByteBuffer.wrap(head.formatted(method, path, sent.length).getBytes(StandardCharsets.UTF_8)));
			channel.write(ByteBuffer.wrap(sent));
			var buffer = ByteBuffer.allocate(65536);
			while (channel.read(buffer) >= 0) {
				got.write(buffer.array(), 0, buffer.position());
				buffer.clear();
			}
		}
		var answer = got.toString(StandardCharsets.UTF_8);
		if (!answer.startsWith("HTTP/1.1 2"))
			throw new IOException(answer);
		return answer.substring(answer.indexOf("\r\n\r\n") + 4);
	}
}
