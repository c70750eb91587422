import { runInProcess } from '../in-process.ts';
import { testScript } from '../script.ts';

testScript('tokens-config.txt', runInProcess);
