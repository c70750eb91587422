import type { Command } from 'commander';
import { type LoadedWsdl, loadWsdl } from '../policy/load-wsdl.ts';
import { authoritiesText } from './pem-files.ts';

/** How a WSDL is fetched. */
export interface WsdlOptionValues {
  readonly fetchImports?: true;
  readonly allowHttpWsdl?: true;
  readonly wsdlCa?: string;
}

/** What `--unprotected-ports` means. */
export const unprotectedMeans = 'WSDL ports that may be without any security (unprotectedPorts)';

/** What `--dialect` means. */
export const dialectMeans = 'dialect of the port, of those that no policy can ask for';

/** Adds the options that say which documents of a WSDL may be fetched. */
export function addWsdlOptions(command: Command): Command {
  return command
    .option('--fetch-imports', 'fetch what a WSDL file imports by address, too; else only files are read')
    .option('--allow-http-wsdl', 'fetch documents from other machines without TLS, too')
    .option('--wsdl-ca <file>', 'CA certificates to trust for TLS where documents are fetched (PEM)');
}

/** Reads a WSDL file, or one at an address. @throws {SecureConversationError} `WSDL_INVALID`; rejects with it */
export function loadGiven(
  wsdl: string,
  { fetchImports, allowHttpWsdl, wsdlCa }: WsdlOptionValues,
): Promise<LoadedWsdl> {
  const ca = authoritiesText(wsdlCa);
  return loadWsdl(wsdl, {
    fetchImports: fetchImports === true,
    allowHttp: allowHttpWsdl === true,
    ...(ca === undefined ? {} : { ca }),
  });
}
