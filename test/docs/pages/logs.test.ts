import { testPage } from '../page.ts';

testPage('docs/logs.md');
