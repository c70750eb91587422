import { testPage } from '../page.ts';

testPage('docs/load-testing.md');
