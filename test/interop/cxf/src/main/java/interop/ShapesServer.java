package interop;

import java.io.OutputStream;
import java.nio.file.Path;
import java.util.HashMap;
import java.util.Map;
import java.util.Set;

import javax.xml.namespace.QName;

import interop.shapes.DocumentShapes;
import interop.shapes.Line;
import interop.shapes.Longer;
import interop.shapes.Order;
import interop.shapes.Refusal;
import interop.shapes.Refused;
import interop.shapes.RpcShapes;
import jakarta.jws.WebService;

import org.apache.cxf.Bus;
import org.apache.cxf.BusFactory;
import org.apache.cxf.configuration.jsse.TLSServerParameters;
import org.apache.cxf.jaxws.EndpointImpl;
import org.apache.cxf.transport.http_jetty.JettyHTTPServerEngineFactory;

/** Publishes the ports of shapes.wsdl with CXF; prints its base address, and ends with its stdin. */
public final class ShapesServer {
    static final String NAMESPACE = "urn:shapes";
    static final String WSDL = "interop-wsdl/shapes.wsdl";
    private static final Set<String> OPTIONS = Set.of("--tls-key", "--tls-certificate", "--user", "--password");

    private ShapesServer() {
    }

    public static void main(String[] words) throws Exception {
        Arguments arguments = new Arguments(words, OPTIONS, Set.of());
        int tlsPort = EchoServer.freeUnlessGiven(0);
        String base = "https://localhost:" + tlsPort;
        Bus bus = BusFactory.newInstance().createBus();
        BusFactory.setDefaultBus(bus);
        TLSServerParameters tls = new TLSServerParameters();
        tls.setKeyManagers(Pem.identity(Path.of(arguments.text("--tls-certificate")), Path.of(arguments.text("--tls-key"))));
        bus.getExtension(JettyHTTPServerEngineFactory.class).setTLSServerParametersForPort("localhost", tlsPort, tls);
        publish(bus, "Document", new DocumentAnswerer(), base, arguments);
        publish(bus, "Rpc", new RpcAnswerer(), base, arguments);
        new JsonLine().put("https", base).print();
        System.in.transferTo(OutputStream.nullOutputStream());
        bus.shutdown(true);
        System.exit(0);
    }

    private static void publish(Bus bus, String port, Object answerer, String base, Arguments arguments) {
        EndpointImpl endpoint = new EndpointImpl(bus, answerer);
        endpoint.setServiceName(new QName(NAMESPACE, "ShapesService"));
        endpoint.setEndpointName(new QName(NAMESPACE, port));
        endpoint.setWsdlLocation(WSDL);
        Map<String, Object> properties = new HashMap<>();
        properties.put("security.callback-handler", Passwords.of(arguments.text("--user"), arguments.text("--password")));
        properties.put("schema-validation-enabled", isValidated(port));
        endpoint.setProperties(properties);
        endpoint.publish(base + "/" + port);
    }

    /** CXF can't validate the parts of style rpc: it looks for their types in no namespace (cvc-elt.4.2). */
    static boolean isValidated(String port) {
        return !port.equals("Rpc");
    }

    /** What an order says, in one line: it can't be said where a name was in another namespace. */
    static String say(Order order) {
        StringBuilder said = new StringBuilder("[" + order.getNote() + "]");
        order.getLine().forEach(line -> said.append(say(line)));
        return said.append(" and ").append(say(order.getExtra())).toString();
    }

    /** What a fault says, likewise. */
    static String say(Refusal refusal) {
        return say(refusal.getLine()) + " of " + refusal.getLeft();
    }

    /** A fault whose line is of the longer type. */
    private static Refusal refusal() {
        Refusal refusal = new Refusal();
        refusal.setLine(order("").getLine().get(0));
        refusal.setLeft(2);
        return refusal;
    }

    private static String say(Line line) {
        String more = line instanceof Longer longer ? "+" + longer.getMore() : "";
        return "(" + line.getId() + ":" + line.getText() + ":" + line.getCount() + ":" + line.getPrice() + more + ")";
    }

    /** An order of each shape. */
    static Order order(String note) {
        Longer longer = new Longer();
        longer.setId("a\"<");
        longer.setText(" two  spaces ");
        longer.getCount().add(1);
        longer.setMore("m");
        Line plain = new Line();
        plain.setText("");
        plain.getCount().add(2);
        plain.getCount().add(3);
        plain.setPrice(7);
        Order order = new Order();
        order.setNote(note);
        order.getLine().add(longer);
        order.getLine().add(plain);
        order.setExtra(plain);
        return order;
    }

    /** Answers what it understood. */
    @WebService(targetNamespace = NAMESPACE, serviceName = "ShapesService", portName = "Document", endpointInterface = "interop.shapes.DocumentShapes")
    public static class DocumentAnswerer implements DocumentShapes {
        @Override
        public Order send(Order question) throws Refused {
            if (question.getNote().equals("refuse")) {
                throw new Refused("refused", refusal());
            }
            return order(say(question));
        }
    }

    /** The same of the other style. */
    @WebService(targetNamespace = NAMESPACE, serviceName = "ShapesService", portName = "Rpc", endpointInterface = "interop.shapes.RpcShapes")
    public static class RpcAnswerer implements RpcShapes {
        @Override
        public Order send(String note, Order question) {
            return order(note + say(question));
        }
    }
}
