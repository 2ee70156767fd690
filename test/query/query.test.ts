import { mkdirSync, writeFileSync } from 'node:fs'
import test from 'ava'
import { field, param, type Query, query, record, Sysfs, type Unreadable } from '../../lib/index.js'
import { type Backend, backends, onEveryBackend } from '../support/backends.js'
import { type FileTree, writeFileTree } from '../support/file-tree.js'

const { capture, exists, hex, integer, link, list, name, numberFromLink, text } = field

const hosts: FileTree = {
  'sys/class/host/host2': { link: '../../devices/pci/host2/class/host2' },
  'sys/class/host/host10': { link: '../../devices/pci/host10/class/host10' },
  'sys/class/host/host-x': null,
  'sys/class/host/host007': null,
  'sys/class/host/other': null,
  'sys/devices/pci/host2/class/host2/state': 'running\n',
  'sys/devices/pci/host2/class/host2/busy': '12\n',
  'sys/devices/pci/host2/class/host2/mode': ' \t0x1F \n',
  'sys/devices/pci/host10/class/host10/state': 'blocked\n',
  'sys/devices/pci/host2/target2:0:0/2:0:0:1/block/sda/size': '8\n',
  'sys/devices/pci/host2/target2:0:0/2:0:0:1/block/sdb/size': '16\n',
  'sys/devices/pci/host2/target2:1:4/2:1:4:9/block/sdc/size': '24\n',
  'sys/devices/pci/host2/class/host2/device': { link: '../../../host2' },
  'sys/devices/pci/host10/class/host10/device': { link: '../../../host10' },
}

onEveryBackend('rows are in byte order and have their fields', (t, backend) => {
  const sysfs = new Sysfs({ root: writeFileTree(t, hosts), backend })
  const prepared = sysfs.prepare(
    query('class/host/host{number}', {
      name: name(),
      number: capture('number'),
      state: text('state'),
      busy: integer('busy'),
      mode: integer('mode'),
      link: link(),
      linkHost: numberFromLink('host'),
      hasBusy: exists('busy'),
    }),
  )
  const rows: readonly {
    readonly name: string
    readonly number: number
    readonly state: string | null
    readonly busy: number | null
    readonly mode: number | null
    readonly link: string | null
    readonly linkHost: number | null
    readonly hasBusy: boolean
  }[] = prepared.all()
  t.deepEqual(rows, [
    {
      name: 'host10',
      number: 10,
      state: 'blocked',
      busy: null,
      mode: null,
      link: '../../devices/pci/host10/class/host10',
      linkHost: 10,
      hasBusy: false,
    },
    {
      name: 'host2',
      number: 2,
      state: 'running',
      busy: 12,
      mode: 31,
      link: '../../devices/pci/host2/class/host2',
      linkHost: 2,
      hasBusy: true,
    },
  ])
  t.deepEqual(Object.keys(rows[0] ?? {}), ['name', 'number', 'state', 'busy', 'mode', 'link', 'linkHost', 'hasBusy'])
})

onEveryBackend('names match by prefix, suffix, glob and number', (t, backend) => {
  const sysfs = new Sysfs({ root: writeFileTree(t, hosts), backend })
  const names = (pattern: string) =>
    sysfs
      .prepare(query(pattern, { name: name() }))
      .all({} as never)
      .map((row) => row.name)
  t.deepEqual(names('class/host/*'), ['host-x', 'host007', 'host10', 'host2', 'other'])
  t.deepEqual(names('class/host/host*'), ['host-x', 'host007', 'host10', 'host2'])
  t.deepEqual(names('class/host/*t2'), ['host2'])
  t.deepEqual(names('class/host/h*-*'), ['host-x'])
  t.deepEqual(names('class/host/host{n}'), ['host10', 'host2'], 'a number has no leading zeros')
  t.deepEqual(names('class/host/*{n}'), ['host007', 'host10', 'host2'], 'the star takes what the number cannot')
  t.deepEqual(names('class/host/*o*e*'), ['other'])
  t.deepEqual(names('class/host/*oo*'), [])
  t.deepEqual(names('class/host/other'), ['other'])
  t.deepEqual(names('class/host/missing'), [])
  t.deepEqual(names('class/nothing/*'), [])
  t.deepEqual(names('class/host/host2/state/*'), [], 'a file has no entries')
})

