import { testPage } from '../page.ts';

testPage('docs/seal-bearer-token.md');
