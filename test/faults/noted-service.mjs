import { appendFileSync } from 'node:fs';

/* The example service, which notes each Echo that it carries out: a line of process id and text, in the file NOTED. */

const operations = {
  Echo({ text }) {
    appendFileSync(process.env.NOTED, `${process.pid} ${text}\n`);
    return { text };
  },
};

export default { EchoService: { EchoTls11: operations, EchoTls13: operations, EchoSymmetric: operations } };
