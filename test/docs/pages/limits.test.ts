import { testPage } from '../page.ts';

testPage('docs/limits.md');
