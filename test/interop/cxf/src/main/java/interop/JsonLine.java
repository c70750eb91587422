package interop;

import java.util.ArrayList;
import java.util.List;
import java.util.StringJoiner;

/** One JSON object on one line: the programs' only output on stdout. */
final class JsonLine {
    private final StringJoiner members = new StringJoiner(",", "{", "}");

    JsonLine put(String name, Object value) {
        members.add(quote(name) + ":" + write(value));
        return this;
    }

    void print() {
        System.out.println(members);
        System.out.flush();
    }

    private static String write(Object value) {
        if (value == null || value instanceof Number || value instanceof Boolean) {
            return String.valueOf(value);
        }
        if (value instanceof JsonLine line) {
            return line.members.toString();
        }
        if (value instanceof List<?> list) {
            List<String> items = new ArrayList<>();
            list.forEach(item -> items.add(write(item)));
            return "[" + String.join(",", items) + "]";
        }
        return quote(value.toString());
    }

    private static String quote(String text) {
        StringBuilder out = new StringBuilder("\"");
        for (char c : text.toCharArray()) {
            if (c == '"' || c == '\\') {
                out.append('\\').append(c);
            } else if (c < ' ' || c > '~') {
                out.append(String.format("\\u%04x", (int) c));
            } else {
                out.append(c);
            }
        }
        return out.append('"').toString();
    }
}
