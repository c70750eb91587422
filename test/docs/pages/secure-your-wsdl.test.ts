import { testPage } from '../page.ts';

testPage('docs/secure-your-wsdl.md');
