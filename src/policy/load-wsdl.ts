import { ConfigurationError } from '../errors.ts';
import { type Describes, flag, object, text, where } from '../fields.ts';
import { type DocumentText, parseDocument, readDocumentText } from './document.ts';
import { linksOf } from './document-links.ts';
import { type Fetching, fetchDocument, fetchLimits, whyNotFetched } from './fetch-document.ts';
import {
  addressOf,
  type DocumentKind,
  isUrl,
  type Locate,
  locateFile,
  parseWsdl,
  readWsdl,
  type Wsdl,
} from './wsdl.ts';

/** A WSDL that was read with all documents that belong to it. */
export interface LoadedWsdl {
  /** The file or address that it was read from. */
  readonly name: string;
}

/** Options of {@link loadWsdl}. */
export interface LoadWsdlOptions {
  /**
   * Whether addresses that a file imports are fetched; else only files are read. Default: false. What is imported by a
   * WSDL that was fetched is fetched, too.
   */
  readonly fetchImports?: boolean;
  /** Whether documents are fetched from other machines without TLS. Default: false. */
  readonly allowHttp?: boolean;
  /** CA certificates to trust for TLS (PEM). Default: Node's own. */
  readonly ca?: string;
}

/** Reads what is given of {@link LoadWsdlOptions}. */
export const loadWsdlOptions = object({
  fetchImports: {
    is: flag,
    default: false,
    means: 'Whether addresses that a file imports are fetched; else only files are read.',
  },
  allowHttp: {
    is: flag,
    default: false,
    means: 'Whether documents are fetched from other machines without TLS.',
  },
  ca: { is: text, without: "Node's own", means: 'CA certificates to trust for TLS (PEM).' },
} satisfies Describes<LoadWsdlOptions>);

/**
 * Reads a WSDL with all that it imports, includes and refers to: from files, or over HTTP.
 *
 * What a WSDL says decides how messages are protected, so it is fetched over TLS, or from this machine, unless
 * `allowHttp` is given; a redirect stays at its host. At most 64 documents of 1 MiB each are fetched, in 30 s.
 * @param location a file or an address
 * @throws {SecureConversationError} `WSDL_INVALID` with file and line, and the address of what is missing;
 * `CONFIG_INVALID` for an option that can't be; rejects with it
 */
export async function loadWsdl(location: string, options: LoadWsdlOptions = {}): Promise<LoadedWsdl> {
  const { fetchImports, allowHttp, ca } = loadWsdlOptions.read(options, { of: 'loadWsdl', path: '' });
  const fetching = { ca, allowHttp, signal: AbortSignal.timeout(fetchLimits.ms) };
  const source = isUrl(location) ? await fetchFirst(location, fetching) : readDocumentText(location);
  const outcomes = await collect(source, fetching, fetchImports);
  return keep(parseWsdl(source, locateIn(outcomes, fetchImports)));
}

/** What was read, by what the caller has of it. */
const loaded = new WeakMap<LoadedWsdl, Wsdl>();

function keep(wsdl: Wsdl): LoadedWsdl {
  const handle = Object.freeze({ name: wsdl.name });
  loaded.set(handle, wsdl);
  return handle;
}

/** A WSDL file, or what {@link loadWsdl} gave. */
export const wsdlSource = where<string | LoadedWsdl>(
  { type: 'path, or a loaded WSDL' },
  value => (typeof value === 'string' ? value !== '' : loaded.has(value as LoadedWsdl)),
  'must be a path, or what loadWsdl gave',
);

/** The WSDL of such a source. @throws {SecureConversationError} `WSDL_INVALID` */
export function openWsdl(source: string | LoadedWsdl): Wsdl {
  return typeof source === 'string' ? readWsdl(source) : (loaded.get(source) as Wsdl);
}

function fetchFirst(location: string, fetching: Fetching): Promise<DocumentText> {
  const reason = URL.canParse(location) ? whyNotFetched(new URL(location), undefined, fetching) : 'no address';
  if (reason === undefined) return fetchDocument(new URL(location), fetching);
  throw new ConfigurationError('WSDL_INVALID', `${location}: ${reason}`);
}

/** What became of the addresses that documents lead to. */
type Outcomes = Map<string, DocumentText | ConfigurationError>;

/** Fetches what a document leads to, and what that leads to. What can't be had is refused where it is referred to. */
async function collect(source: DocumentText, fetching: Fetching, fetchImports: boolean): Promise<Outcomes> {
  const outcomes: Outcomes = new Map();
  const documents = new Map([[source.name, source]]);
  for (const document of documents.values()) {
    for (const { location, kind } of linksOf(parseDocument(document))) {
      const target = targetOf(location, document.name, fetchImports);
      const found =
        target === undefined
          ? tryFile(location, document.name, kind)
          : await outcomeOf({ target, from: document.name, kind }, outcomes, fetching);
      if (found !== undefined && !documents.has(found.name)) documents.set(found.name, found);
    }
  }
  return outcomes;
}

/** The address that a location means; undefined for a file, and for an address that is not to be fetched. */
function targetOf(location: string, from: string, fetchImports: boolean): URL | undefined {
  const address = addressOf(location, from);
  return isUrl(from) || (fetchImports && /^https?:$/.test(address?.protocol ?? '')) ? address : undefined;
}

function tryFile(location: string, from: string, kind: DocumentKind): DocumentText | undefined {
  if (isUrl(from)) return undefined;
  try {
    return locateFile(location, from, kind);
  } catch (error) {
    // It is refused where it is referred to, when the whole WSDL is read.
    if (!(error instanceof ConfigurationError)) throw error;
    return undefined;
  }
}

/** A reference to an address. */
interface Wanted {
  readonly target: URL;
  readonly from: string;
  readonly kind: DocumentKind;
}

async function outcomeOf(wanted: Wanted, outcomes: Outcomes, fetching: Fetching): Promise<DocumentText | undefined> {
  const { href } = wanted.target;
  const outcome = outcomes.get(href) ?? (await fetchAllowed(wanted, outcomes.size, fetching));
  if (outcome !== undefined) outcomes.set(href, outcome);
  return outcome instanceof ConfigurationError ? undefined : outcome;
}

/** A schema that may not be fetched is left out, as it is where nothing is: a plan needs none. */
async function fetchAllowed(
  { target, from, kind }: Wanted,
  fetched: number,
  fetching: Fetching,
): Promise<DocumentText | ConfigurationError | undefined> {
  const reason =
    fetched >= fetchLimits.documents
      ? `more than ${fetchLimits.documents} documents`
      : whyNotFetched(target, isUrl(from) ? new URL(from) : undefined, fetching);
  if (reason !== undefined && kind === 'xsd') return undefined;
  if (reason !== undefined) return new ConfigurationError('WSDL_INVALID', `${target.href} is not fetched: ${reason}`);
  return fetchDocument(target, fetching).catch((error: unknown) => {
    if (error instanceof ConfigurationError) return error;
    throw error;
  });
}

/** Finds what was fetched. */
function locateIn(outcomes: Outcomes, fetchImports: boolean): Locate {
  return (location, from, kind) => {
    const target = targetOf(location, from, fetchImports);
    if (target === undefined) return isUrl(from) ? undefined : locateFile(location, from, kind);
    const outcome = outcomes.get(target.href);
    if (outcome instanceof ConfigurationError) throw outcome;
    return outcome;
  };
}
