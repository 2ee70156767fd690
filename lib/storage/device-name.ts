/** The kernel writes the `/` of a name as `!`, since a file's name cannot have one: `cciss!c0d0` is /dev/cciss/c0d0. */
export function devicePathOf(kernelName: string): string {
  return kernelName.includes('!') ? `/dev/${kernelName.replaceAll('!', '/')}` : `/dev/${kernelName}`
}
