package interop;

import java.util.List;

/** Which address call number n goes to: {@code every:K} changes after K calls and wraps round, {@code after:K} changes after K calls and stays on the last. */
record Schedule(List<String> addresses, int calls, boolean wraps) {
    static Schedule parse(String text, List<String> addresses) {
        String[] parts = text.split(":", 2);
        boolean known = parts.length == 2 && (parts[0].equals("every") || parts[0].equals("after"));
        if (!known) {
            throw new IllegalArgumentException("--switch is every:K or after:K");
        }
        return new Schedule(addresses, Integer.parseInt(parts[1]), parts[0].equals("every"));
    }

    String address(int call) {
        int step = call / calls;
        return addresses.get(wraps ? step % addresses.size() : Math.min(step, addresses.size() - 1));
    }
}
