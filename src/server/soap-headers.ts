import type { IncomingMessage } from 'node:http';
import type { WSDL } from 'soap';
import { ConfigurationError } from '../errors.ts';
import { keepingLast } from '../last-text.ts';
import { ownLimits } from '../message/sent-body.ts';
import type { SoapVersion } from '../names.ts';
import { elementContent } from '../soap/structure.ts';
import { scanText } from '../xml/scan.ts';
import type { Element } from '../xml/tree.ts';
import { declarationsOf, neededBy } from './operation-result.ts';

/** What a header block of an answer is made of when an operation has answered. */
export type WriteSoapHeader = (
  operation: string,
  args: unknown,
  headers: object,
  request: IncomingMessage | undefined,
) => string | object | undefined;

/**
 * Header blocks of answers: XML as text, or an object that node-soap writes; or a function that gives either, or
 * undefined for none.
 */
export type SoapHeader = string | object | WriteSoapHeader;

/** The header blocks that each answer of an operation has, as of node-soap's server. Faults have none. */
export interface SoapHeaders {
  /**
   * Adds a header block.
   * @param name of the element, where the block is an object: its only member, where there is no name
   * @param namespace its prefix
   * @param xmlns its namespace
   * @returns its index
   */
  addSoapHeader(header: SoapHeader, name?: string, namespace?: string, xmlns?: string): number;
  /** Puts another in the place of one. */
  changeSoapHeader(index: number, header: SoapHeader, name?: string, namespace?: string, xmlns?: string): void;
  /** Those that were added, as they were given. */
  getSoapHeaders(): readonly SoapHeader[];
  clearSoapHeaders(): void;
}

/** What an operation was called with. */
export interface HeaderCall {
  readonly operation: string;
  readonly args: unknown;
  readonly headers: object;
  readonly request: IncomingMessage | undefined;
}

/** The header blocks of a service's answers. */
export interface AnswerHeaders {
  readonly soapHeaders: SoapHeaders;
  /**
   * The blocks of one answer.
   * @throws {SecureConversationError} `CONFIG_INVALID` for what is no XML element
   * @throws {unknown} what a function of the user's throws
   */
  blocks(wsdl: WSDL, soap: SoapVersion, call: HeaderCall): readonly Element[];
}

interface Given {
  readonly header: SoapHeader;
  /** What node-soap is told of an object. */
  readonly names: readonly [name: string, namespace: string | undefined, xmlns: string | undefined];
  /** Most are the same in each answer. */
  readonly elements: (text: string) => readonly Element[];
}

/** Keeps the header blocks that each answer has. */
export function answerHeaders(): AnswerHeaders {
  let all: Given[] = [];
  const given: GiveHeader = (header, name = '', namespace = undefined, xmlns = undefined) => ({
    header: checked(header),
    names: [name, namespace, xmlns],
    elements: keepingLast(elementsOf),
  });
  return {
    soapHeaders: {
      addSoapHeader: (...header) => all.push(given(...header)) - 1,
      changeSoapHeader(index, ...header) {
        if (!Number.isInteger(index) || index < 0 || index >= all.length)
          throw new ConfigurationError('CONFIG_INVALID', `changeSoapHeader: there is no header block ${index}`);
        all[index] = given(...header);
      },
      getSoapHeaders: () => all.map(({ header }) => header),
      clearSoapHeaders() {
        all = [];
      },
    },
    blocks(wsdl, soap, call) {
      if (all.length === 0) return [];
      const declarations = declarationsOf(wsdl.xmlnsInEnvelope, soap);
      return all.flatMap(one => {
        const text = textOf(one, wsdl, call);
        return text === '' ? [] : one.elements(`<b ${neededBy(text, declarations)}>${text}</b>`);
      });
    },
  };
}

type GiveHeader = (header: SoapHeader, name?: string, namespace?: string, xmlns?: string) => Given;

function checked(header: SoapHeader): SoapHeader {
  if (header !== null && ['string', 'object', 'function'].includes(typeof header)) return header;
  throw new ConfigurationError('CONFIG_INVALID', 'a header block is a text, an object or a function', {
    hint: 'give addSoapHeader XML, an object for node-soap to write, or a function that gives one of them',
  });
}

/** As node-soap writes it, but for a function that gives nothing: no block. */
function textOf({ header, names: [name, namespace, xmlns] }: Given, wsdl: WSDL, call: HeaderCall): string {
  const { operation, args, headers, request } = call;
  const said = typeof header === 'function' ? header(operation, args, headers, request) : header;
  if (said === undefined || said === null) return '';
  // node-soap's type wants a namespace; it does without.
  return typeof said === 'object' ? wsdl.objectToXML(said, name, namespace, xmlns as string, true) : String(said);
}

function elementsOf(text: string): readonly Element[] {
  let elements: readonly Element[];
  try {
    elements = elementContent(scanText(text, ownLimits).root, 'malformed', 'header-text');
  } catch (cause) {
    return failBlock(cause);
  }
  return elements.length > 0 ? elements : failBlock();
}

function failBlock(cause?: unknown): never {
  throw new ConfigurationError('CONFIG_INVALID', 'a header block of addSoapHeader is no XML element', {
    hint: 'see that it is well-formed, and that its prefixes are declared in it or in the WSDL',
    ...(cause === undefined ? {} : { cause }),
  });
}
