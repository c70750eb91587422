package interop;

import java.util.HashMap;
import java.util.List;
import java.util.Map;
import java.util.Set;

/** A command line of {@code --name value} pairs and bare {@code --flag}s, checked against the names a program knows. */
final class Arguments {
    private final Map<String, String> values = new HashMap<>();

    Arguments(String[] words, Set<String> options, Set<String> flags) {
        for (int i = 0; i < words.length; i++) {
            String word = words[i];
            if (flags.contains(word)) {
                values.put(word, "true");
            } else if (options.contains(word) && i + 1 < words.length) {
                values.put(word, words[++i]);
            } else {
                throw new IllegalArgumentException("unknown or incomplete argument " + word);
            }
        }
    }

    boolean has(String name) {
        return values.containsKey(name);
    }

    String text(String name) {
        String value = values.get(name);
        if (value == null) {
            throw new IllegalArgumentException("missing argument " + name);
        }
        return value;
    }

    String text(String name, String otherwise) {
        return values.getOrDefault(name, otherwise);
    }

    int number(String name, int otherwise) {
        return has(name) ? Integer.parseInt(text(name)) : otherwise;
    }

    List<String> list(String name) {
        return List.of(text(name).split(","));
    }
}
