package interop;

import java.nio.file.Path;
import java.util.Map;
import java.util.Set;

import interop.shapes.DocumentShapes;
import interop.shapes.Order;
import interop.shapes.Refused;
import interop.shapes.RpcShapes;
import interop.shapes.ShapesService;
import jakarta.xml.ws.BindingProvider;

import org.apache.cxf.Bus;
import org.apache.cxf.BusFactory;
import org.apache.cxf.configuration.jsse.TLSClientParameters;
import org.apache.cxf.transport.http.HTTPConduitConfigurer;

/** Calls the ports of shapes.wsdl with CXF; prints a JSON line for each, with what it understood. */
public final class ShapesClient {
    private static final Set<String> OPTIONS = Set.of("--https", "--user", "--password", "--ca");

    private ShapesClient() {
    }

    public static void main(String[] words) throws Exception {
        Arguments arguments = new Arguments(words, OPTIONS, Set.of());
        Bus bus = BusFactory.newInstance().createBus();
        BusFactory.setDefaultBus(bus);
        BusFactory.setThreadDefaultBus(bus);
        TLSClientParameters tls = new TLSClientParameters();
        tls.setTrustManagers(Pem.trust(Path.of(arguments.text("--ca"))));
        bus.setExtension((name, address, conduit) -> conduit.setTlsClientParameters(tls), HTTPConduitConfigurer.class);
        ShapesService service = new ShapesService(ShapesClient.class.getResource("/" + ShapesServer.WSDL));
        DocumentShapes document = service.getDocument();
        configure((BindingProvider) document, "Document", arguments);
        print("Document", () -> document.send(ShapesServer.order("note")));
        print("Document", () -> document.send(ShapesServer.order("refuse")));
        RpcShapes rpc = service.getRpc();
        configure((BindingProvider) rpc, "Rpc", arguments);
        print("Rpc", () -> rpc.send(" part ", ShapesServer.order("note")));
        System.exit(0);
    }

    private interface Call {
        Order make() throws Refused;
    }

    private static void print(String port, Call call) {
        JsonLine line = new JsonLine().put("port", port);
        try {
            line.put("said", ShapesServer.say(call.make()));
        } catch (Refused refused) {
            line.put("refused", refused.getMessage() + " " + ShapesServer.say(refused.getFaultInfo()));
        } catch (RuntimeException failure) {
            line.put("error", String.valueOf(failure));
        }
        line.print();
    }

    private static void configure(BindingProvider provider, String port, Arguments arguments) {
        Map<String, Object> request = provider.getRequestContext();
        request.put(BindingProvider.ENDPOINT_ADDRESS_PROPERTY, arguments.text("--https") + "/" + port);
        request.put("security.username", arguments.text("--user"));
        request.put("security.callback-handler", Passwords.of(arguments.text("--user"), arguments.text("--password")));
        request.put("schema-validation-enabled", ShapesServer.isValidated(port));
    }
}
