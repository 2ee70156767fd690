/**
 * sysfs names and attributes are bytes, not always UTF-8. Inside the fallback a string holds one byte a character
 * ('latin1'): comparing and sorting such strings compares bytes, and nothing is lost until the row is made.
 */
export type Bytes = string

// biome-ignore lint/suspicious/noControlCharactersInRegex: the range is that of ASCII, which has them
const beyondAscii = /[^\x00-\x7f]/

export function toBytes(text: string): Bytes {
  return beyondAscii.test(text) ? Buffer.from(text, 'utf8').toString('latin1') : text
}

export function fromBytes(bytes: Bytes): string {
  return beyondAscii.test(bytes) ? Buffer.from(bytes, 'latin1').toString('utf8') : bytes
}

/** A path as node:fs takes it. */
export function toPath(bytes: Bytes): string | Buffer {
  return beyondAscii.test(bytes) ? Buffer.from(bytes, 'latin1') : bytes
}
