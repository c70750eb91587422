/** Measures how one family grows, in a process that has read nothing else. Argument: the family's name. */
import { exponentOf } from './growth.ts';
import { openMeasured } from './measured.ts';

const [name] = process.argv.slice(2);
const { families } = await openMeasured();
const family = families.find(one => one.name === name);
if (family === undefined) throw new Error(`no family ${name}`);
process.send?.(await exponentOf(family));
