import { testPage } from '../page.ts';

testPage('docs/metrics.md');
