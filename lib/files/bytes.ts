/**
 * Names and attributes in sysfs are bytes, which need not be UTF-8. Inside the fallback a string holds one byte a
 * character ('latin1'). Comparing such strings compares bytes, and no byte is lost until the row is made.
 */
export type Bytes = string

// biome-ignore lint/suspicious/noControlCharactersInRegex: the range of ASCII includes them
const beyondAscii = /[^\x00-\x7f]/

/** The UTF-8 bytes of a text. */
export function toBytes(text: string): Bytes {
  return beyondAscii.test(text) ? Buffer.from(text, 'utf8').toString('latin1') : text
}

/** The text of UTF-8 bytes. Bytes that are not UTF-8 become U+FFFD. */
export function fromBytes(bytes: Bytes): string {
  return beyondAscii.test(bytes) ? Buffer.from(bytes, 'latin1').toString('utf8') : bytes
}

/** A path in the form that node:fs takes. */
export function toPath(bytes: Bytes): string | Buffer {
  return beyondAscii.test(bytes) ? Buffer.from(bytes, 'latin1') : bytes
}
