// One implementation for both kinds of module: the addon and the classes must be there once.
export * from './index.js'
