import { randomUUID } from 'node:crypto';

export interface FileToUpload {
  readonly contentType: string;
  readonly bytes: Uint8Array;
  readonly filename: string;
}

/** A form with one file, written whole (RFC 7578): so that its length is known, and it is sent like any other body. */
export function writeForm(
  fields: Readonly<Record<string, string>>,
  file: FileToUpload,
): { readonly contentType: string; readonly body: Buffer } {
  // 122 random bits: no file that was written before it was drawn has it inside.
  const boundary = `waypost-${randomUUID()}`;
  const heads = Object.entries(fields).map(
    ([name, value]) => `--${boundary}\r\nContent-Disposition: form-data; name="${name}"\r\n\r\n${value}\r\n`,
  );
  const disposition = `Content-Disposition: form-data; name="file"; filename="${escapeFilename(file.filename)}"`;
  const head = `${heads.join('')}--${boundary}\r\n${disposition}\r\nContent-Type: ${file.contentType}\r\n\r\n`;
  return {
    contentType: `multipart/form-data; boundary=${boundary}`,
    body: Buffer.concat([Buffer.from(head), file.bytes, Buffer.from(`\r\n--${boundary}--\r\n`)]),
  };
}

/** As browsers do (HTML, multipart form data): nothing in a name can end its line or its quotes. */
function escapeFilename(name: string): string {
  return name.replaceAll('\r', '%0D').replaceAll('\n', '%0A').replaceAll('"', '%22');
}
