import { testPage } from '../page.ts';

testPage('docs/revoking.md');
