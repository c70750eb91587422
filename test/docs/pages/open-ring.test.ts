import { testPage } from '../page.ts';

testPage('docs/open-ring.md');
