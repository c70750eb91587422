import { testPage } from '../page.ts';

testPage('docs/errors.md');
