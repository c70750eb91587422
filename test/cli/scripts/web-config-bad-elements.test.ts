import { runInProcess } from '../in-process.ts';
import { testScript } from '../script.ts';

testScript('web-config-bad-elements.txt', runInProcess);
