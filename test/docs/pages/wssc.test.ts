import { testPage } from '../page.ts';

testPage('docs/wssc.md');
