/** Measures single messages in a process with V8's own sizes for what is young and what is old. */
import { openMeasured } from './measured.ts';
import { measureWhole } from './whole.ts';

/** What the parent asks for. */
export interface WholeRequest {
  readonly name: string;
  readonly bytes: number;
}

const { families, rsaOperations } = await openMeasured();
process.on('message', async ({ name, bytes }: WholeRequest) => {
  const family = families.find(candidate => candidate.name === name);
  if (family !== undefined) process.send?.(await measureWhole(family, bytes, rsaOperations));
});
process.send?.('ready');
