package interop;

import java.io.IOException;
import java.io.OutputStream;
import java.net.InetAddress;
import java.net.ServerSocket;
import java.nio.file.Path;
import java.util.HashMap;
import java.util.Map;
import java.util.Set;

import javax.xml.namespace.QName;

import org.apache.cxf.Bus;
import org.apache.cxf.BusFactory;
import org.apache.cxf.configuration.jsse.TLSServerParameters;
import org.apache.cxf.jaxws.EndpointImpl;
import org.apache.cxf.transport.http_jetty.JettyHTTPServerEngineFactory;

/** Publishes the three ports of echo.wsdl with CXF; prints one JSON line with their addresses when ready, and ends with its stdin. */
public final class EchoServer {
    private static final String NAMESPACE = "urn:soap-secure-conversation:echo";
    private static final Set<String> OPTIONS = Set.of("--http", "--https", "--tls-key", "--tls-certificate", "--service-key",
        "--service-certificate", "--user", "--password", "--lifetime-ms");
    private static final Set<String> FLAGS = Set.of("--streaming", "--explain-faults");

    private EchoServer() {
    }

    public static void main(String[] words) throws Exception {
        Arguments arguments = new Arguments(words, OPTIONS, FLAGS);
        int http = freeUnlessGiven(arguments.number("--http", 0));
        int https = freeUnlessGiven(arguments.number("--https", 0));
        Bus bus = BusFactory.newInstance().createBus();
        BusFactory.setDefaultBus(bus);
        TLSServerParameters tls = new TLSServerParameters();
        tls.setKeyManagers(Pem.identity(Path.of(arguments.text("--tls-certificate")), Path.of(arguments.text("--tls-key"))));
        bus.getExtension(JettyHTTPServerEngineFactory.class).setTLSServerParametersForPort("localhost", https, tls);
        JsonLine ready = new JsonLine();
        Map<String, String> bases = Map.of(
            "EchoTls11", "https://localhost:" + https, "EchoTls13", "https://localhost:" + https, "EchoSymmetric", "http://localhost:" + http);
        for (Map.Entry<String, String> base : bases.entrySet()) {
            String address = base.getValue() + "/" + base.getKey();
            publish(bus, base.getKey(), address, properties(arguments));
            ready.put(base.getKey(), address);
        }
        ready.print();
        System.in.transferTo(OutputStream.nullOutputStream());
        bus.shutdown(true);
        System.exit(0);
    }

    private static void publish(Bus bus, String port, String address, Map<String, Object> properties) {
        EndpointImpl endpoint = new EndpointImpl(bus, new EchoHandler());
        endpoint.setServiceName(new QName(NAMESPACE, "EchoService"));
        endpoint.setEndpointName(new QName(NAMESPACE, port));
        endpoint.setWsdlLocation("wsdl/echo.wsdl");
        endpoint.setProperties(properties);
        endpoint.publish(address);
    }

    private static Map<String, Object> properties(Arguments arguments) throws Exception {
        Map<String, Object> properties = new HashMap<>();
        properties.put("security.callback-handler.sct", Passwords.of(arguments.text("--user"), arguments.text("--password")));
        properties.put("security.encryption.crypto.sct",
            Pem.service(Path.of(arguments.text("--service-certificate")), Path.of(arguments.text("--service-key"))));
        properties.put("ws-security.security.token.lifetime", arguments.text("--lifetime-ms", "300000"));
        if (arguments.has("--explain-faults")) {
            properties.put("ws-security.return.security.error", "true");
        }
        if (arguments.has("--streaming")) {
            properties.put("ws-security.enable.streaming", "true");
        }
        return properties;
    }

    static int freeUnlessGiven(int port) throws IOException {
        if (port != 0) {
            return port;
        }
        try (ServerSocket socket = new ServerSocket(0, 1, InetAddress.getLoopbackAddress())) {
            return socket.getLocalPort();
        }
    }
}
