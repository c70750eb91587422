import { runInProcess } from '../in-process.ts';
import { testScript } from '../script.ts';

testScript('users.txt', runInProcess);
