import { testPage } from '../page.ts';

testPage('docs/status-page.md');
