import type { Schema } from '../schema/components.ts';
import { readMember } from '../schema/read-value.ts';
import type { ValueKeys } from '../schema/value-keys.ts';
import { detailOf } from '../soap/fault-shape.ts';
import type { Element } from '../xml/tree.ts';

/** What node-soap rejects a call with that was answered by a fault. */
interface NodeSoapError {
  readonly root?: { readonly Envelope?: { readonly Body?: { readonly Fault?: Readonly<Record<string, unknown>> } } };
}

/**
 * Has `root.Envelope.Body.Fault` of node-soap's error hold what the schemas make of the Detail's elements, where they
 * declare them; the others stay as node-soap has read them. One that holds text beside elements is not read.
 * @param fault the verified one
 */
export function readFaultDetail(schema: Schema, fault: Element, error: unknown, keys: ValueKeys): void {
  const detail = detailOf(fault);
  const read = (error as NodeSoapError | null)?.root?.Envelope?.Body?.Fault?.[detail?.local ?? ''];
  if (detail === undefined || typeof read !== 'object' || read === null) return;
  const values = {};
  for (const entry of detail.children) {
    if (schema.element(entry.namespace, entry.local) === undefined) continue;
    try {
      readMember(schema, values, entry, keys);
    } catch (problem) {
      if (!(problem instanceof TypeError)) throw problem;
    }
  }
  Object.defineProperties(read, Object.getOwnPropertyDescriptors(values));
}
