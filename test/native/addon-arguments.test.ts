import type { ExecutionContext } from 'ava'
import fc from 'fast-check'
import { field, param, type Query, query, record } from '../../lib/index.js'
import { loadAddon } from '../../lib/native/addon.js'
import type { Addon, AddonRun, AddonSampler, PreparedProgram } from '../../lib/native/addon-interface.js'
import { encodeProgram } from '../../lib/native/encode-program.js'
import { compile } from '../../lib/query/compile.js'
import { devicesUnderMap, mapsOnDevice } from '../../lib/storage/block-devices.js'
import { devicesOfLun, portalsOfTarget } from '../../lib/storage/iscsi.js'
import { howItEnded, requiredAddonFile, runInChild } from '../support/child-process.js'
import { byRunLength } from '../support/run-length.js'
import { machineOfSize, removeMachine, writeMachine } from '../support/sysfs-tree.js'
import { temporaryDirectory } from '../support/temporary.js'
import { testWithAddon as test } from '../support/test-with.js'

const { capture, exists, hex, integer, link, list, name, numberFromLink, text } = field

// The addon may never end the process, whatever JavaScript gives it: each call returns, or throws an Error. The calls
// are made in processes of their own, so that a crash is a failed test that names the call.

/** Makes one call; `what` is what a crash leaves as the last line. Says whether the call returned. */
type Attempt = (what: string, call: () => unknown) => boolean

interface Ground {
  readonly addon: Addon
  readonly attempt: Attempt
  /** Prepares a program, for the small machine if no other sysfs is given. */
  prepare(program: Uint8Array, sys?: string): PreparedProgram
  /** Runs a program of which only the number of parameters is known. */
  run(prepared: PreparedProgram, limit: number, ...parameters: string[]): unknown
  /** Values that no call accepts. */
  readonly garbage: readonly unknown[]
  readonly root: string
}

/** Runs a function on the addon in a process of its own; returns how many of its calls returned and threw. */
async function survives<Argument>(
  t: ExecutionContext,
  body: (ground: Ground, argument: Argument) => void,
  argument: Argument,
): Promise<{ readonly returned: number; readonly threw: number } | undefined> {
  const addonFile = requiredAddonFile()
  const root = temporaryDirectory()
  try {
    writeMachine(root, machineOfSize({ sessions: 2, luns: 2, maps: 2 }))
    const end = await runInChild(
      (_library, { addonFile, root, body, argument }) => {
        const { writeSync } = process.getBuiltinModule('node:fs')
        const loading: { exports: unknown } = { exports: {} }
        process.dlopen(loading, addonFile)
        const addon = loading.exports as Addon
        const count = { returned: 0, threw: 0 }
        const attempt: Attempt = (what, call) => {
          writeSync(2, `${what}\n`)
          try {
            call()
            count.returned++
            return true
          } catch (error) {
            if (!(error instanceof Error)) throw new TypeError(`${what} threw something that is no Error`)
            count.threw++
            return false
          }
        }
        const refuse = () => {
          throw new Error('not to be asked')
        }
        const garbage = [
          undefined,
          null,
          true,
          0,
          -1,
          1.5,
          Number.NaN,
          Number.POSITIVE_INFINITY,
          2 ** 53,
          10n,
          '',
          'text',
          '\ud800',
          Symbol('symbol'),
          () => {},
          class {},
          {},
          Object.create(null),
          [],
          new String('boxed'),
          new Number(1),
          new Date(),
          new Map(),
          new ArrayBuffer(8),
          new SharedArrayBuffer(8),
          new DataView(new ArrayBuffer(8)),
          new Uint8Array(0),
          new Uint8Array(64),
          new Uint8ClampedArray(8),
          new Int8Array(8),
          new Float32Array(8),
          new BigInt64Array(8),
          Buffer.from('text'),
          Promise.resolve(),
          { toString: refuse, valueOf: refuse, [Symbol.toPrimitive]: refuse, length: 1 },
          {
            get length() {
              return refuse()
            },
            get 0() {
              return refuse()
            },
          },
          new Proxy({}, { get: refuse, getPrototypeOf: refuse, has: refuse }),
          new Proxy(new Uint8Array(8), { get: refuse }),
          new Proxy(() => {}, { apply: refuse, construct: refuse }),
        ]
        const cells = new Float64Array(4096)
        const ground: Ground = {
          addon,
          attempt,
          garbage,
          root,
          prepare: (program, sys = `${root}/sys`) => new addon.PreparedProgram(program, sys, `${root}/dev`, root),
          run: (prepared, limit, ...parameters) => prepared.run(cells, limit, ...parameters),
        }
        const run = new Function(`return ${body}`)() as (ground: Ground, argument: unknown) => void
        run(ground, argument)
        globalThis.gc?.()
        return count
      },
      { addonFile, root, body: String(body), argument },
      { nodeArguments: ['--expose-gc'] },
    )
    if (end.status !== 0) {
      t.fail(howItEnded(end))
      return undefined
    }
    return JSON.parse(end.stdout.slice(end.stdout.lastIndexOf('\n') + 1)) as { returned: number; threw: number }
  } finally {
    removeMachine(root)
  }
}

