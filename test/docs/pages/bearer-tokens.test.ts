import { testPage } from '../page.ts';

testPage('docs/bearer-tokens.md');
