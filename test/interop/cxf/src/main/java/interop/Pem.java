package interop;

import java.io.InputStream;
import java.nio.file.Files;
import java.nio.file.Path;
import java.security.KeyFactory;
import java.security.KeyStore;
import java.security.PrivateKey;
import java.security.cert.Certificate;
import java.security.cert.CertificateFactory;
import java.security.spec.PKCS8EncodedKeySpec;
import java.util.Base64;
import java.util.Collection;

import javax.net.ssl.KeyManager;
import javax.net.ssl.KeyManagerFactory;
import javax.net.ssl.TrustManager;
import javax.net.ssl.TrustManagerFactory;

import org.apache.wss4j.common.crypto.Crypto;
import org.apache.wss4j.common.crypto.Merlin;

/** PEM files as the in-memory key stores that TLS and WSS4J ask for. */
final class Pem {
    /** Alias of the service's certificate and key in every store made here. */
    static final String SERVICE = "service";
    /** Protects a key inside a store that never leaves this process. */
    static final String STORE_PASSWORD = "in-memory";

    private Pem() {
    }

    /** Trusts the certificates of a PEM file for TLS, and nothing else. */
    static TrustManager[] trust(Path authorities) throws Exception {
        KeyStore store = empty();
        int n = 0;
        for (Certificate certificate : certificates(authorities)) {
            store.setCertificateEntry("ca" + n++, certificate);
        }
        TrustManagerFactory factory = TrustManagerFactory.getInstance("PKIX");
        factory.init(store);
        return factory.getTrustManagers();
    }

    /** Shows a certificate chain with its key to TLS clients. */
    static KeyManager[] identity(Path certificate, Path key) throws Exception {
        KeyManagerFactory factory = KeyManagerFactory.getInstance("PKIX");
        factory.init(keyStore(certificate, key), STORE_PASSWORD.toCharArray());
        return factory.getKeyManagers();
    }

    /** The service's certificate alone, to encrypt to. */
    static Crypto recipient(Path certificate) throws Exception {
        KeyStore store = empty();
        store.setCertificateEntry(SERVICE, certificates(certificate).iterator().next());
        return crypto(store);
    }

    /** The service's certificate with its key, to decrypt with. */
    static Crypto service(Path certificate, Path key) throws Exception {
        return crypto(keyStore(certificate, key));
    }

    /** A certificate with its key, beside the authorities that those of others are trusted by. */
    static Crypto identityIn(Path certificate, Path key, Path authorities) throws Exception {
        KeyStore store = keyStore(certificate, key);
        int n = 0;
        for (Certificate authority : certificates(authorities)) {
            store.setCertificateEntry("ca" + n++, authority);
        }
        return crypto(store);
    }

    private static Crypto crypto(KeyStore store) {
        Merlin merlin = new Merlin();
        merlin.setKeyStore(store);
        merlin.setDefaultX509Identifier(SERVICE);
        return merlin;
    }

    private static KeyStore keyStore(Path certificate, Path key) throws Exception {
        KeyStore store = empty();
        Certificate[] chain = certificates(certificate).toArray(Certificate[]::new);
        store.setKeyEntry(SERVICE, privateKey(key), STORE_PASSWORD.toCharArray(), chain);
        return store;
    }

    private static KeyStore empty() throws Exception {
        KeyStore store = KeyStore.getInstance("PKCS12");
        store.load(null, null);
        return store;
    }

    private static Collection<? extends Certificate> certificates(Path file) throws Exception {
        try (InputStream in = Files.newInputStream(file)) {
            return CertificateFactory.getInstance("X.509").generateCertificates(in);
        }
    }

    /** A PKCS #8 RSA key. */
    private static PrivateKey privateKey(Path file) throws Exception {
        String base64 = Files.readString(file).replaceAll("-----[A-Z ]+-----|\\s", "");
        byte[] der = Base64.getDecoder().decode(base64);
        return KeyFactory.getInstance("RSA").generatePrivate(new PKCS8EncodedKeySpec(der));
    }
}
