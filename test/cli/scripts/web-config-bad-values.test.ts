import { runInProcess } from '../in-process.ts';
import { testScript } from '../script.ts';

testScript('web-config-bad-values.txt', runInProcess);
