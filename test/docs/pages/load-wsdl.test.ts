import { testPage } from '../page.ts';

testPage('docs/load-wsdl.md');
