import { testPage } from '../page.ts';

testPage('docs/health.md');
