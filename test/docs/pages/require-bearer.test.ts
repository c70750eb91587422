import { testPage } from '../page.ts';

testPage('docs/require-bearer.md');