const loaded = loadAddon(undefined)
/** Undefined if there is no addon. The tests then use no program. */
const kinds = loaded instanceof Error ? undefined : loaded.programKinds

/** Programs that together have everything that a program can have. */
const programs = [
  portalsOfTarget,
  devicesOfLun,
  mapsOnDevice,
  devicesUnderMap,
  query('class/block/{a}x*y$p', {
    name: name(),
    a: capture('a'),
    size: integer('size').equals(12),
    page: hex('device/vpd_pg83'),
    vendor: text('device/vendor').equals(param('vendor')),
    at: link().required(),
    host: numberFromLink('host'),
    session: numberFromLink('session', 'device'),
    has: exists('queue').required(),
  }),
  record({
    blocks: list('class/block/*', { name: name(), below: list('$name*', { size: integer('size').required() }) }),
    one: list('class/block/$disk', { name: name() }),
  }),
  query('$a/$b/$c$d/*', { name: name(), value: text('$e').equals(param('f')) }),
].map((program) => encode(program))

function encode(program: Query<unknown, unknown>): Buffer {
  return kinds === undefined ? Buffer.alloc(0) : Buffer.from(encodeProgram(compile(program), kinds))
}

const base64 = (bytes: Uint8Array): string => Buffer.from(bytes).toString('base64')

/** Prepares arbitrary programs, and runs those that are accepted. */
function runAll({ addon, attempt, prepare, run }: Ground, encoded: readonly string[]): void {
  for (const program of encoded) {
    const bytes = Buffer.from(program, 'base64')
    attempt(`program ${bytes.toString('hex')}`, () => {
      const prepared = prepare(bytes)
      const count = bytes.readUInt32LE(0)
      for (const parameter of ['1', 'dm-0', '/dev/sda']) {
        const parameters = Array.from({ length: Math.min(count, 20) }, () => parameter)
        run(prepared, 1000, ...parameters)
        new addon.AsyncRun(prepared, 1000, () => {}, ...parameters)
      }
    })
  }
}

test.serial('the programs that the tests change are valid', async (t) => {
  const count = await survives(t, runAll, programs.map(base64))
  if (count !== undefined) t.deepEqual(count, { returned: programs.length, threw: 0 })
})

test.serial('garbage as any argument does not end the process', async (t) => {
  const count = await survives(
    t,
    ({ addon, attempt, garbage, root }, program) => {
      const bytes = Buffer.from(program, 'base64')
      const right = [bytes, `${root}/sys`, `${root}/dev`, root]
      const Program = addon.PreparedProgram as new (...args: unknown[]) => PreparedProgram
      const calls: Record<string, (...args: unknown[]) => unknown> = {
        'new PreparedProgram': (...args) => new Program(...args),
        PreparedProgram: addon.PreparedProgram as unknown as (...args: unknown[]) => unknown,
        construct: (...args) => Reflect.construct(Program, right, args[0] as () => void),
        copyResult: addon.copyResult as (...args: unknown[]) => unknown,
        lastFailure: addon.lastFailure as (...args: unknown[]) => unknown,
        run: (...args) => (new Program(...right).run as (...args: unknown[]) => unknown)(...args),
        method: (...args) => {
          const prepared = new Program(...right)
          return (prepared.run as (...args: unknown[]) => unknown).apply(prepared, args)
        },
        extended: (...args) => new (class extends Program {})(...args),
      }
      for (const [what, call] of Object.entries(calls)) {
        attempt(`${what}()`, () => call())
        garbage.forEach((one, index) => {
          attempt(`${what}(garbage ${index})`, () => call(one))
          attempt(`${what}(garbage ${index} five times)`, () => call(one, one, one, one, one))
          attempt(`${what}(1, garbage ${index})`, () => call(1, one))
          for (let place = 0; place < right.length; place++) {
            const args: unknown[] = [...right]
            args[place] = one
            attempt(`${what}(right but for garbage ${index} at ${place})`, () => call(...args))
          }
        })
        attempt(`${what}(a thousand)`, () => call(...Array(1000).fill('x')))
      }
    },
    base64(programs[2] as Buffer),
  )
  if (count !== undefined) t.true(count.threw > 1000 && count.returned > 10, JSON.stringify(count))
})

