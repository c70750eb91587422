import type { Command } from 'commander';
import { ConfigurationError } from '../errors.ts';
import { writeGivenFile } from '../files/given-file.ts';
import { applyShape } from '../policy/apply-shape.ts';
import { compilePolicy } from '../policy/compile.ts';
import { type Shape, shapes } from '../policy/shapes.ts';
import { stockShapeOf } from '../policy/stock-shape.ts';
import { locateFile, parseWsdl, readWsdl } from '../policy/wsdl.ts';
import { columns, print } from './terminal.ts';

interface ApplyOptions {
  readonly output?: string;
  readonly port?: string;
}

/** `wssc policy apply`: secures a WSDL that has no policy. */
export function addApply(policy: Command): void {
  const listed = columns(shapes.map(({ name, says }) => [`  ${name}`, says]));
  policy
    .command('apply')
    .description('Writes a policy of a known shape into a WSDL that has none.')
    .argument('<shape>', 'name of the shape')
    .argument('<wsdl>', 'WSDL file')
    .option('-o, --output <file>', 'where to write the WSDL, instead of standard output')
    .option('--port <name>', 'only this WSDL port')
    .addHelpText(
      'after',
      `\nShapes:\n${listed.join('\n')}\n\nExample:\n  $ wssc policy apply _UXD my.wsdl -o secured.wsdl`,
    )
    .action(apply);
}

function apply(name: string, file: string, { output, port }: ApplyOptions): void {
  const { text, ports } = applyShape(readWsdl(file), shapeNamed(name), port);
  // It is read as those will read it who serve it and call it.
  const plans = compilePolicy(parseWsdl({ name: file, text }, locateFile), { ports });
  if (output === undefined) {
    process.stdout.write(text);
    return;
  }
  writeGivenFile(output, text, 'CONFIG_INVALID');
  for (const plan of plans) print(`port ${plan.port}: like ${stockShapeOf(plan).name}`);
}

function shapeNamed(name: string): Shape {
  const found = shapes.find(shape => shape.name === name);
  if (found !== undefined) return found;
  throw new ConfigurationError('CONFIG_INVALID', `there is no shape ${name}`, {
    hint: `there are ${shapes.map(shape => shape.name).join(', ')}`,
  });
}
