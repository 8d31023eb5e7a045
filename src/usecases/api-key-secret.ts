import { createHash } from 'node:crypto';

const keyBytes = 32;

/** `wp_` and 32 random bytes in base64url; nothing of another shape is ever looked up. */
export const apiKeyShape = /^wp_[A-Za-z0-9_-]{43}$/;

export function createApiKeySecret(randomBytes: (count: number) => Buffer): string {
  return `wp_${randomBytes(keyBytes).toString('base64url')}`;
}

/** What is stored of a key. It holds 256 random bits, so a fast hash without salt keeps it as well as a slow one. */
export function hashApiKey(key: string): Buffer {
  return createHash('sha256').update(key).digest();
}