test.serial('garbage as any argument of an asynchronous run does not end the process', async (t) => {
  const count = await survives(
    t,
    ({ addon, attempt, garbage, prepare }, program) => {
      // Nothing catches what `onComplete` throws.
      process.on('uncaughtException', () => {})
      const right = [prepare(Buffer.from(program, 'base64')), 10, () => {}, 'sda', 'dm-0']
      const Run = addon.AsyncRun as new (...args: unknown[]) => AddonRun
      const { prototype } = Run
      const calls: Record<string, (...args: unknown[]) => unknown> = {
        'new AsyncRun': (...args) => new Run(...args),
        AsyncRun: addon.AsyncRun as unknown as (...args: unknown[]) => unknown,
        construct: (...args) => Reflect.construct(Run, right.slice(0, 4), args[0] as () => void),
        cancel: (...args) => (new Run(...right.slice(0, 4)).cancel as (...args: unknown[]) => unknown)(...args),
        currentCall: (...args) =>
          (new Run(...right.slice(0, 4)).currentCall as (...args: unknown[]) => unknown)(...args),
      }
      for (const [what, call] of Object.entries(calls)) {
        attempt(`${what}()`, () => call())
        garbage.forEach((one, index) => {
          attempt(`${what}(garbage ${index})`, () => call(one))
          for (const length of [3, 4, 5]) {
            for (let place = 0; place < length; place++) {
              const args: unknown[] = right.slice(0, length)
              args[place] = one
              attempt(`${what}(${length} with garbage ${index} at ${place})`, () => call(...args))
            }
          }
        })
        attempt(`${what}(a thousand)`, () => call(...Array(1000).fill('x')))
      }
      const asyncRun = new Run(...right.slice(0, 4))
      const wrong = [
        ...garbage,
        right[0],
        prototype,
        Object.create(prototype),
        Object.create(asyncRun),
        new Proxy(asyncRun, {}),
      ]
      wrong.forEach((one, index) => {
        attempt(`cancel on ${index}`, () => Reflect.apply(prototype.cancel, one, []))
        attempt(`currentCall on ${index}`, () => Reflect.apply(prototype.currentCall, one, []))
        attempt(`AsyncRun on ${index}`, () => Reflect.apply(Run as unknown as () => void, one, right))
        attempt(`run on an asynchronous run ${index}`, () =>
          Reflect.apply((right[0] as PreparedProgram).run, asyncRun, [one, 1, 'sda']),
        )
        attempt(`a run of a run ${index}`, () => new Run(asyncRun, 10, one, 'sda'))
      })
      for (let i = 0; i < 3; i++) attempt('cancel', () => asyncRun.cancel())
      attempt('currentCall after cancel', () => asyncRun.currentCall())
    },
    base64(programs[2] as Buffer),
  )
  if (count !== undefined) t.true(count.threw > 500 && count.returned > 50, JSON.stringify(count))
})

