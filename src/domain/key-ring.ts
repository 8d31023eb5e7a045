/** Where a sealed text stands. What was sealed for one place opens in no other, whoever moved it there. */
export interface SealedPlace {
  /** "table.column". */
  readonly column: string;
  readonly tenantId: string;
  /** Tells the rows of the tenant apart. */
  readonly row: string;
}

/** Seals texts and bytes with the ring's first key, and opens what any key of the ring sealed. */
export interface KeyRing {
  readonly sealingKeyId: string;
  /** What a text begins with that the first key sealed in the present form; the id of the key and a dot come first. */
  readonly sealingPrefix: string;
  readonly sealText: (text: string, place: SealedPlace) => string;
  /** Throws where the key is not in the ring, or the sealed text was changed or belongs to another place. */
  readonly openText: (sealed: string, place: SealedPlace) => string;
  readonly sealBytes: (bytes: Uint8Array) => { readonly keyId: string; readonly sealed: Uint8Array };
  readonly openBytes: (keyId: string, sealed: Uint8Array) => Uint8Array;
}
