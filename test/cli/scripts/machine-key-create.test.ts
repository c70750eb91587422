import { runInProcess } from '../in-process.ts';
import { testScript } from '../script.ts';

testScript('machine-key-create.txt', runInProcess);
