import { testPage } from '../page.ts';

testPage('docs/policy.md');