test.serial('methods on wrong receivers throw', async (t) => {
  const count = await survives(
    t,
    ({ addon, attempt, garbage, prepare }, program) => {
      const prepared = prepare(Buffer.from(program, 'base64'))
      const { prototype } = addon.PreparedProgram
      const wrong = [...garbage, prototype, Object.create(prototype), Object.create(prepared), addon, prepared.run]
      wrong.push(Object.setPrototypeOf(new Map(), prototype), new Proxy(prepared, {}), globalThis, structuredClone({}))
      wrong.forEach((one, index) => {
        attempt(`run on ${index}`, () => Reflect.apply(prototype.run, one, [new Float64Array(9), 1, 'sda']))
        attempt(`copyResult on ${index}`, () => Reflect.apply(addon.copyResult, one, [one]))
        attempt(`lastFailure on ${index}`, () => Reflect.apply(addon.lastFailure, one, []))
        attempt(`new run on ${index}`, () =>
          Reflect.construct(prototype.run, [new Float64Array(9), 1, 'sda'], one as () => void),
        )
      })
      attempt('another prototype', () => Object.setPrototypeOf(prepared, null))
      attempt('run with another prototype', () =>
        Reflect.apply(prototype.run, prepared, [new Float64Array(9), 1, 'sda']),
      )
    },
    base64(programs[2] as Buffer),
  )
  if (count !== undefined) t.true(count.threw > 50, JSON.stringify(count))
})

test.serial('random bytes as a program are refused', async (t) => {
  const bytes = fc.uint8Array({ maxLength: 300 })
  // Programs consist of small 32-bit numbers, so that some of these are decoded further.
  const numbers = fc
    .array(fc.oneof({ weight: 9, arbitrary: fc.nat(9) }, fc.constantFrom(0xffffffff, 0x7fffffff, 1000)), {
      maxLength: 60,
    })
    .map((values) => new Uint8Array(Uint32Array.from(values).buffer))
  const random = fc.sample(fc.oneof(bytes, numbers), 6000)
  const count = await survives(t, runAll, random.map(base64))
  if (count !== undefined) t.true(count.threw > 1000, JSON.stringify(count))
})

test.serial('programs with changed, missing and repeated bytes do not end the process', async (t) => {
  const change = fc.record({
    at: fc.nat(2000),
    kind: fc.constantFrom('flip', 'set', 'cut', 'repeat', 'remove'),
    value: fc.nat(255),
    length: fc.nat(24),
  })
  const mutated = fc
    .tuple(fc.constantFrom(...programs), fc.array(change, { minLength: 1, maxLength: 4 }))
    .map(([program, changes]) => {
      let bytes = Buffer.from(program)
      for (const { at: anywhere, kind, value, length } of changes) {
        if (bytes.length === 0) break
        const at = anywhere % bytes.length
        if (kind === 'flip') bytes[at] = (bytes[at] as number) ^ (1 << (value % 8))
        else if (kind === 'set') bytes[at] = value
        else if (kind === 'cut') bytes = bytes.subarray(0, at)
        else if (kind === 'remove') bytes = Buffer.concat([bytes.subarray(0, at), bytes.subarray(at + length)])
        else bytes = Buffer.concat([bytes.subarray(0, at + length), bytes.subarray(at)])
      }
      return bytes
    })
  const count = await survives(t, runAll, fc.sample(mutated, 6000).map(base64))
  if (count !== undefined) t.true(count.threw > 100 && count.returned > 100, JSON.stringify(count))
})

test.serial('programs with numbers at the limits do not end the process', async (t) => {
  const limits = [0, 1, 2, 3, 4, 5, 63, 64, 0xffff, 0x10000, 0x7fffffff, 0x80000000, 0xfffffffe, 0xffffffff]
  // A program is made of numbers of four bytes. The long run also writes across two numbers.
  const step = byRunLength({ usual: 4, long: 1 })
  const replaced = programs.flatMap((program) =>
    Array.from({ length: Math.ceil((program.length - 3) / step) }, (_, index) => index * step).flatMap((at) =>
      limits.map((limit) => {
        const bytes = Buffer.from(program)
        bytes.writeUInt32LE(limit, at)
        return base64(bytes)
      }),
    ),
  )
  const count = await survives(t, runAll, replaced)
  if (count !== undefined) t.is(count.returned + count.threw, replaced.length)
})

