import { runInProcess } from '../in-process.ts';
import { testScript } from '../script.ts';

testScript('sts-config.txt', runInProcess);
