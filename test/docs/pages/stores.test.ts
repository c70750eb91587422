import { testPage } from '../page.ts';

testPage('docs/stores.md');
