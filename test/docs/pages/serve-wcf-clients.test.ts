import { testPage } from '../page.ts';

testPage('docs/serve-wcf-clients.md');
