import { testPage } from '../page.ts';

testPage('docs/bodies.md');
