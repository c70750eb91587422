import { createHash } from 'node:crypto';
import { readFileSync, statSync } from 'node:fs';
import { DOMParser, onErrorStopParsing, ParseError } from '@xmldom/xmldom';
import { secretBytes } from '../crypto/secret-key.ts';
import { ConfigurationError, Refusal, SecureConversationError } from '../errors.ts';
import { defaultLimits } from '../xml/limits.ts';
import { scan } from '../xml/scan.ts';
import { attributeValue, type Element } from '../xml/tree.ts';
import { type MachineKeyConfig, type MachineKeySettings, type Problem, parseMachineKey } from './config.ts';

/*
 * Where the machineKey of a web.config is looked for: configuration/system.web/machineKey, and the same inside a
 * location that means the application itself (no path, an empty one, "."). A location with another path is another
 * application's business, so it is passed over. There must be one. A file whose root is the machineKey is taken too:
 * what configSource names looks like that.
 */

const maxBytes = 1024 * 1024;
const limits = { ...defaultLimits, maxBytes, maxValueChars: maxBytes };

/** Elements of a configuration are in no namespace, or in the one that Visual Studio 2005 wrote on the root. */
const namespaces: readonly string[] = ['', 'http://schemas.microsoft.com/.NetConfiguration/v2.0'];

const attributeNames: readonly string[] = [
  ...['validationKey', 'decryptionKey', 'validation', 'decryption'],
  ...['compatibilityMode', 'applicationName', 'dataProtectorType', 'configSource', 'configProtectionProvider'],
  // Every section may have these; they say what nested files may change.
  ...['lockAttributes', 'lockAllAttributesExcept', 'lockElements', 'lockAllElementsExcept', 'lockItem'],
];
const compatibilityModes: readonly string[] = ['Framework20SP1', 'Framework20SP2', 'Framework45'];

/**
 * SHA-256 of the keys BDE5239F… (validationKey) and 8E8496D7… (decryptionKey), which stand in an article on the web and
 * in every web.config that was copied from it.
 */
const publicKeys: readonly string[] = [
  '1649382d350109c40d1fca6beb4df7eec67ef5edd7d476b0ebb6bb0c481ea081',
  '84a030a25374527b5ca22bf711d3f1316084f72e99015025a9901273324f23bd',
];

/**
 * Reads the machineKey of a web.config, at most 1 MiB of UTF-8.
 *
 * @param examples whether keys that everybody knows are `taken`: only where nothing is trusted because of them
 * @throws {SecureConversationError} `CONFIG_INVALID`, one sentence that names file and line, and never quotes a value
 */
export function readWebConfig(
  file: string,
  examples: { readonly publicKeys: 'refused' | 'taken' },
): MachineKeySettings {
  const element = findMachineKey(scanned(file), file);
  const fail: Problem = (place, problem) =>
    errorAt(file, element, `machineKey ${place === '' ? '' : `${place} `}${problem}`);
  checkReadable(element, fail);
  const settings = parseMachineKey(attributesOf(element, fail), fail);
  if (examples.publicKeys === 'refused') refusePublicKeys(settings, fail);
  return settings;
}

const tooLarge = `is larger than ${maxBytes} bytes`;
const scanProblems: Readonly<Record<string, string>> = {
  'xml-bytes': tooLarge,
  'xml-encoding': 'is not UTF-8',
  'xml-declaration': 'declares another XML version than 1.0 or another encoding than UTF-8',
  'xml-doctype': 'has a document type declaration, which is not read',
  'xml-processing-instruction': 'has a processing instruction, which is not read',
};

function scanned(file: string): Element {
  const bytes = readBytes(file);
  try {
    return scan(bytes, limits).root;
  } catch (cause) {
    if (!(cause instanceof Refusal)) throw cause;
    if (isUtf16(bytes)) throw configError(file, 'is UTF-16: save it as UTF-8');
    const problem = scanProblems[cause.reason];
    throw problem === undefined ? notWellFormed(file, bytes, cause.reason) : configError(file, problem);
  }
}

/** By its byte order mark, or by its first character, which is ASCII (XML 1.0 appendix F). */
function isUtf16([first, second]: Uint8Array): boolean {
  return (first === 0xff && second === 0xfe) || (first === 0xfe && second === 0xff) || first === 0 || second === 0;
}

/** Our scanner says nothing of lines: it is made for messages. The file is the reader's own, and is read once more. */
function notWellFormed(file: string, bytes: Uint8Array, reason: string): SecureConversationError {
  const line = badLine(Buffer.from(bytes).toString());
  return configError(line === undefined ? file : `${file}:${line}`, `is not well-formed XML (${reason})`);
}

function badLine(text: string): number | undefined {
  try {
    new DOMParser({ onError: onErrorStopParsing }).parseFromString(text, 'text/xml');
  } catch (error) {
    // 0 where it is at no place in particular.
    if (error instanceof ParseError) return error.locator?.lineNumber || undefined;
  }
  return undefined;
}

