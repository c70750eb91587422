/** Says of a store on the network how it is, each thing once, as long as it is so. */
export interface StoreTeller {
  /** Something that is worth a warning, as the rest of a sentence. */
  warn(sentence: string): void;
  /** @param why it does not answer, as a part of a sentence */
  down(why: string): void;
  up(): void;
}

/** @param url of the store; no user and no password is said */
export function storeTeller({ protocol, host }: URL, onEvent: (sentence: string) => void): StoreTeller {
  const where = `${protocol}//${host}`;
  let isDown = false;
  let last = '';
  let warned = '';
  const say = (sentence: string) => {
    if (sentence !== last) onEvent(`the store ${where} ${sentence}`);
    last = sentence;
  };
  return {
    warn(sentence) {
      if (sentence !== warned) onEvent(`the store ${where} ${sentence}`);
      warned = sentence;
    },
    down(why: string) {
      isDown = true;
      say(`does not answer: ${why}`);
    },
    up() {
      if (isDown) say('answers again');
      isDown = false;
    },
  };
}
