import type { Command } from 'commander';
import { compilePolicy } from '../policy/compile.ts';
import { explain } from '../policy/explain.ts';
import { print } from './terminal.ts';

/** `wssc policy`: what a WSDL's policies come to. */
export function addPolicy(program: Command): void {
  program
    .command('policy')
    .summary("say what a WSDL's policies mean")
    .description("What a WSDL's WS-SecurityPolicy means.")
    .helpCommand(false)
    .addHelpText('after', '\nExample:\n  $ wssc policy explain wsdl/echo.wsdl')
    .command('explain')
    .description('Prints the plan of each port: tokens, keys, signed and encrypted parts.')
    .argument('<wsdl>', 'WSDL file')
    .option('--port <name>', 'only this WSDL port')
    .addHelpText('after', '\nExample:\n  $ wssc policy explain wsdl/echo.wsdl --port EchoSymmetric')
    .action((wsdl: string, { port }: { port?: string }) => {
      const plans = compilePolicy(wsdl, port === undefined ? {} : { ports: [port] });
      print(plans.map(explain).join('\n\n'));
    });
}
