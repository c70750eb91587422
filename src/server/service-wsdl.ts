import { createRequire } from 'node:module';
import type { WSDL } from 'soap';
import { ConfigurationError } from '../errors.ts';

// node-soap is CommonJS; its own exports object is asked for, not the interop view of it.
const soap: typeof import('soap') = createRequire(import.meta.url)('soap');

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
