import { testPage } from '../page.ts';

testPage('docs/state-and-store.md');