test.serial('lists may nest up to the limit', async (t) => {
  const none = 0xffffffff
  /** A list `*` in a list `*` in a list... */
  const nested = (depth: number): Uint8Array => {
    const words = [0, none, 0, 0]
    const star = kinds?.tokens.indexOf('star') ?? -1
    const list = kinds?.readings.indexOf('list') ?? -1
    // No directory, one token (a star), nothing to probe first; one step: a list.
    for (let level = 0; level < depth; level++) words.push(0, 1, star, 0, 1, list)
    words.push(0, 1, star, 0, 0)
    // Each list's step has no slot and no condition.
    for (let level = 0; level < depth; level++) words.push(none, 0)
    return new Uint8Array(Uint32Array.from(words).buffer)
  }
  const depths = [0, 1, 2, 3, 62, 63, 64, 65, 1000, 100_000]
  const count = await survives(
    t,
    ({ attempt, prepare, run, root }, encoded) => {
      // Nested directories: a list of each level has one row.
      const { mkdirSync } = process.getBuiltinModule('node:fs')
      mkdirSync(`${root}/chain${'/link'.repeat(70)}`, { recursive: true })
      for (const program of encoded) {
        const bytes = Buffer.from(program, 'base64')
        attempt(`${bytes.length} bytes`, () => run(prepare(bytes, `${root}/chain`), 9))
      }
    },
    depths.map((depth) => base64(nested(depth))),
  )
  if (count !== undefined) t.deepEqual(count, { returned: 6, threw: 4 })
})

test.serial('unusual parameters, directories and limits do not end the process', async (t) => {
  const count = await survives(
    t,
    ({ addon, attempt, prepare, run }, { encoded, textLength }) => {
      const strings = {
        empty: '',
        'a NUL': 'a\0b',
        'half a character': '\ud800',
        'not ASCII': 'größe\u{1f600}',
        dots: '../../..',
        'a long name': 'x'.repeat(5000),
        'a very long text': 'x'.repeat(textLength),
        'a very long text that is not ASCII': 'ö'.repeat(textLength / 2),
        'a path with many components': '/dev/x'.repeat(200_000),
        'slashes only': '/'.repeat(textLength / 4),
        'up and down': '/dev/..'.repeat(200_000),
        'a rope': Array.from({ length: 1000 }, (_, i) => `${i}`).reduce((all, one) => all + one, '/dev/'),
      }
      const limits = [0, -0, 1, -1, 0.5, Number.NaN, Number.POSITIVE_INFINITY, 2 ** 32, 2 ** 53, -(2 ** 31), 1e308]
      for (const program of encoded) {
        const bytes = Buffer.from(program, 'base64')
        const length = bytes.readUInt32LE(0)
        for (const [what, string] of Object.entries(strings)) {
          const prepared = prepare(bytes)
          attempt(`a parameter that is ${what}`, () => run(prepared, 1, ...Array(length).fill(string)))
          attempt(`a directory that is ${what}`, () => {
            run(new addon.PreparedProgram(bytes, string, string, string), 1, ...Array(length).fill('/dev/sda'))
          })
        }
        for (const limit of limits) {
          attempt(`a limit of ${limit}`, () => run(prepare(bytes), limit, ...Array(length).fill('1')))
        }
        attempt('one parameter too few', () => run(prepare(bytes), 1, ...Array(length - 1).fill('1')))
        attempt('one parameter too many', () => run(prepare(bytes), 1, ...Array(length + 1).fill('1')))
      }
    },
    { encoded: programs.map(base64), textLength: byRunLength({ usual: 2_000_000, long: 20_000_000 }) },
  )
  if (count !== undefined) t.deepEqual(count, { returned: programs.length * (2 * 12 + 11), threw: programs.length * 2 })
})

