import { testPage } from '../page.ts';

testPage('docs/key-ring.md');
