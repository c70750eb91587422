import { runInProcess } from '../in-process.ts';
import { testScript } from '../script.ts';

testScript('keys-end.txt', runInProcess);
