/// <reference types="node" preserve="true" />
/** What those who write their own store test it with. */

export type { Awaitable } from './awaitable.ts';
export { type ContractCheck, storeContract } from './store/contract.ts';
export type { Change, PutOptions, Store, StoredRecord, StoreHealth } from './store/store.ts';
