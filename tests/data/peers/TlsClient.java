// Connects twice to each port, the second time with the session of the first.
//
// Arguments: authority, certificate, key, ports.

import java.io.ByteArrayInputStream;
import java.net.Socket;
import java.nio.charset.StandardCharsets;
import java.nio.file.Files;
import java.nio.file.Path;
import java.security.KeyFactory;
import java.security.KeyStore;
import java.security.Security;
import java.security.cert.Certificate;
import java.security.cert.CertificateFactory;
import java.security.spec.PKCS8EncodedKeySpec;
import java.util.Base64;
import javax.net.ssl.KeyManagerFactory;
import javax.net.ssl.SSLContext;
import javax.net.ssl.SSLParameters;
import javax.net.ssl.SSLSocket;
import javax.net.ssl.TrustManagerFactory;

class TlsClient {
    static final String NAME = "api.test";
    static final String[] OFFERED = {"apiwatch/9", "http/1.1"};

    public static void main(String[] arguments) throws Exception {
        // Newer ones refuse key exchange with RSA.
        Security.setProperty("jdk.tls.disabledAlgorithms", "SSLv3, TLSv1, TLSv1.1, RC4");
        for (int place = 3; place < arguments.length; place++) {
            SSLContext context = context(arguments[0], arguments[1], arguments[2]);
            int port = Integer.parseInt(arguments[place]);
            connect(context, port);
            connect(context, port);
        }
    }

    static void connect(SSLContext context, int port) throws Exception {
        try (Socket plain = new Socket("127.0.0.1", port);
                SSLSocket socket = (SSLSocket)
                        context.getSocketFactory().createSocket(plain, NAME, port, true)) {
            socket.setSoTimeout(20_000);
            SSLParameters parameters = socket.getSSLParameters();
            parameters.setApplicationProtocols(OFFERED);
            socket.setSSLParameters(parameters);
            socket.startHandshake();
            socket.getOutputStream()
                    .write("GET / HTTP/1.0\r\n\r\n".getBytes(StandardCharsets.US_ASCII));
            byte[] answer = socket.getInputStream().readAllBytes();
            String body = new String(answer, StandardCharsets.UTF_8).split("\r\n\r\n", 2)[1];
            System.out.printf(
                    "{\"port\":%d,\"version\":\"%s\",\"cipher\":\"%s\",\"alpn\":\"%s\","
                            + "\"alpn_offered\":[\"%s\"],\"sni\":\"%s\",\"server\":%s}%n",
                    port,
                    socket.getSession().getProtocol(),
                    socket.getSession().getCipherSuite(),
                    socket.getApplicationProtocol(),
                    String.join("\",\"", OFFERED),
                    NAME,
                    body.strip());
        }
    }

    static SSLContext context(String authority, String certificate, String key) throws Exception {
        char[] password = "password".toCharArray();
        KeyStore keys = KeyStore.getInstance("PKCS12");
        keys.load(null, null);
        String text = Files.readString(Path.of(key)).replaceAll("-----[A-Z ]+-----|\\s", "");
        var encoded = new PKCS8EncodedKeySpec(Base64.getDecoder().decode(text));
        Certificate[] chain = {certificate(certificate)};
        keys.setKeyEntry(
                "client", KeyFactory.getInstance("EC").generatePrivate(encoded), password, chain);
        var own = KeyManagerFactory.getInstance(KeyManagerFactory.getDefaultAlgorithm());
        own.init(keys, password);

        KeyStore trusted = KeyStore.getInstance("PKCS12");
        trusted.load(null, null);
        trusted.setCertificateEntry("authority", certificate(authority));
        var trust = TrustManagerFactory.getInstance(TrustManagerFactory.getDefaultAlgorithm());
        trust.init(trusted);

        SSLContext context = SSLContext.getInstance("TLS");
        context.init(own.getKeyManagers(), trust.getTrustManagers(), null);
        return context;
    }

    static Certificate certificate(String file) throws Exception {
        byte[] bytes = Files.readAllBytes(Path.of(file));
        var factory = CertificateFactory.getInstance("X.509");
        return factory.generateCertificate(new ByteArrayInputStream(bytes));
    }
}
