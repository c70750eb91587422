import { runInProcess } from '../in-process.ts';
import { testScript } from '../script.ts';

testScript('policy-apply.txt', runInProcess);
