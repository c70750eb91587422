/** The digits, and the sign that is put before them, are among the characters up to this one. */
const nine = 0x39;

/**
 * Key in a Map or Set of a text that somebody else chose, another one for each text. Node 20.19 hashes a text of digits
 * to its number, so that a peer that chooses many could give all of them one place in the table; hashes of other texts
 * can't be foreseen.
 */
export function tableKey(text: string): string {
  return text.charCodeAt(0) <= nine ? `#${text}` : text;
}
