import { testPage } from '../page.ts';

testPage('docs/call-a-wcf-service.md');