test.serial('small, shared, foreign and detached arrays of cells are refused or used', async (t) => {
  const count = await survives(
    t,
    ({ addon, attempt, prepare }, program) => {
      const prepared = prepare(Buffer.from(program, 'base64'))
      const use = (what: string, make: () => Float64Array, spoil: (cells: Float64Array) => void = () => {}) => {
        let cells: Float64Array = new Float64Array(2)
        const ask = () => {
          prepared.run(cells, 1000)
          addon.lastFailure()
        }
        attempt(`copyResult to ${what}`, () => {
          cells = make()
          addon.copyResult(cells)
        })
        attempt(`run with ${what}`, ask)
        attempt(`spoil ${what}`, () => spoil(cells))
        for (let i = 0; i < 20; i++) {
          attempt(`run with ${what}, spoilt`, ask)
          // Other memory may be in the place of the array now.
          const others = Array.from({ length: 20 }, () => new Float64Array(1000).fill(7))
          globalThis.gc?.()
          if (others.some((other) => other.some((value) => value !== 7))) {
            throw new Error(`${what}: the addon wrote into another array`)
          }
        }
      }
      const resizable = (bytes: number, most: number) =>
        Reflect.construct(ArrayBuffer, [bytes, { maxByteLength: most }]) as ArrayBuffer & { resize(size: number): void }
      const resize = (cells: Float64Array, bytes: number) =>
        (cells.buffer as ArrayBuffer & { resize(size: number): void }).resize(bytes)
      const detach = (cells: Float64Array) => {
        structuredClone(cells.buffer, { transfer: [cells.buffer as ArrayBuffer] })
      }
      for (const length of [0, 1, 2, 3, 10, 1000, 100_000]) use(`${length} cells`, () => new Float64Array(length))
      use('shared cells', () => new Float64Array(new SharedArrayBuffer(8000)))
      use('cells in the middle of a buffer', () => new Float64Array(new ArrayBuffer(8000), 4000, 3))
      use('cells of a class', () => new (class extends Float64Array {})(1000))
      use('cells that are detached before', () => {
        const cells = new Float64Array(1000)
        detach(cells)
        return cells
      })
      use('cells that are detached', () => new Float64Array(1000), detach)
      use(
        'cells that are moved to another thread',
        () => new Float64Array(1000),
        (cells) => {
          const { port1, port2 } = new MessageChannel()
          port1.postMessage(cells, [cells.buffer as ArrayBuffer])
          port1.close()
          port2.close()
        },
      )
      use(
        'cells that shrink',
        () => new Float64Array(resizable(8_000, 8_000)),
        (cells) => resize(cells, 0),
      )
      use(
        'cells that shrink by a page',
        () => new Float64Array(resizable(81_920, 81_920)),
        (cells) => resize(cells, 16),
      )
      use(
        'cells that grow',
        () => new Float64Array(resizable(16, 80_000)),
        (cells) => resize(cells, 80_000),
      )
      use(
        'cells of a fixed length in a buffer that shrinks',
        () => new Float64Array(resizable(8_000, 8_000), 80, 900),
        (cells) => resize(cells, 800),
      )
      use('cells with getters', () =>
        Object.defineProperties(new Float64Array(1000), {
          length: { get: () => 1e9 },
          buffer: { get: () => new ArrayBuffer(0) },
          byteOffset: { get: () => -8 },
        }),
      )
      use('frozen cells', () => Object.preventExtensions(new Float64Array(1000)))
    },
    base64(
      encode(query('class/block/*', { name: name(), size: integer('size'), queue: list('queue/*', { n: name() }) })),
    ),
  )
  if (count !== undefined) t.true(count.returned > 200, JSON.stringify(count))
})

test.serial('programs in shared, detached, resized and changed arrays do not end the process', async (t) => {
  const count = await survives(
    t,
    ({ attempt, prepare, run }, program) => {
      const bytes = Buffer.from(program, 'base64')
      const copy = (buffer: ArrayBuffer | SharedArrayBuffer): Uint8Array => {
        const array = new Uint8Array(buffer)
        array.set(bytes)
        return array
      }
      const detached = copy(new ArrayBuffer(bytes.length))
      structuredClone(detached.buffer, { transfer: [detached.buffer as ArrayBuffer] })
      const shrunk = copy(
        Reflect.construct(ArrayBuffer, [bytes.length, { maxByteLength: bytes.length }]) as ArrayBuffer,
      )
      ;(shrunk.buffer as ArrayBuffer & { resize(size: number): void }).resize(8)
      attempt('detached', () => prepare(detached))
      attempt('shrunk', () => prepare(shrunk))
      attempt('shared', () => run(prepare(copy(new SharedArrayBuffer(bytes.length))), 1, 'sda'))
      attempt('changed afterwards', () => {
        const array = copy(new ArrayBuffer(bytes.length))
        const prepared = prepare(array)
        array.fill(255)
        run(prepared, 1, 'sda')
        structuredClone(array.buffer, { transfer: [array.buffer as ArrayBuffer] })
        run(prepared, 1, 'sda')
      })
    },
    base64(programs[2] as Buffer),
  )
  if (count !== undefined) t.deepEqual(count, { returned: 2, threw: 2 })
})

