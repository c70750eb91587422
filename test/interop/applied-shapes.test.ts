import { execFileSync } from 'node:child_process';
import { X509Certificate } from 'node:crypto';
import { mkdtempSync, readdirSync, readFileSync, rmSync, writeFileSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { fileURLToPath } from 'node:url';
import { expect, test } from 'vitest';
import { applyShape } from '../../src/policy/apply-shape.ts';
import { wsdlFor } from '../../src/policy/publish.ts';
import { shapes } from '../../src/policy/shapes.ts';
import { parseWsdl, readWsdl } from '../../src/policy/wsdl.ts';
import { pem } from '../support/pem.ts';

const project = fileURLToPath(new URL('./cxf', import.meta.url));

/** What wsdl2java of CXF makes of WSDLs: names of files. */
function generate(wsdls: Readonly<Record<string, string>>): readonly string[] {
  const folder = mkdtempSync(join(tmpdir(), 'wsdl2java-'));
  try {
    for (const [name, text] of Object.entries(wsdls)) writeFileSync(join(folder, `${name}.wsdl`), text);
    const java = join(folder, 'java');
    const goal = 'org.apache.cxf:cxf-codegen-plugin:wsdl2java@applied';
    execFileSync(
      'mvn',
      ['-q', '-B', '-Dstyle.color=never', goal, `-Dapplied.wsdls=${folder}`, `-Dapplied.java=${java}`],
      {
        cwd: project,
        stdio: ['ignore', 'inherit', 'inherit'],
      },
    );
    return readdirSync(java, { recursive: true, encoding: 'utf8' });
  } finally {
    rmSync(folder, { recursive: true });
  }
}

test('a WSDL with any shape that is written into it is imported by wsdl2java of CXF', () => {
  const text = readFileSync('wsdl/greeting.wsdl', 'utf8');
  const applied = shapes.map((shape, index) => {
    // A package for each.
    const own = text.replaceAll('urn:soap-secure-conversation:greeting', `urn:applied:shape${index}`);
    const port = shape.isOverTls ? 'GreetingTls' : 'GreetingMessage';
    return [shape.name, applyShape(parseWsdl({ name: `${shape.name}.wsdl`, text: own }), shape, port).text];
  });
  const generated = generate(Object.fromEntries(applied));
  expect(generated.filter(name => name.endsWith('/Greeting.java'))).toHaveLength(shapes.length);
});

test('a WSDL as a node publishes it, with the service’s certificate, is imported by wsdl2java of CXF', () => {
  const certificate = new X509Certificate(pem.service.certificate).raw;
  const text = wsdlFor(readWsdl('wsdl/echo.wsdl'), {
    addressOf: port => `https://farm.example/${port}`,
    certificateOf: () => certificate,
  });
  expect(text.split('<X509Certificate>')).toHaveLength(4);
  expect(generate({ published: text }).some(name => name.endsWith('/EchoService.java'))).toBe(true);
});
