import type { WSDL } from 'soap';
import soap from 'soap';
import { ConfigurationError } from '../errors.ts';

/**
 * Reads a WSDL as node-soap's server does, for the arguments and results of the service.
 * @param file path that imports in it are relative to
 * @throws {SecureConversationError} `WSDL_INVALID`
 */
export function openServiceWsdl(file: string, text: string): Promise<WSDL> {
  return new Promise((resolve, reject) => {
    const wsdl = new soap.WSDL(text, file, {});
    wsdl.onReady(cause => {
      if (cause) {
        reject(new ConfigurationError('WSDL_INVALID', `${file}: node-soap can't read this WSDL`, { cause }));
        return;
      }
      // node-soap's server sets it, its reader of WSDLs does not.
      wsdl.options.attributesKey = 'attributes';
      resolve(wsdl);
    });
  });
}
