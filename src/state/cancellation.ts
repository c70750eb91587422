/** A conversation, a token or a grant that ended before its time, as the nodes of a farm tell each other. */
export interface Cancellation {
  /** `urn:uuid:…`: of a conversation the Identifier of its context; all its instances end. */
  readonly id: string;
  /** When it need not be remembered any longer. */
  readonly untilMs: number;
}
