/** Aborted by Ctrl-C or `kill`: the way to end a command that goes on. The second time ends the process at once. */
export function interruption(): AbortController {
  const controller = new AbortController()
  const abort = (): void => controller.abort()
  process.once('SIGINT', abort)
  process.once('SIGTERM', abort)
  controller.signal.addEventListener('abort', () => {
    process.off('SIGINT', abort)
    process.off('SIGTERM', abort)
  })
  return controller
}
