package interop;

import java.security.Principal;

import jakarta.annotation.Resource;
import jakarta.jws.WebService;
import jakarta.xml.ws.WebServiceContext;

import interop.echo.Add;
import interop.echo.AddResponse;
import interop.echo.Echo;
import interop.echo.EchoPortType;
import interop.echo.EchoResponse;
import interop.echo.WhoAmI;
import interop.echo.WhoAmIResponse;

/** The example service's operations. */
@WebService(
    targetNamespace = "urn:soap-secure-conversation:echo",
    serviceName = "EchoService",
    endpointInterface = "interop.echo.EchoPortType")
public class EchoHandler implements EchoPortType {
    @Resource
    private WebServiceContext context;

    @Override
    public EchoResponse echo(Echo request) {
        EchoResponse answer = new EchoResponse();
        answer.setText(request.getText());
        return answer;
    }

    @Override
    public AddResponse add(Add request) {
        AddResponse answer = new AddResponse();
        answer.setSum(request.getA() + request.getB());
        return answer;
    }

    /** CXF keeps the user of the bootstrap with the token; of the token itself it tells the service nothing. */
    @Override
    public WhoAmIResponse whoAmI(WhoAmI request) {
        Principal user = context.getUserPrincipal();
        WhoAmIResponse answer = new WhoAmIResponse();
        answer.setUser(user == null ? "" : user.getName());
        answer.setContextId("");
        answer.setNode("cxf");
        answer.setOpenedFrom("store");
        return answer;
    }
}
