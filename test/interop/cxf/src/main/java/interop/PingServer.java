package interop;

import java.io.OutputStream;
import java.nio.file.Path;
import java.util.HashMap;
import java.util.List;
import java.util.Map;
import java.util.Set;

import javax.xml.namespace.QName;

import jakarta.jws.WebService;

import org.apache.cxf.Bus;
import org.apache.cxf.BusFactory;
import org.apache.cxf.configuration.jsse.TLSServerParameters;
import org.apache.cxf.configuration.security.ClientAuthentication;
import org.apache.cxf.jaxws.EndpointImpl;
import org.apache.cxf.transport.http_jetty.JettyHTTPServerEngineFactory;
import org.xmlsoap.ping.Ping;

import wssec.wssc.IPingService;
import wssec.wssc.PingRequest;
import wssec.wssc.PingResponse;

/** Publishes ports of the ping service with CXF; prints one JSON line with its base addresses when ready, and ends with its stdin. */
public final class PingServer {
    private static final String NAMESPACE = "http://WSSec/wssc";
    private static final Set<String> OPTIONS = Set.of("--ports", "--tls-key", "--tls-certificate", "--service-key",
        "--service-certificate", "--ca", "--user", "--password");
    private static final Set<String> FLAGS = Set.of("--streaming", "--plain");

    private PingServer() {
    }

    public static void main(String[] words) throws Exception {
        Arguments arguments = new Arguments(words, OPTIONS, FLAGS);
        String http = "http://localhost:" + EchoServer.freeUnlessGiven(0);
        int tlsPort = EchoServer.freeUnlessGiven(0);
        String https = "https://localhost:" + tlsPort;
        Bus bus = BusFactory.newInstance().createBus();
        BusFactory.setDefaultBus(bus);
        TLSServerParameters tls = new TLSServerParameters();
        tls.setKeyManagers(Pem.identity(Path.of(arguments.text("--tls-certificate")), Path.of(arguments.text("--tls-key"))));
        ClientAuthentication asked = new ClientAuthentication();
        asked.setWant(true);
        tls.setClientAuthentication(asked);
        tls.setTrustManagers(Pem.trust(Path.of(arguments.text("--ca"))));
        bus.getExtension(JettyHTTPServerEngineFactory.class).setTLSServerParametersForPort("localhost", tlsPort, tls);
        List<String> ports = arguments.list("--ports");
        for (String port : ports) {
            publish(bus, port, (port.contains("OverTransport") ? https : http) + "/" + port, arguments);
        }
        new JsonLine().put("http", http).put("https", https).print();
        System.in.transferTo(OutputStream.nullOutputStream());
        bus.shutdown(true);
        System.exit(0);
    }

    /** The WSDL of ports with a conversation, or of plain ones. */
    static String wsdl(Arguments arguments) {
        return arguments.has("--plain") ? "interop-wsdl/plain-ping.wsdl" : "interop-wsdl/ping.wsdl";
    }

    /** What the properties of a bootstrap end with, and those of a plain port do not. */
    static String suffix(Arguments arguments) {
        return arguments.has("--plain") ? "" : ".sct";
    }

    /** Rows whose clients prove themselves by an X.509 certificate. */
    static boolean knowsClientsByCertificate(String port) {
        return port.contains("Endorsed") || port.contains("Certificates") || port.startsWith("X") || port.startsWith("_X") || port.contains("MutualCertificate");
    }

    private static void publish(Bus bus, String port, String address, Arguments arguments) throws Exception {
        EndpointImpl endpoint = new EndpointImpl(bus, new Answerer());
        endpoint.setServiceName(new QName(NAMESPACE, "PingService"));
        endpoint.setEndpointName(new QName(NAMESPACE, port));
        endpoint.setWsdlLocation(wsdl(arguments));
        endpoint.setProperties(properties(port, arguments));
        endpoint.publish(address);
    }

    private static Map<String, Object> properties(String port, Arguments arguments) throws Exception {
        Path certificate = Path.of(arguments.text("--service-certificate"));
        Path key = Path.of(arguments.text("--service-key"));
        String of = suffix(arguments);
        Map<String, Object> properties = new HashMap<>();
        properties.put("security.callback-handler" + of, Passwords.of(arguments.text("--user"), arguments.text("--password")));
        properties.put("security.encryption.crypto" + of, Pem.service(certificate, key));
        if (knowsClientsByCertificate(port)) {
            properties.put("security.signature.crypto" + of, Pem.identityIn(certificate, key, Path.of(arguments.text("--ca"))));
        }
        if (port.startsWith("_X10") || port.contains("Certificates")) {
            // What encrypts answers also verifies requests: CXF takes it for the peer's side of an AsymmetricBinding.
            properties.put("security.encryption.crypto" + of, Pem.identityIn(certificate, key, Path.of(arguments.text("--ca"))));
            properties.put("security.encryption.username" + of, "useReqSigCert");
            properties.put("security.signature.username" + of, Pem.SERVICE);
        }
        properties.put("ws-security.return.security.error", "true");
        if (arguments.has("--streaming")) {
            properties.put("ws-security.enable.streaming", "true");
        }
        return properties;
    }

    /** The ping service. */
    @WebService(targetNamespace = NAMESPACE, serviceName = "PingService", endpointInterface = "wssec.wssc.IPingService")
    public static class Answerer implements IPingService {
        @Override
        public PingResponse ping(PingRequest request) {
            Ping ping = request.getPing();
            org.xmlsoap.ping.PingResponse said = new org.xmlsoap.ping.PingResponse();
            said.setScenario(ping.getScenario());
            said.setOrigin("CXF");
            said.setText(ping.getOrigin() + " : " + ping.getText());
            PingResponse answer = new PingResponse();
            answer.setPingResponse(said);
            return answer;
        }
    }
}
