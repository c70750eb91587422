import { describe, expect, test } from 'vitest';
import { digest, digestOfTexts } from '../../src/crypto/digest.ts';

describe('digestOfTexts', () => {
  const long = `x${'\u{1f600}\u00e9'.repeat(100_000)}`;

  test.each<{ name: string; texts: readonly string[] }>([
    { name: 'none', texts: [] },
    { name: 'short ones', texts: ['<a>', 'b', '', '</a>'] },
    { name: 'a long one among short ones', texts: ['<a>', long, '</a>'] },
    { name: 'long ones', texts: [long, long.slice(1), 'y'.repeat(65_536), ''] },
    { name: 'many short ones', texts: new Array<string>(20_000).fill('\u00e9abcdef') },
  ])('of $name it is that of one text', ({ texts }) => {
    for (const hash of ['sha1', 'sha256'] as const)
      expect(digestOfTexts(hash, texts)).toBe(digest(hash, texts.join('')));
  });
});
