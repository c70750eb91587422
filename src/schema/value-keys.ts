/** node-soap's names for the special members of values. */
export interface ValueKeys {
  /** The attributes of an element. */
  readonly attributes: string;
  /** The text of an element that has attributes. */
  readonly text: string;
  /** XML that is the content as it stands. */
  readonly xml: string;
}

/** Those that node-soap has where it is told no others. */
export const usualKeys: ValueKeys = { attributes: 'attributes', text: '$value', xml: '$xml' };