function readBytes(file: string): Uint8Array {
  try {
    const stats = statSync(file);
    if (!stats.isFile()) throw configError(file, 'is not a regular file');
    if (stats.size > maxBytes) throw configError(file, tooLarge);
    return readFileSync(file);
  } catch (error) {
    if (error instanceof SecureConversationError) throw error;
    const { code } = error as NodeJS.ErrnoException;
    throw configError(file, code === 'ENOENT' ? 'does not exist' : `can't be read (${code})`);
  }
}

function configError(file: string, problem: string): SecureConversationError {
  return new ConfigurationError('CONFIG_INVALID', `${file}: ${problem}`);
}

function errorAt(file: string, element: Element, problem: string): SecureConversationError {
  const line = element.source.slice(0, element.start).split('\n').length;
  return new ConfigurationError('CONFIG_INVALID', `${file}:${line}: ${problem}`);
}

function findMachineKey(root: Element, file: string): Element {
  const named = (elements: readonly Element[], name: string) =>
    elements.filter(element => isNamed(element, name, file));
  if (named([root], 'machineKey').length === 1) return root;
  if (named([root], 'configuration').length === 0)
    throw errorAt(file, root, 'is no web.config: its root is not <configuration>');
  const locations = named(root.children, 'location');
  const own = locations.filter(location => ['', '.'].includes(attributeValue(location, '', 'path')?.trim() ?? ''));
  const machineKeysIn = (places: readonly Element[]) =>
    places
      .flatMap(({ children }) => named(children, 'system.web'))
      .flatMap(({ children }) => named(children, 'machineKey'));
  const [found, second] = machineKeysIn([root, ...own]);
  if (second !== undefined) throw errorAt(file, second, 'a second machineKey: which one counts can not be told');
  if (found !== undefined) return found;
  const [elsewhere] = machineKeysIn(locations);
  if (elsewhere !== undefined) throw errorAt(file, elsewhere, 'the only machineKey is in a location for another path');
  throw configError(
    file,
    'has no machineKey in configuration/system.web: ASP.NET then makes keys that never leave its server',
  );
}

/** @throws where a name differs in its case only: ASP.NET takes it for an unknown section */
function isNamed(element: Element, name: string, file: string): boolean {
  if (!namespaces.includes(element.namespace)) return false;
  if (element.local !== name && element.local.toLowerCase() === name.toLowerCase())
    throw errorAt(file, element, `<${element.local}> must be written <${name}>: ASP.NET compares the case too`);
  return element.local === name;
}

/** Checks that the keys are in this element, and that MachineKey.Protect would use them. */
function checkReadable(element: Element, fail: Problem): void {
  const has = (name: string) => attributeValue(element, '', name) !== undefined;
  const children = element.children.map(({ local }) => local);
  if (has('configProtectionProvider') || children.includes('EncryptedData'))
    throw fail(
      '',
      'is encrypted (configProtectionProvider, EncryptedData): decrypt it on its server with aspnet_regiis -pd',
    );
  if (has('configSource')) throw fail('', 'stands in another file, by its configSource: read that one');
  if (children.length > 0) throw fail('', 'must not have child elements');
  for (const { name } of element.attributes) if (!attributeNames.includes(name)) throw fail('', unknownAttribute(name));
  if (attributeValue(element, '', 'dataProtectorType')?.trim())
    throw fail(
      'dataProtectorType',
      'puts a class of its own in the place of the machineKey, which can not be done here',
    );
  const mode = attributeValue(element, '', 'compatibilityMode')?.trim();
  if (mode !== undefined && !compatibilityModes.includes(mode))
    throw fail('compatibilityMode', `must be one of ${compatibilityModes.join(', ')}`);
}

function unknownAttribute(name: string): string {
  const meant = attributeNames.find(known => known.toLowerCase() === name.toLowerCase());
  const shown = JSON.stringify(name.slice(0, 40));
  if (name.startsWith('xdt:')) return `has ${shown}: it is a transformation, so read the web.config that comes of it`;
  return meant === undefined
    ? `has an unknown attribute ${shown}`
    : `has an attribute ${shown}, which must be written ${meant}: ASP.NET compares the case too`;
}

function attributesOf(element: Element, fail: Problem): MachineKeyConfig {
  const value = (name: string) => attributeValue(element, '', name)?.trim();
  const key = (name: string) => {
    const text = value(name);
    if (text === undefined) throw fail('', `has no ${name}: ASP.NET then makes a key that never leaves its server`);
    return text;
  };
  const [validation, decryption] = [value('validation'), value('decryption')];
  return {
    validationKey: key('validationKey'),
    decryptionKey: key('decryptionKey'),
    ...(validation === undefined ? {} : { validation }),
    ...(decryption === undefined ? {} : { decryption }),
  };
}

function refusePublicKeys(settings: MachineKeySettings, fail: Problem): void {
  for (const name of ['validationKey', 'decryptionKey'] as const)
    if (publicKeys.includes(createHash('sha256').update(secretBytes(settings[name])).digest('hex')))
      throw fail(name, 'is the example of a public article: its readers can make tokens for any user');
}
