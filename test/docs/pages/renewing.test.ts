import { testPage } from '../page.ts';

testPage('docs/renewing.md');
