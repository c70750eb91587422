import { testPage } from '../page.ts';

testPage('docs/current-context.md');
