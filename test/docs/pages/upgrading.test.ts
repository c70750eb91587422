import { testPage } from '../page.ts';

testPage('docs/upgrading.md');
