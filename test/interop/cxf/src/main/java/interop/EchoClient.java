package interop;

import java.io.BufferedReader;
import java.io.InputStreamReader;
import java.nio.charset.StandardCharsets;
import java.util.LinkedHashSet;
import java.util.Set;

import javax.xml.namespace.QName;

import org.apache.cxf.binding.soap.SoapFault;

import interop.echo.Add;
import interop.echo.Echo;
import interop.echo.WhoAmI;
import interop.echo.WhoAmIResponse;

/**
 * Calls one port through one proxy, whose address changes between calls, and prints a JSON line for each call and one at the end.
 * With {@code --wait-for-line} each call waits for a line on stdin, which may name the address of that call; the end of stdin is the end.
 */
public final class EchoClient {
    private static final Set<String> OPTIONS = Set.of("--port", "--addresses", "--user", "--password", "--ca", "--service-certificate",
        "--calls", "--switch", "--operation", "--text");
    private static final Set<String> FLAGS = Set.of("--streaming", "--wait-for-line", "--cancel");

    private final EchoProxy proxy;
    private final String operation;
    private final String text;
    private final Set<String> contexts = new LinkedHashSet<>();
    private int calls;
    private int failed;

    private EchoClient(EchoProxy proxy, String operation, String text) {
        this.proxy = proxy;
        this.operation = operation;
        this.text = text;
    }

    public static void main(String[] words) throws Exception {
        Arguments arguments = new Arguments(words, OPTIONS, FLAGS);
        Schedule schedule = Schedule.parse(arguments.text("--switch", "every:1"), arguments.list("--addresses"));
        BufferedReader lines = arguments.has("--wait-for-line")
            ? new BufferedReader(new InputStreamReader(System.in, StandardCharsets.UTF_8))
            : null;
        int count = arguments.number("--calls", lines == null ? 1 : Integer.MAX_VALUE);
        int failed;
        try (EchoProxy proxy = new EchoProxy(arguments)) {
            EchoClient client = new EchoClient(proxy, arguments.text("--operation", "whoami"), arguments.text("--text", "ä <&> €"));
            client.run(schedule, count, lines);
            failed = client.failed;
        }
        System.exit(failed == 0 ? 0 : 1);
    }

    private void run(Schedule schedule, int count, BufferedReader lines) throws Exception {
        for (int i = 0; i < count; i++) {
            String line = lines == null ? "" : lines.readLine();
            if (line == null) {
                break;
            }
            call(line.isBlank() ? schedule.address(i) : line.strip());
        }
        new JsonLine().put("calls", calls).put("failed", failed).put("contexts", contexts.size()).print();
    }

    private void call(String address) {
        JsonLine line = new JsonLine().put("call", ++calls).put("address", address);
        proxy.turnTo(address);
        long startedNs = System.nanoTime();
        try {
            perform(line);
            line.put("ok", true);
        } catch (Exception failure) {
            failed++;
            describe(failure, line.put("ok", false));
        }
        if (proxy.contextId() != null) {
            contexts.add(proxy.contextId());
        }
        line.put("ms", (System.nanoTime() - startedNs) / 1_000_000.0).put("context", proxy.contextId()).print();
    }

    private void perform(JsonLine line) {
        switch (operation) {
            case "whoami" -> {
                WhoAmIResponse answer = proxy.port.whoAmI(new WhoAmI());
                line.put("user", answer.getUser()).put("roles", answer.getRole()).put("contextId", answer.getContextId())
                    .put("node", answer.getNode()).put("openedFrom", answer.getOpenedFrom());
            }
            case "echo" -> {
                Echo request = new Echo();
                request.setText(text);
                check(text, proxy.port.echo(request).getText());
            }
            case "add" -> {
                Add request = new Add();
                request.setA(calls);
                request.setB(40);
                check(calls + 40, proxy.port.add(request).getSum());
            }
            default -> throw new IllegalArgumentException("--operation is whoami, echo or add");
        }
    }

    private static void check(Object expected, Object actual) {
        if (!expected.equals(actual)) {
            throw new IllegalStateException("the answer is not that of the question");
        }
    }

    /** The first SOAP fault behind a failure by code and subcode, and always the innermost cause. */
    private static void describe(Throwable failure, JsonLine line) {
        Throwable inner = failure;
        for (Throwable at = failure; at != null; at = at.getCause()) {
            inner = at;
            if (at instanceof SoapFault fault) {
                line.put("code", name(fault.getFaultCode())).put("subcode", name(fault.getSubCode())).put("reason", fault.getReason());
                break;
            }
        }
        line.put("error", inner.getClass().getSimpleName() + ": " + inner.getMessage());
    }

    private static String name(QName name) {
        return name == null ? null : name.toString();
    }
}
