import { testPage } from '../page.ts';

testPage('docs/replays.md');
