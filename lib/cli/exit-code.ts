/** What the process ends with; the help tells them too. */
export const exitCodes = { found: 0, nothingFound: 1, usage: 2, failure: 3 } as const

export type ExitCode = (typeof exitCodes)[keyof typeof exitCodes]
