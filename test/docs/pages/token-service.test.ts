import { testPage } from '../page.ts';

testPage('docs/token-service.md');
