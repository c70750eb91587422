package interop;

import java.io.Closeable;
import java.nio.file.Path;
import java.util.Map;
import java.util.Set;

import javax.xml.namespace.QName;

import jakarta.xml.ws.BindingProvider;

import org.apache.cxf.Bus;
import org.apache.cxf.BusFactory;
import org.apache.cxf.binding.soap.SoapBindingConstants;
import org.apache.cxf.binding.soap.SoapMessage;
import org.apache.cxf.binding.soap.interceptor.AbstractSoapInterceptor;
import org.apache.cxf.binding.soap.interceptor.SoapPreProtocolOutInterceptor;
import org.apache.cxf.configuration.jsse.TLSClientParameters;
import org.apache.cxf.configuration.security.AuthorizationPolicy;
import org.apache.cxf.phase.Phase;
import org.apache.cxf.transport.http.HTTPConduitConfigurer;
import org.apache.cxf.transports.http.configuration.HTTPClientPolicy;
import org.xmlsoap.ping.Ping;

import wssec.wssc.IPingService;
import wssec.wssc.PingRequest;
import wssec.wssc.PingService;

/** Calls ports of the ping service, each through a proxy of its own, and prints a JSON line for each. */
public final class PingClient {
    private static final String NAMESPACE = "http://WSSec/wssc";
    private static final long TIMEOUT_MS = 20_000;
    private static final Set<String> OPTIONS = Set.of("--ports", "--http", "--https", "--user", "--password", "--ca",
        "--service-certificate", "--client-certificate", "--client-key", "--wsdl");
    private static final Set<String> FLAGS = Set.of("--streaming", "--no-soap-action", "--plain");

    private PingClient() {
    }

    public static void main(String[] words) throws Exception {
        Arguments arguments = new Arguments(words, OPTIONS, FLAGS);
        Bus bus = BusFactory.newInstance().createBus();
        BusFactory.setDefaultBus(bus);
        BusFactory.setThreadDefaultBus(bus);
        // For the whole bus: the configuration of one conduit would not reach the client that CXF bootstraps with.
        bus.setExtension(conduits(arguments), HTTPConduitConfigurer.class);
        if (arguments.has("--no-soap-action")) {
            bus.getOutInterceptors().add(new NoSoapAction());
        }
        String given = arguments.text("--wsdl", "");
        PingService service = new PingService(given.isEmpty()
            ? PingClient.class.getResource("/" + PingServer.wsdl(arguments))
            : Path.of(given).toUri().toURL());
        for (String port : arguments.list("--ports")) {
            call(service, port, arguments);
        }
        System.exit(0);
    }

    private static void call(PingService service, String name, Arguments arguments) throws Exception {
        JsonLine line = new JsonLine().put("port", name);
        IPingService port = service.getPort(new QName(NAMESPACE, name), IPingService.class);
        try {
            configure((BindingProvider) port, name, arguments);
            // A proxy that has cancelled its conversation is of no use any more; others show with a second call that theirs goes on.
            int calls = name.startsWith("_") ? 1 : 2;
            for (int i = 0; i < calls; i++) {
                String text = "ping " + i + " ä <&>";
                String answer = port.ping(request(text)).getPingResponse().getText();
                if (!answer.equals("CXF : " + text)) {
                    throw new IllegalStateException("the answer is not that of the question");
                }
            }
            line.put("ok", true);
        } catch (Exception failure) {
            line.put("ok", false).put("error", describe(failure));
        } finally {
            line.print();
            ((Closeable) port).close();
        }
    }

    private static void configure(BindingProvider provider, String name, Arguments arguments) throws Exception {
        Map<String, Object> request = provider.getRequestContext();
        String base = arguments.text(name.contains("OverTransport") ? "--https" : "--http");
        request.put(BindingProvider.ENDPOINT_ADDRESS_PROPERTY, base + "/" + name);
        String of = PingServer.suffix(arguments);
        request.put("security.username" + of, arguments.text("--user"));
        request.put("security.callback-handler" + of, Passwords.of(arguments.text("--user"), arguments.text("--password")));
        request.put("security.encryption.crypto" + of, Pem.recipient(Path.of(arguments.text("--service-certificate"))));
        request.put("security.encryption.username" + of, Pem.SERVICE);
        if (PingServer.knowsClientsByCertificate(name)) {
            request.put("security.signature.crypto" + of, Pem.identityIn(Path.of(arguments.text("--client-certificate")),
                Path.of(arguments.text("--client-key")), Path.of(arguments.text("--ca"))));
            request.put("security.signature.username" + of, Pem.SERVICE);
        }
        if (name.startsWith("_")) {
            request.put("security.sts.token.do.cancel", true);
        }
        if (arguments.has("--streaming")) {
            request.put("ws-security.enable.streaming", "true");
            provider.getResponseContext().put("ws-security.enable.streaming", "true");
        }
    }

    private static PingRequest request(String text) {
        Ping ping = new Ping();
        ping.setScenario("Scenario5");
        ping.setOrigin("CXF");
        ping.setText(text);
        PingRequest request = new PingRequest();
        request.setPing(ping);
        return request;
    }

    private static HTTPConduitConfigurer conduits(Arguments arguments) throws Exception {
        TLSClientParameters tls = new TLSClientParameters();
        tls.setTrustManagers(Pem.trust(Path.of(arguments.text("--ca"))));
        HTTPClientPolicy http = new HTTPClientPolicy();
        http.setVersion("1.1");
        http.setConnectionTimeout(TIMEOUT_MS);
        http.setReceiveTimeout(TIMEOUT_MS);
        // Where a server asks for it; each port decides whether it wants to know who that is.
        tls.setKeyManagers(Pem.identity(Path.of(arguments.text("--client-certificate")), Path.of(arguments.text("--client-key"))));
        return (name, address, conduit) -> {
            conduit.setTlsClientParameters(tls);
            conduit.setClient(http);
            if (address.contains("Basic")) {
                AuthorizationPolicy said = new AuthorizationPolicy();
                said.setUserName(arguments.text("--user"));
                said.setPassword(arguments.text("--password"));
                conduit.setAuthorization(said);
            }
        };
    }

    private static String describe(Throwable failure) {
        StringBuilder text = new StringBuilder();
        for (Throwable at = failure; at != null; at = at.getCause()) {
            text.append(text.isEmpty() ? "" : " < ").append(at.getClass().getSimpleName()).append(": ").append(at.getMessage());
        }
        return text.toString();
    }

    /** Sends an empty action over HTTP, with all messages. */
    private static final class NoSoapAction extends AbstractSoapInterceptor {
        NoSoapAction() {
            super(Phase.POST_LOGICAL);
            addBefore(SoapPreProtocolOutInterceptor.class.getName());
        }

        @Override
        public void handleMessage(SoapMessage message) {
            message.put(SoapBindingConstants.SOAP_ACTION, "");
        }
    }
}
