import { testPage } from '../page.ts';

testPage('docs/issuer.md');
