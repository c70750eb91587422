import { testPage } from '../page.ts';

testPage('docs/explain-policy.md');
