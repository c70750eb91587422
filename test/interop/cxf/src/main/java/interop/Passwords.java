package interop;

import java.util.Map;

import javax.security.auth.callback.Callback;
import javax.security.auth.callback.CallbackHandler;

import org.apache.wss4j.common.ext.WSPasswordCallback;

/**
 * Passwords by name: of the user, and of the key in an in-memory store.
 * Unknown names get none: WSS4J asks the same handler for the secrets of security context tokens.
 */
record Passwords(Map<String, String> byName) implements CallbackHandler {
    static Passwords of(String user, String password) {
        return new Passwords(Map.of(user, password, Pem.SERVICE, Pem.STORE_PASSWORD));
    }

    @Override
    public void handle(Callback[] callbacks) {
        for (Callback callback : callbacks) {
            if (callback instanceof WSPasswordCallback asked && asked.getIdentifier() != null) {
                asked.setPassword(byName.get(asked.getIdentifier()));
            }
        }
    }
}