onEveryBackend('constants and parameters select rows', (t, backend) => {
  const sysfs = new Sysfs({ root: writeFileTree(t, hosts), backend })
  const running = sysfs.prepare(query('class/host/*', { name: name(), state: text('state').equals('running') }))
  t.deepEqual(running.all(), [{ name: 'host2', state: 'running' }])

  const inState = sysfs.prepare(query('class/host/*', { name: name(), state: text('state').equals(param('state')) }))
  t.deepEqual(inState.all({ state: 'blocked' }), [{ name: 'host10', state: 'blocked' }])
  t.deepEqual(inState.all({ state: 'block' }), [], 'exactly')
  t.deepEqual(inState.first({ state: 'running' }), { name: 'host2', state: 'running' })
  t.is(inState.first({ state: '' }), undefined)

  const byNumber = sysfs.prepare(
    query('class/host/host{n}', {
      busy: integer('busy').equals(param('busy')),
      host: numberFromLink('host').equals(2),
    }),
  )
  t.deepEqual(byNumber.all({ busy: 12 }), [{ busy: 12, host: 2 }])
  t.deepEqual(byNumber.all({ busy: 13 }), [])

  const busy = sysfs.prepare(query('class/host/host*', { name: name(), busy: integer('busy').required() }))
  const row: { readonly name: string; readonly busy: number } | undefined = busy.first()
  t.deepEqual(row, { name: 'host2', busy: 12 })
  t.deepEqual(sysfs.prepare(query('class/host/*', { name: name(), busy: exists('busy').required() })).all(), [
    { name: 'host2', busy: true },
  ])
})

onEveryBackend('nested lists refer to numbers, names and parameters around them', (t, backend) => {
  const sysfs = new Sysfs({ root: writeFileTree(t, hosts), backend })
  const prepared = sysfs.prepare(
    query('class/host/host{host}', {
      host: capture('host'),
      targets: list('device/target$host:{channel}:{target}', {
        channel: capture('channel'),
        target: capture('target'),
        disks: list('$host:$channel:$target:$lun/block/*', { name: name(), size: integer('size') }),
      }),
    }),
  )
  t.deepEqual(prepared.all({ lun: 1 }), [
    { host: 10, targets: [] },
    {
      host: 2,
      targets: [
        {
          channel: 0,
          target: 0,
          disks: [
            { name: 'sda', size: 8 },
            { name: 'sdb', size: 16 },
          ],
        },
        { channel: 1, target: 4, disks: [] },
      ],
    },
  ])
  const named = sysfs.prepare(
    query('class/host/*', {
      entry: name(),
      self: list('device/class/$entry', { link: numberFromLink('host', 'device'), entry: name() }),
    }),
  )
  t.deepEqual(named.all()[2], { entry: 'host10', self: [{ link: 10, entry: 'host10' }] })
})

onEveryBackend('a record reads several parts of sysfs in one call', (t, backend) => {
  const root = writeFileTree(t, { ...hosts, 'sys/a/loop': { link: 'loop' } })
  const prepared = new Sysfs({ root, backend }).prepare(
    record({
      running: list('class/host/host*', { name: name(), state: text('state').equals(param('state')) }),
      disks: list('devices/pci/host$host/target$host:0:0/$host:0:0:1/block/*', { name: name() }),
      version: text('kernel/version'),
      loop: text('a/loop'),
    }),
  )
  const unreadable: Unreadable[] = []
  t.deepEqual(prepared.first({ state: 'running', host: 2 }, { onUnreadable: (item) => unreadable.push(item) }), {
    running: [{ name: 'host2', state: 'running' }],
    disks: [{ name: 'sda' }, { name: 'sdb' }],
    version: null,
    loop: null,
  })
  t.deepEqual(unreadable, [{ path: `${root}/sys/a/loop`, code: 'ELOOP' }])
  const none = new Sysfs({ root: '/nonexistent', backend }).prepare(record({ all: list('class/*', { name: name() }) }))
  t.deepEqual(none.all(), [{ all: [] }])
})

