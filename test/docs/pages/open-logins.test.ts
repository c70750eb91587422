import { testPage } from '../page.ts';

testPage('docs/open-logins.md');