test.serial('samplers with garbage do not end the process', async (t) => {
  const count = await survives(
    t,
    ({ addon, attempt, garbage, root, prepare }, program) => {
      const directory = `${root}/sys/class/block`
      const classes = {
        AttributeSampler: [directory, 'sda\0sdb\0', 'stat\0size\0', Uint32Array.of(17, 1), 9],
        DiskstatsSampler: [directory, 'sda\0', '/proc/self/mountinfo'],
      } as const
      for (const [name, right] of Object.entries(classes)) {
        const Sampler = addon[name as keyof typeof classes] as new (...args: readonly unknown[]) => AddonSampler
        const made = (...args: readonly unknown[]) => {
          const sampler = new Sampler(...args)
          for (const cells of [new Float64Array(1 + 2 * 19), new Float64Array(1 + 18), new Float64Array(0)]) {
            for (let i = 0; i < 2; i++) {
              try {
                sampler.sample(cells)
              } catch {}
              sampler.open()
            }
            sampler.lastFailure()
          }
          if (typeof sampler.held() !== 'number') throw new Error('not a number')
          sampler.close()
          sampler.close()
        }
        attempt(`${name} as it should be`, () => made(...right))
        attempt(`${name}()`, () => (Sampler as unknown as (...args: readonly unknown[]) => unknown)(...right))
        attempt(`new ${name}()`, () => new Sampler())
        garbage.forEach((one, index) => {
          attempt(`new ${name}(garbage ${index} five times)`, () => made(one, one, one, one, one))
          for (let place = 0; place < right.length; place++) {
            const args: unknown[] = [...right]
            args[place] = one
            attempt(`new ${name}(right but for garbage ${index} at ${place})`, () => made(...args))
          }
          const sampler = new Sampler(...right)
          sampler.open()
          attempt(`${name}.sample(garbage ${index})`, () => sampler.sample(one as Float64Array))
          const methods = Sampler.prototype
          for (const method of ['open', 'sample', 'held', 'lastFailure', 'close'] as const) {
            attempt(`${name}.${method} on garbage ${index}`, () => Reflect.apply(methods[method], one, [one]))
          }
        })
        const others = [prepare(Buffer.from(program, 'base64')), Sampler.prototype, Object.create(Sampler.prototype)]
        others.push(Object.create(new Sampler(...right)), new Proxy(new Sampler(...right), {}))
        if (name === 'AttributeSampler') others.push(new addon.DiskstatsSampler(directory, '', ''))
        for (const [index, other] of others.entries()) {
          for (const method of ['open', 'sample', 'held', 'lastFailure', 'close'] as const) {
            attempt(`${name}.${method} on another ${index}`, () =>
              Reflect.apply(Sampler.prototype[method], other, [new Float64Array(39)]),
            )
          }
        }
        attempt(`run on a ${name}`, () =>
          Reflect.apply(addon.PreparedProgram.prototype.run, new Sampler(...right), [new Float64Array(9), 1, 'sda']),
        )
      }
      for (const columns of [[], [0], [1, 2], [2 ** 32 - 1], [1025]]) {
        attempt(`columns ${columns}`, () =>
          new addon.AttributeSampler(directory, 'sda\0', 'stat\0', Uint32Array.from(columns), 9).open(),
        )
      }
      for (const names of ['', '\0', 'sda', '\0\0\0', '..\0', 'ö\0', `${'x'.repeat(5000)}\0`, 'sda\0'.repeat(3000)]) {
        attempt(`names ${names.slice(0, 9)}`, () => {
          const sampler = new addon.AttributeSampler(directory, names, 'stat\0', Uint32Array.of(17), 9)
          sampler.open()
          sampler.sample(new Float64Array(1 + 18 * (names.split('\0').length - 1)))
        })
      }
      const cells = new Float64Array(1 + 18)
      const sampler = new addon.AttributeSampler(directory, 'sda\0', 'stat\0', Uint32Array.of(17), 9)
      sampler.open()
      attempt('cells', () => sampler.sample(cells))
      structuredClone(cells.buffer, { transfer: [cells.buffer as ArrayBuffer] })
      attempt('cells that were given away', () => sampler.sample(cells))
      attempt('cells of another thread', () => sampler.sample(new Float64Array(new SharedArrayBuffer(19 * 8))))
    },
    base64(programs[2] as Buffer),
  )
  if (count !== undefined) t.true(count.threw > 600 && count.returned > 10, JSON.stringify(count))
})