onEveryBackend('a required list drops its row, and probeFirst avoids the listing', (t, backend) => {
  const sysfs = new Sysfs({ root: writeFileTree(t, hosts), backend })
  const targets = list('device/target$host:{channel}:{target}', {
    target: capture('target'),
    disks: list('$host:$channel:$target:$lun/block/*', { name: name() }).required(),
  })
  const all = sysfs.prepare(query('class/host/host{host}', { targets: targets.required() }))
  t.deepEqual(all.all({ lun: 9 }), [{ targets: [{ target: 4, disks: [{ name: 'sdc' }] }] }])

  const guessing = sysfs.prepare(query('class/host/host{host}', { targets: targets.probeFirst('target$host:0:0') }))
  t.deepEqual(guessing.all({ lun: 1 })[1], { targets: [{ target: 0, disks: [{ name: 'sda' }, { name: 'sdb' }] }] })
  t.deepEqual(
    guessing.all({ lun: '9' })[1],
    { targets: [{ target: 4, disks: [{ name: 'sdc' }] }] },
    'else it is listed',
  )
})

onEveryBackend('a dropped row is not read further', (t, backend) => {
  const root = writeFileTree(t, {
    'sys/a/1/kind': 'no\n',
    'sys/a/1/trap': null,
    'sys/a/2/kind': 'yes\n',
    'sys/a/2/trap': null,
    'sys/a/3/kind': 'yes\n',
    'sys/a/3/trap': null,
  })
  const prepared = new Sysfs({ root, backend }).prepare(
    query('a/*', { trap: text('trap'), traps: list('kind/*', {}), name: name(), kind: text('kind').equals('yes') }),
  )
  const unreadable: Unreadable[] = []
  const expected = { trap: null, traps: [], name: '2', kind: 'yes' }
  t.deepEqual(prepared.first({}, { onUnreadable: (item) => unreadable.push(item) }), expected)
  t.deepEqual(unreadable, [{ path: `${root}/sys/a/2/trap`, code: 'EISDIR' }])
  t.deepEqual(Object.keys(prepared.first() ?? {}), ['trap', 'traps', 'name', 'kind'])
  t.is(prepared.all().length, 2)
})

onEveryBackend('text is trimmed, pages are whole, and any bytes are read', (t, backend) => {
  const page = 'x'.repeat(4095)
  const root = writeFileTree(t, {
    'sys/a/empty': '',
    'sys/a/newline': '\n',
    'sys/a/spaced': '\v\f\r\n\t two  words \n\n',
    'sys/a/page': `${page}\n`,
    'sys/a/long': 'y'.repeat(70_000),
    'sys/a/utf8': 'Größe\u00a0\n',
    'sys/a/binary': Uint8Array.of(0x00, 0xff, 0xfe, 0x41, 0xe2, 0x82, 0x0a),
  })
  const read = (file: string) => new Sysfs({ root, backend }).prepare(query('a', { value: text(file) })).first()?.value
  t.is(read('empty'), '')
  t.is(read('newline'), '')
  t.is(read('spaced'), 'two  words')
  t.is(read('page'), page)
  t.is(read('long'), 'y'.repeat(65_536))
  t.is(read('utf8'), 'Größe\u00a0', 'only ASCII white space is trimmed')
  t.is(read('binary'), '\u0000\ufffd\ufffdA\ufffd')
  t.is(read('missing'), null)
})

