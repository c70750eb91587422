import { testPage } from '../page.ts';

testPage('docs/plain-ports.md');
