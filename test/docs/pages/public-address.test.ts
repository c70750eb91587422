import { testPage } from '../page.ts';

testPage('docs/public-address.md');