onEveryBackend('a binary attribute is read as hexadecimal, with its white space', (t, backend) => {
  const bytes = Uint8Array.from({ length: 256 }, (_, byte) => byte)
  const root = writeFileTree(t, {
    'sys/a/page': bytes,
    'sys/a/empty': '',
    'sys/a/newline': '\n',
    'sys/a/directory': null,
  })
  const read = new Sysfs({ root, backend }).prepare(
    query('a', {
      page: hex('page'),
      empty: hex('empty'),
      newline: hex('newline'),
      no: hex('no'),
      dir: hex('directory'),
    }),
  )
  t.deepEqual(read.all(), [{ page: Buffer.from(bytes).toString('hex'), empty: '', newline: '0a', no: null, dir: null }])
})

onEveryBackend('integers are decimal or hexadecimal, and safe', (t, backend) => {
  const values: Readonly<Record<string, number | null>> = {
    '0': 0,
    '-0': 0,
    '-12': -12,
    '007': 7,
    '0x1f': 31,
    '-0XfF': -255,
    '9007199254740991': 9007199254740991,
    '-9007199254740991': -9007199254740991,
    '0x1fffffffffffff': 9007199254740991,
    '9007199254740992': null,
    '0x20000000000000': null,
    '99999999999999999999999999999999999999': null,
    '00000000000000000000000000000000000005': 5,
    '': null,
    '-': null,
    '0x': null,
    '+1': null,
    '1.5': null,
    '1e3': null,
    '12 MB': null,
    '0b1': null,
    '1\u0000': null,
  }
  const tree = Object.fromEntries(Object.keys(values).map((value, index) => [`sys/a/${index}/n`, `${value}\n`]))
  const sysfs = new Sysfs({ root: writeFileTree(t, tree), backend })
  const rows = sysfs.prepare(query('a/{index}', { index: capture('index'), n: integer('n') })).all()
  t.is(rows.length, Object.keys(values).length)
  for (const { index, n } of rows) {
    const [value, expected] = Object.entries(values)[index] ?? ['?', undefined]
    t.is(n, expected as number | null, JSON.stringify(value))
  }
})

onEveryBackend('names that are not UTF-8 are listed in byte order and read', (t, backend) => {
  const root = writeFileTree(t, { 'sys/a/b!c/v': '1\n', 'sys/a/\u00e9/v': '2\n', 'sys/a/\u{1f4be}/v': '3\n' })
  const odd = Buffer.from(`${root}/sys/a/z\xff`, 'latin1')
  mkdirSync(odd)
  writeFileSync(Buffer.concat([odd, Buffer.from('/v')]), '4\n')
  const prepared = new Sysfs({ root, backend }).prepare(query('a/*', { name: name(), v: integer('v') }))
  t.deepEqual(prepared.all(), [
    { name: 'b!c', v: 1 },
    { name: 'z\ufffd', v: 4 },
    { name: '\u00e9', v: 2 },
    { name: '\u{1f4be}', v: 3 },
  ])
  const one = new Sysfs({ root, backend }).prepare(query('a/$which', { v: integer('v') }))
  t.deepEqual(one.all({ which: '\u{1f4be}' }), [{ v: 3 }])
})

onEveryBackend('a link is read once for all its fields', (t, backend) => {
  const root = writeFileTree(t, {
    'sys/c/x': { link: '../devices/h4/s12/x' },
    'sys/c/y': { link: 'y' },
    'sys/c/z': null,
  })
  const prepared = new Sysfs({ root, backend }).prepare(
    query('c/*', { h: numberFromLink('h'), name: name(), text: link(), s: numberFromLink('s').required() }),
  )
  t.deepEqual(prepared.all(), [{ h: 4, name: 'x', text: '../devices/h4/s12/x', s: 12 }])
})

test('a query of 5000 rows and texts is complete', (t) => {
  const tree = Object.fromEntries(Array.from({ length: 5000 }, (_, index) => [`sys/a/${index}/v`, `value ${index}\n`]))
  const root = writeFileTree(t, tree)
  const rows = (backend: Backend) =>
    new Sysfs({ root, backend }).prepare(query('a/*', { name: name(), v: text('v'), n: integer('v') })).all()
  const expected = Object.keys(tree)
    .map((file) => file.split('/')[2] as string)
    .sort()
    .map((entry) => ({ name: entry, v: `value ${entry}`, n: null }))
  for (const backend of backends) t.deepEqual(rows(backend), expected)
})

