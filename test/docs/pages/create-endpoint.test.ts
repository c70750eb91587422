import { testPage } from '../page.ts';

testPage('docs/create-endpoint.md');
