import { keepingLast } from '../last-text.ts';

/** A media type with its parameters, names in lower case. */
export interface ContentType {
  readonly text: string;
  /** `application/soap+xml` */
  readonly type: string;
  readonly parameters: ReadonlyMap<string, string>;
}

const mediaType = /^[!#$%&'*+.^`|~\w-]+\/[!#$%&'*+.^`|~\w-]+[ \t]*/;

/**
 * One parameter, or the nothing that may stand in its place (RFC 9110 §5.6.6). A quoted value goes without quoted pairs
 * and without what is not ASCII: no charset and no action needs them, and not everyone on the way undoes them. For the
 * same reason no name has a `*`: `charset*` is another form of `charset` (RFC 8187 §3.2), and `action*0` a part of one.
 */
const parameter = /;[ \t]*(?:([!#$%&'+.^`|~\w-]+)=(?:([!#$%&'*+.^`|~\w-]+)|"([\t !#-[\]-~]*)")[ \t]*)?/y;

/**
 * More than any media type has. Anyone may give names, and Node 20.19 puts those of digits where the sender wants them.
 */
const maxParameters = 16;

/**
 * Reads a Content-Type (RFC 9110 §8.3.1) as everyone on the way must read it.
 * @returns undefined where it is malformed, has more than 16 parameters, or one twice, of which two readers could take
 * either
 */
export const parseContentType: (text: string) => ContentType | undefined = keepingLast(parse);

function parse(text: string): ContentType | undefined {
  const [head] = mediaType.exec(text) ?? [];
  if (head === undefined) return undefined;
  const parameters = new Map<string, string>();
  for (let at = head.length; at < text.length; at = parameter.lastIndex) {
    parameter.lastIndex = at;
    const found = parameter.exec(text);
    if (found === null) return undefined;
    const [, name, token, quoted] = found;
    if (name === undefined) continue;
    if (parameters.size >= maxParameters || parameters.has(name.toLowerCase())) return undefined;
    parameters.set(name.toLowerCase(), token ?? quoted ?? '');
  }
  return { text, type: head.trimEnd().toLowerCase(), parameters };
}
