import { runInProcess } from './in-process.ts';
import { scriptNames, testScripts } from './script.ts';

testScripts(scriptNames, runInProcess);