const nonsense: readonly [what: string, make: () => Query<unknown, unknown>, message: RegExp][] = [
  ['an absolute path', () => query('/class/net/*', {}), /must be relative/],
  ['an empty component', () => query('class//net/*', {}), /empty components/],
  ['..', () => query('class/net/*', { a: text('../x') }), /must not contain '\.\.'/],
  ['.', () => query('class/./net/*', {}), /must not contain '\.'/],
  ['NUL', () => query('class/net\0/*', {}), /NUL/],
  ['a wildcard inside', () => query('class/*/state', {}), /only the last component/],
  ['a wildcard in an attribute', () => query('a/*', { a: text('x*') }), /only the last component/],
  ['a bare $', () => query('a/$/b', {}), /needs a name/],
  ['a bare {', () => query('a/{', {}), /needs a name/],
  ['touching captures', () => query('a/{b}{c}', {}), /need a literal between them/],
  ['a capture twice', () => query('a/{b}:{b}', {}), /stands twice/],
  ['no such capture', () => query('a/*', { n: capture('n') }), /no \{n\} to capture/],
  ['a path that refers to itself', () => query('a/*', { n: integer('x$n') }), /refers to itself/],
  ['paths in a circle', () => query('a/*', { n: integer('x$m'), m: integer('x$n') }), /refers to itself/],
  ['__proto__', () => query('a/*', Object.fromEntries([['__proto__', name()]])), /__proto__/],
  ['credentials', () => query('a/*', { p: text('password_in') }), /credentials are never read/],
  ['credentials below', () => query('a/*', { p: text('iscsi_session/x/username') }), /credentials are never read/],
  ['an entry as attribute', () => query('a/*', { n: name(), p: text('$n') }), /must not begin with an entry's/],
  [
    'tryFirst of nothing required',
    () => query('a/*', { l: list('b*', {}).probeFirst('b1') }),
    /needs a required field/,
  ],
  [
    'tryFirst of a path',
    () => query('a/*', { l: list('*', { n: text('n').required() }).probeFirst('b/c') }),
    /one name/,
  ],
  ['a kind of nothing', () => query('a/*', {}, { disk: 'device' }), /no path of the query uses/],
  ['an unknown kind', () => query('a/$x', {}, { x: 'session' as 'device' }), /of no known kind/],
  ['two devices', () => query('a/$x/$y', {}, { x: 'device', y: 'device' }), /takes one device/],
  ['no integer', () => query('a/*', { n: integer('n').equals(0.5) }), /safe integers/],
]

for (const [what, make, message] of nonsense) {
  onEveryBackend(`a query that makes no sense is refused: ${what}`, (t, backend) => {
    const error = t.throws(() => new Sysfs({ backend }).prepare(make()), { message })
    t.true(error instanceof TypeError || error instanceof RangeError)
  })
}

onEveryBackend('parameters are checked before anything is read', (t, backend) => {
  // There is nothing to read. A read would give an empty result instead of an error.
  const sysfs = new Sysfs({ root: '/nonexistent', backend })
  const prepared = sysfs.prepare(
    query(
      'a/$part/$disk/*',
      { x: text('x').equals(param('x')), n: integer('n').equals(param('n')) },
      { disk: 'device' },
    ),
  )
  const good = { part: 'p', disk: 'sda', x: 'x', n: 1 }
  t.deepEqual(prepared.all(good), [])
  const refused = (wrong: object, type: typeof TypeError | typeof RangeError, message: string) =>
    t.throws(() => prepared.all({ ...good, ...wrong } as typeof good), { instanceOf: type, message })
  refused({ part: undefined }, TypeError, 'part must be a string or a number, not undefined')
  refused({ part: null }, TypeError, 'part must be a string or a number, not null')
  refused({ part: '' }, TypeError, 'part must not be empty')
  refused({ part: '..' }, TypeError, "part must not be '..'")
  refused({ part: 'a/b' }, TypeError, "part must be a name without '/': 'a/b'")
  refused({ part: 'a\0' }, TypeError, 'part must not contain a NUL: "a\\u0000"')
  refused({ part: -1 }, RangeError, 'part must be an integer from 0 to 9007199254740991, not -1')
  refused({ part: 1.5 }, RangeError, 'part must be an integer from 0 to 9007199254740991, not 1.5')
  refused({ part: 2 ** 53 }, RangeError, 'part must be an integer from 0 to 9007199254740991, not 9007199254740992')
  refused({ part: Number.NaN }, RangeError, 'part must be an integer from 0 to 9007199254740991, not NaN')
  refused({ disk: 7 }, TypeError, 'disk must be a string, not number')
  refused({ disk: '' }, TypeError, 'disk must not be empty')
  refused({ disk: 'dev/sda' }, TypeError, "disk must be a kernel name or an absolute path: 'dev/sda'")
  refused({ disk: '..' }, TypeError, "disk must not be '..'")
  refused({ disk: '/dev/s\0' }, TypeError, 'disk must not contain a NUL: "/dev/s\\u0000"')
  refused({ x: 7 }, TypeError, 'x must be a string, not number')
  refused({ n: '7' }, TypeError, 'n must be a number, not string')
  refused({ n: 0.5 }, RangeError, 'n must be a safe integer, not 0.5')
  t.throws(() => prepared.all(7 as never), {
    instanceOf: TypeError,
    message: 'parameters must be an object, not number',
  })
  t.deepEqual(prepared.all({ ...good, n: -1, x: 'a/b\0', part: 0 }), [], 'what is only compared may be anything')

  const attribute = sysfs.prepare(query('a/*', { value: text('$attribute') }))
  t.throws(() => attribute.all({ attribute: 'password' }), { instanceOf: TypeError, message: /never read/ })
})

test('wrong options are refused', (t) => {
  t.throws(() => new Sysfs(7 as never), { instanceOf: TypeError, message: 'options must be an object, not number' })
  t.throws(() => new Sysfs({ root: '' }), { instanceOf: TypeError, message: 'root must not be empty' })
  t.throws(() => new Sysfs({ sysPath: 7 as never }), {
    instanceOf: TypeError,
    message: 'sysPath must be a string, not number',
  })
  t.throws(() => new Sysfs({ devPath: '/d\0' }), { instanceOf: TypeError, message: /NUL/ })
  t.throws(() => new Sysfs({ backend: 'fast' as never }), {
    instanceOf: TypeError,
    message: /'auto', 'native' or 'fallback'/,
  })
  t.throws(() => new Sysfs().prepare({} as never), {
    instanceOf: TypeError,
    message: 'prepare takes a query, not object',
  })
})

onEveryBackend(
  'many attributes of one directory, wherever that leads and whatever is the matter with it',
  (t, backend) => {
    const names = ['a', 'b', 'c', 'd', 'e']
    const directory = (path: string): FileTree =>
      Object.fromEntries([...names, 'sub/x'].map((name) => [`${path}/${name}`, `${path.at(-1)}-${name}\n`]))
    const root = writeFileTree(t, {
      ...directory('sys/devices/1'),
      ...directory('sys/class/own/device/2'),
      'sys/class/own/device/2/kind': 'yes\n',
      'sys/class/link': { link: 'real' },
      'sys/class/real/linked/device': { link: '../../../devices/1' },
      'sys/class/real/linked/kind': 'yes\n',
      'sys/class/real/other/kind': 'no\n',
      'sys/class/real/without/kind': 'yes\n',
      'sys/class/real/file/device': 'a file\n',
      'sys/class/real/file/kind': 'yes\n',
      'sys/class/real/loop/device': { link: 'device' },
      'sys/class/real/loop/kind': 'yes\n',
      'sys/class/real/partly/device/c': 'only c\n',
      'sys/class/real/partly/device/d/below': '',
      'sys/class/real/partly/device/e': { link: 'e' },
      'sys/class/real/partly/kind': 'yes\n',
    })
    const sysfs = new Sysfs({ root, backend })
    const inDevice = sysfs.prepare(
      query('class/link/*', {
        kind: text('kind').equals('yes'),
        name: name(),
        ...Object.fromEntries(names.map((attribute) => [attribute, text(`device/${attribute}`)])),
        given: text('device/$sub/x'),
        device: link('device'),
        names: list('device/*', { name: name() }),
      }),
    )
    const nothing = { a: null, b: null, c: null, d: null, e: null, given: null }
    const unreadable: Unreadable[] = []
    const rows: readonly unknown[] = inDevice.all({ sub: 'sub' }, { onUnreadable: (item) => unreadable.push(item) })
    t.deepEqual(rows, [
      { kind: 'yes', name: 'file', ...nothing, device: null, names: [] },
      {
        ...{ kind: 'yes', name: 'linked', a: '1-a', b: '1-b', c: '1-c', d: '1-d', e: '1-e', given: '1-sub/x' },
        ...{ device: '../../../devices/1', names: ['a', 'b', 'c', 'd', 'e', 'sub'].map((one) => ({ name: one })) },
      },
      { kind: 'yes', name: 'loop', ...nothing, device: 'device', names: [] },
      {
        ...{ kind: 'yes', name: 'partly', ...nothing, c: 'only c', device: null },
        names: ['c', 'd', 'e'].map((one) => ({ name: one })),
      },
      { kind: 'yes', name: 'without', ...nothing, device: null, names: [] },
    ])
    const place = `${root}/sys/class/link`
    const inLoop = [...names, 'sub/x'].map((attribute) => ({
      path: `${place}/loop/device/${attribute}`,
      code: 'ELOOP',
    }))
    t.deepEqual(unreadable, [
      ...inLoop,
      { path: `${place}/loop/device`, code: 'ELOOP' },
      { path: `${place}/partly/device/d`, code: 'EISDIR' },
      { path: `${place}/partly/device/e`, code: 'ELOOP' },
    ])

    // Attributes of the entry itself, by a plain path and by paths with a parameter.
    const own = sysfs.prepare(
      query('class/own/device/{number}', {
        ...Object.fromEntries(names.map((attribute) => [attribute, text(attribute)])),
        first: text('$first'),
        below: text('sub/$below'),
        kind: text('kind'),
      }),
    )
    const [row, ...others]: readonly unknown[] = own.all({ first: 'c', below: 'x' })
    t.deepEqual(others, [])
    t.deepEqual(row, {
      ...{ a: '2-a', b: '2-b', c: '2-c', d: '2-d', e: '2-e', first: '2-c', below: '2-sub/x', kind: 'yes' },
    })
  },
)

onEveryBackend('properties of Object.prototype do not change an answer', (t, backend) => {
  const root = writeFileTree(t, { 'sys/a/b1/v': '1\n', 'sys/a/b1/c': { link: '../host2/x' }, 'sys/a/b2/v': '2\n' })
  const run = (): readonly unknown[] => {
    const declared = query('a/b{number}', {
      number: capture('number'),
      value: integer('v').equals(param('value')),
      host: numberFromLink('host', 'c'),
      again: list('$path', { name: name() }),
    })
    return new Sysfs({ root, backend }).prepare(declared).all({ value: 1, path: 'v' })
  }
  const expected = run()
  t.is(expected.length, 1)
  const polluted = ['literal', 'parameter', 'slot', 'entry', 'capture', 'constant', 'path', 'error', 'addon', 'isFlag']
  const prototype = Object.prototype as unknown as Record<string, unknown>
  try {
    for (const key of polluted) prototype[key] = 0
    t.deepEqual(run(), expected)
  } finally {
    for (const key of polluted) delete prototype[key]
  }
})
