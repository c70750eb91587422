import { testPage } from '../page.ts';

testPage('docs/state-modes.md');
