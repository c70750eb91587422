package interop;

import java.io.Closeable;
import java.io.IOException;
import java.nio.file.Path;
import java.util.Map;

import javax.xml.namespace.QName;

import jakarta.xml.ws.BindingProvider;

import org.apache.cxf.Bus;
import org.apache.cxf.BusFactory;
import org.apache.cxf.configuration.jsse.TLSClientParameters;
import org.apache.cxf.frontend.ClientProxy;
import org.apache.cxf.transport.http.HTTPConduitConfigurer;
import org.apache.cxf.transports.http.configuration.HTTPClientPolicy;

import interop.echo.EchoPortType;
import interop.echo.EchoService;

/** One CXF proxy of one WSDL port: one conversation, whatever address its calls go to. */
final class EchoProxy implements Closeable {
    private static final String NAMESPACE = "urn:soap-secure-conversation:echo";
    private static final long TIMEOUT_MS = 30_000;

    final EchoPortType port;

    EchoProxy(Arguments arguments) throws Exception {
        Bus bus = BusFactory.newInstance().createBus();
        BusFactory.setDefaultBus(bus);
        BusFactory.setThreadDefaultBus(bus);
        // For the whole bus: the configuration of one conduit would not reach the client that CXF bootstraps with.
        bus.setExtension(conduits(arguments), HTTPConduitConfigurer.class);
        EchoService service = new EchoService(EchoProxy.class.getResource("/wsdl/echo.wsdl"));
        port = service.getPort(new QName(NAMESPACE, arguments.text("--port")), EchoPortType.class);
        Map<String, Object> request = context();
        request.put("security.username.sct", arguments.text("--user"));
        request.put("security.callback-handler.sct", Passwords.of(arguments.text("--user"), arguments.text("--password")));
        if (arguments.has("--service-certificate")) {
            request.put("security.encryption.crypto.sct", Pem.recipient(Path.of(arguments.text("--service-certificate"))));
            request.put("security.encryption.username.sct", Pem.SERVICE);
        }
        if (arguments.has("--cancel")) {
            request.put("security.sts.token.do.cancel", true);
        }
        if (arguments.has("--streaming")) {
            request.put("ws-security.enable.streaming", "true");
            ((BindingProvider) port).getResponseContext().put("ws-security.enable.streaming", "true");
        }
    }

    private static HTTPConduitConfigurer conduits(Arguments arguments) throws Exception {
        TLSClientParameters tls = new TLSClientParameters();
        if (arguments.has("--ca")) {
            tls.setTrustManagers(Pem.trust(Path.of(arguments.text("--ca"))));
        }
        HTTPClientPolicy http = new HTTPClientPolicy();
        http.setVersion("1.1");
        http.setConnectionTimeout(TIMEOUT_MS);
        http.setReceiveTimeout(TIMEOUT_MS);
        return (name, address, conduit) -> {
            conduit.setTlsClientParameters(tls);
            conduit.setClient(http);
        };
    }

    /** Sends the next calls to another address. */
    void turnTo(String address) {
        context().put(BindingProvider.ENDPOINT_ADDRESS_PROPERTY, address);
    }

    /** Identifier of the security context token that CXF holds for this proxy, or null before the first call. */
    String contextId() {
        return (String) ClientProxy.getClient(port).getEndpoint().get("ws-security.token.id");
    }

    private Map<String, Object> context() {
        return ((BindingProvider) port).getRequestContext();
    }

    @Override
    public void close() throws IOException {
        ((Closeable) port).close();
    }
}
