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
  const troubles = new Set<string>();
  let warned = '';
  const say = (sentence: string) => onEvent(`the store ${where} ${sentence}`);
  return {
    warn(sentence) {
      if (sentence !== warned) say(sentence);
      warned = sentence;
    },
    down(why) {
      if (!troubles.has(why)) say(`does not answer: ${why}`);
      troubles.add(why);
    },
    up() {
      if (troubles.size > 0) say('answers again');
      troubles.clear();
    },
  };
}
