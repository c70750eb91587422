import { testPage } from '../page.ts';

testPage('docs/troubleshooting.md');
