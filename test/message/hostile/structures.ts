import { algorithms, tokenTypes } from '../../../src/names.ts';
import { derivedKeyToken, reference, sct, str } from '../builder.ts';

/* Elements that several scenarios put in or take out. */
export const spoofed = '<m:Echo><m:text>pay 1000000 to eve</m:text></m:Echo>';
export const wrapped = (inner: string) => `<m:wrapper>${inner}</m:wrapper>`;
export const sctStr = str(reference('#SCT', sct));
export const dks = derivedKeyToken('DKs', sctStr);
export const list = (count: number, uri: string) =>
  `<xenc:ReferenceList>${`<xenc:DataReference URI="${uri}"/>`.repeat(count)}</xenc:ReferenceList>`;
export const strayKey =
  `<xenc:EncryptedKey Id="EK"><xenc:EncryptionMethod Algorithm="${algorithms.rsaOaepMgf1p}"/><ds:KeyInfo>` +
  str(
    `<wsse:KeyIdentifier ValueType="${tokenTypes.thumbprintSha1}">AAAAAAAAAAAAAAAAAAAAAAAAAAA=</wsse:KeyIdentifier>`,
  ) +
  `</ds:KeyInfo><xenc:CipherData><xenc:CipherValue>${Buffer.alloc(256, 1).toString('base64')}</xenc:CipherValue>` +
  '</xenc:CipherData></xenc:EncryptedKey>';
export const inclusive = (prefixList: string) => (text: string) =>
  text.replace(
    `<ds:Transform Algorithm="${algorithms.excC14n}"/>`,
    `<ds:Transform Algorithm="${algorithms.excC14n}">` +
      `<x:InclusiveNamespaces xmlns:x="${algorithms.excC14n}"${prefixList}/></ds:Transform>`,
  );
