import assert from 'node:assert/strict';
import { posix, win32 } from 'node:path';
import { describe, it } from 'node:test';
import { parseMount } from '../../../../../app/cli/flags/mount.ts';
import { parsePort } from '../../../../../app/cli/flags/ports.ts';
import { parseTmpfs } from '../../../../../app/cli/flags/tmpfs.ts';
import { parseVolume } from '../../../../../app/cli/flags/volume.ts';

const unix = { windows: false, absolute: (path: string) => posix.resolve('/project', path) };
const windows = { windows: true, absolute: (path: string) => win32.resolve('C:\\work', path) };

const bind = (source: string, target: string, readOnly = false): object => ({ type: 'bind', source, target, readOnly });
const volume = (name: string, target: string, more: object = {}): object => ({
  type: 'volume',
  name,
  target,
  readOnly: false,
  copyUp: true,
  ...more,
});

describe('parseVolume', () => {
  const rows: [string, object | RegExp, typeof unix?][] = [
    ['/src:/dst', bind('/src', '/dst')],
    ['/src:/dst:ro', bind('/src', '/dst', true)],
    ['/src:/dst:rw', bind('/src', '/dst')],
    ['/src:/dst:ro,z', bind('/src', '/dst', true)],
    ['./src:/dst/', bind('/project/src', '/dst')],
    ['.:/app', bind('/project', '/app')],
    ['../x:/app', bind('/x', '/app')],
    ['data:/var/lib', volume('data', '/var/lib')],
    ['data:/var/lib:ro,nocopy', volume('data', '/var/lib', { readOnly: true, copyUp: false })],
    ['/anonymous', volume('', '/anonymous')],
    ['C:\\src:/dst', bind('C:\\src', '/dst'), windows],
    ['C:\\src:/dst:ro', bind('C:\\src', '/dst', true), windows],
    ['C:/src:/dst', bind('C:\\src', '/dst'), windows],
    ['\\\\server\\share:/dst', bind('\\\\server\\share\\', '/dst'), windows],
    ['data:/dst', volume('data', '/dst'), windows],
    ['c:/dst', /cannot name a volume/],
    ['data:relative', /not an absolute path/],
    ['/src:/dst/../etc', /has '\.\.'/],
    ['/src:/', /can't be '\/'/],
    ['/src:/dst:ro:x', /cannot be read/],
    ['/src:/dst:wo', /"wo" is not an option/],
    ['/src:/dst:ro,rw', /ro and rw at once/],
    ['a b:/dst', /cannot name a volume/],
    ['', /cannot be read/],
    [':/dst', /cannot be read/],
  ];
  for (const [text, wanted, paths = unix] of rows)
    it(text, () => {
      if (wanted instanceof RegExp) assert.throws(() => parseVolume(text, paths), { message: wanted });
      else assert.deepEqual(parseVolume(text, paths), wanted);
    });
});

describe('parseMount', () => {
  const tmpfs = { type: 'tmpfs', target: '/t', readOnly: false, options: [] };
  const rows: [string, object | RegExp][] = [
    ['type=bind,source=/src,target=/dst', bind('/src', '/dst')],
    ['type=bind,src=src,dst=/dst,ro', bind('/project/src', '/dst', true)],
    ['type=bind,src=/s,destination=/dst,readonly=false', bind('/s', '/dst')],
    ['source=data,target=/d', volume('data', '/d')],
    ['type=volume,target=/d,volume-nocopy', volume('', '/d', { copyUp: false })],
    ['type=tmpfs,target=/t', tmpfs],
    ['type=tmpfs,target=/t,tmpfs-size=1m,tmpfs-mode=1770', { ...tmpfs, sizeBytes: 1048576, mode: 0o1770 }],
    ['type=bind,"source=/a,b",target=/d', bind('/a,b', '/d')],
    ['type=bind,target=/d', /a bind needs a source/],
    ['type=tmpfs,source=/x,target=/d', /has no source/],
    ['type=nfs,target=/d', /no mount type "nfs"/],
    ['type=bind,source=/x', /no target/],
    ['type=bind,source=/x,target=/d,colour=red', /"colour" is not a key/],
    ['type=tmpfs,target=/t,tmpfs-mode=999', /not octal/],
    ['type=bind,source=/x,target=/d,bind-propagation=shared', /does not cross the VM/],
  ];
  for (const [text, wanted] of rows)
    it(text, () => {
      if (wanted instanceof RegExp) assert.throws(() => parseMount(text, unix), { message: wanted });
      else assert.deepEqual(parseMount(text, unix), wanted);
    });
});

describe('parseTmpfs', () => {
  const plain = { type: 'tmpfs', target: '/t', readOnly: false, options: [] };
  const rows: [string, object | RegExp][] = [
    ['/t', plain],
    [
      '/t:size=64m,mode=1777,noexec,uid=5',
      { ...plain, sizeBytes: 67108864, mode: 0o1777, options: ['noexec', 'uid=5'] },
    ],
    ['/t:ro', { ...plain, readOnly: true }],
    ['t', /not an absolute path/],
    ['/t:size=big', /not a size/],
  ];
  for (const [text, wanted] of rows)
    it(text, () => {
      if (wanted instanceof RegExp) assert.throws(() => parseTmpfs(text), { message: wanted });
      else assert.deepEqual(parseTmpfs(text), wanted);
    });
});

describe('parsePort', () => {
  const port = (containerPort: number, hostPort: number, hostAddress = '', protocol = 'tcp'): object => ({
    containerPort,
    protocol,
    hostAddress,
    hostPort,
  });
  const rows: [string, object[] | RegExp][] = [
    ['80', [port(80, 0)]],
    ['8080:80', [port(80, 8080)]],
    ['53:53/udp', [port(53, 53, '', 'udp')]],
    ['80/TCP', [port(80, 0)]],
    ['127.0.0.1:8080:80/udp', [port(80, 8080, '127.0.0.1', 'udp')]],
    ['127.0.0.1::80', [port(80, 0, '127.0.0.1')]],
    ['[::1]:8080:80', [port(80, 8080, '::1')]],
    ['[::1]::80', [port(80, 0, '::1')]],
    ['8000-8001:80-81', [port(80, 8000), port(81, 8001)]],
    ['0:80', [port(80, 0)]],
    ['7000-7002', [port(7000, 0), port(7001, 0), port(7002, 0)]],
    ['8000-8002:80-81', /ranges differ/],
    ['8000-8002:80', [{ containerPort: 80, protocol: 'tcp', hostAddress: '', hostPort: 8000, hostPortEnd: 8002 }]],
    ['8080:0', /1 to 65535/],
    ['8080:65536', /"65536" is not a port/],
    ['8081-8080:1-2', /not a port/],
    ['::1:8080:80', /too many colons/],
    ['localhost:8080:80', /not an IP address/],
    ['1.2.3.400:8080:80', /not an IP address/],
    ['8080:80/sctp', /"sctp" cannot be published/],
    ['', /not a port/],
    ['http', /not a port/],
  ];
  for (const [text, wanted] of rows)
    it(JSON.stringify(text), () => {
      if (wanted instanceof RegExp) assert.throws(() => parsePort(text), { message: wanted });
      else assert.deepEqual(parsePort(text), wanted);
    });
});
