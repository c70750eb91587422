import { testPage } from '../page.ts';

testPage('docs/aspnet-functions.md');
