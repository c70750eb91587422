import type { IHttpClient, WSDL } from 'soap';
import soap from 'soap';
import { ConfigurationError } from '../errors.ts';
import { ns } from '../names.ts';
import type { Wsdl } from '../policy/wsdl.ts';

/** What node-soap reads of a WSDL. */
type WsdlTexts = Pick<Wsdl, 'name' | 'text' | 'texts'>;

const opened = new WeakMap<WsdlTexts, Promise<WSDL>>();

/**
 * Reads a WSDL as node-soap's server does, for the arguments and results of the service. Nothing is fetched: in the
 * place of an address stands what was read for it, or a schema without content. Endpoints of one WSDL share it.
 * @throws {SecureConversationError} `WSDL_INVALID`
 */
export function openServiceWsdl(wsdl: WsdlTexts): Promise<WSDL> {
  const known = opened.get(wsdl);
  if (known !== undefined) return known;
  const reading = readServiceWsdl(wsdl);
  opened.set(wsdl, reading);
  return reading;
}

function readServiceWsdl({ name, text, texts }: WsdlTexts): Promise<WSDL> {
  const httpClient = { request: answerFrom(texts) } as unknown as IHttpClient;
  return new Promise((resolve, reject) => {
    const wsdl = new soap.WSDL(text, name, { httpClient });
    wsdl.onReady(cause => {
      if (cause) {
        reject(new ConfigurationError('WSDL_INVALID', `${name}: node-soap can't read this WSDL`, { cause }));
        return;
      }
      // node-soap's server sets it, its reader of WSDLs does not.
      wsdl.options.attributesKey = 'attributes';
      resolve(wsdl);
    });
  });
}

/** What node-soap asks HTTP by. */
type Answer = (error: unknown, response: { readonly status: number }, body: string) => void;

function answerFrom(texts: Wsdl['texts']): (address: string, data: unknown, answer: Answer) => void {
  return (address, _data, answer) => {
    const { href } = new URL(address);
    answer(null, { status: 200 }, texts.get(href) ?? `<schema xmlns="${ns.xsd}"/>`);
  };
}
