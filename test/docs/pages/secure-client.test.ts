import { testPage } from '../page.ts';

testPage('docs/secure-client.md');
