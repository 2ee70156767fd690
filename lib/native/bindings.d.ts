declare module 'bindings' {
  interface Options {
    readonly bindings: string
    readonly module_root: string
    /** The paths to try, in parts. A part that is the name of an option is replaced by its value. */
    readonly try: readonly (readonly string[])[]
  }
  export default function bindings(options: Options): unknown
}
