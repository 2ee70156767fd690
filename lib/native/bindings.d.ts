declare module 'bindings' {
  interface Options {
    readonly bindings: string
    readonly module_root: string
    /** Paths in parts; a part that is the name of an option stands for its value. */
    readonly try: readonly (readonly string[])[]
  }
  export default function bindings(options: Options): unknown
}
