import { execFileSync } from 'node:child_process';
import { mkdtempSync, readdirSync, readFileSync, rmSync, writeFileSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { fileURLToPath } from 'node:url';
import { afterAll, expect, test } from 'vitest';
import { applyShape } from '../../src/policy/apply-shape.ts';
import { shapes } from '../../src/policy/shapes.ts';
import { parseWsdl } from '../../src/policy/wsdl.ts';

const project = fileURLToPath(new URL('./cxf', import.meta.url));
const folder = mkdtempSync(join(tmpdir(), 'applied-shapes-'));
afterAll(() => rmSync(folder, { recursive: true }));

test('a WSDL with any shape that is written into it is imported by wsdl2java of CXF', () => {
  const text = readFileSync('wsdl/greeting.wsdl', 'utf8');
  shapes.forEach((shape, index) => {
    // A package for each.
    const own = text.replaceAll('urn:soap-secure-conversation:greeting', `urn:applied:shape${index}`);
    const port = shape.isOverTls ? 'GreetingTls' : 'GreetingMessage';
    const applied = applyShape(parseWsdl({ name: `${shape.name}.wsdl`, text: own }), shape, port);
    writeFileSync(join(folder, `${shape.name}.wsdl`), applied.text);
  });
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
  const generated = readdirSync(java, { recursive: true, encoding: 'utf8' });
  expect(generated.filter(name => name.endsWith('/Greeting.java'))).toHaveLength(shapes.length);
});
