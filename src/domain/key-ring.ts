/** Seals texts and bytes with the ring's first key, and opens what any key of the ring sealed. */
export interface KeyRing {
  /** The id of the first key; sealed text begins with the id of its key and a dot. */
  readonly sealingKeyId: string;
  readonly sealText: (text: string) => string;
  /** Throws where the key is not in the ring or the sealed text was changed. */
  readonly openText: (sealed: string) => string;
  readonly sealBytes: (bytes: Uint8Array) => { readonly keyId: string; readonly sealed: Uint8Array };
  readonly openBytes: (keyId: string, sealed: Uint8Array) => Uint8Array;
}
