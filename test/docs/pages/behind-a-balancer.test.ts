import { testPage } from '../page.ts';

testPage('docs/behind-a-balancer.md');
