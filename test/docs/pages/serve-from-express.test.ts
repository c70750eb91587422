import { testPage } from '../page.ts';

testPage('docs/serve-from-express.md');
