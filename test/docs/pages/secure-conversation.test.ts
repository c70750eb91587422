import { testPage } from '../page.ts';

testPage('docs/secure-conversation.md');
