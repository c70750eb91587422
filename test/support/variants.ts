import { readFileSync, writeFileSync } from 'node:fs';
import { join } from 'node:path';
import {
  type AddressingVersionName,
  addressingVersions,
  ns,
  type SoapVersionName,
  soapVersions,
} from '../../src/names.ts';

/** Versions of WS-Addressing that a policy can ask for. */
type AskedVersion = Exclude<AddressingVersionName, '2004/03'>;

/** Versions that the example service is made to speak. */
export interface Versions {
  readonly soap: SoapVersionName;
  /** undefined: no addressing assertion at all. */
  readonly addressing: AskedVersion | undefined;
}

/** Each pair of versions but that of the example itself. */
export const otherVersions: readonly (Versions & { readonly name: string })[] = (['1.1', '1.2'] as const)
  .flatMap(soap => (['1.0', '2004/08', undefined] as const).map(addressing => ({ soap, addressing })))
  .filter(({ soap, addressing }) => soap !== '1.2' || addressing !== '1.0')
  .map(versions => ({ ...versions, name: `SOAP ${versions.soap}, WS-Addressing ${versions.addressing ?? 'none'}` }));

const assertions: Readonly<Record<AskedVersion, string>> = {
  '1.0': '<wsaw:UsingAddressing/>',
  '2004/08': `<a:UsingAddressing xmlns:a="${ns.wsap200408}"/>`,
};

/** The example's WSDL in other versions. */
export function variantText({ soap, addressing }: Versions): string {
  const text = readFileSync('wsdl/echo.wsdl', 'utf8').replaceAll(ns.wsdlSoap12, soapVersions[soap].wsdlBinding);
  const asserted = text.replaceAll(assertions['1.0'], addressing === undefined ? '' : assertions[addressing]);
  return addressing === undefined ? asserted : asserted.replaceAll(ns.wsa10, addressingVersions[addressing].namespace);
}

/** The same as a file of a folder. */
export function variantFile(folder: string, versions: Versions, change: (text: string) => string = text => text) {
  const name = `${versions.soap} ${versions.addressing ?? 'none'}`.replace('/', '-');
  const file = join(folder, `${name}.wsdl`);
  writeFileSync(file, change(variantText(versions)));
  return file;
}
