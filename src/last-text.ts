/**
 * A function of a text that keeps its last result: a header is asked for several times in a request, and the next
 * request seldom has another.
 */
export function keepingLast<T>(read: (text: string) => T): (text: string) => T {
  let last: { readonly text: string; readonly result: T } | undefined;
  return text => {
    if (text !== last?.text) last = { text, result: read(text) };
    return last.result;
  };
}
