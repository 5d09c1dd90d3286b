import assert from 'node:assert/strict';
import { test } from 'node:test';
import { resolveUser } from '../../../../guest-agent/plan/user.ts';

const passwd =
  'root:x:0:0:root:/root:/bin/sh\n# comment\nweb:x:33:34::/srv/web:/bin/false\nbroken\n77:x:1077:1077::/h:/x\n';
const group = 'root:x:0:\nwww:x:34:\naudio:x:29:web,root\nvideo:x:44:web\n';
const resolve = (user: string, add: string[] = []) => resolveUser(user, add, passwd, group);

test('names, ids, groups as Docker resolves them', () => {
  assert.deepEqual(resolve(''), { uid: 0, gid: 0, groups: [29], home: '/root' });
  assert.deepEqual(resolve('web'), { uid: 33, gid: 34, groups: [29, 44], home: '/srv/web' });
  assert.deepEqual(resolve('33'), { uid: 33, gid: 34, groups: [29, 44], home: '/srv/web' });
  assert.deepEqual(resolve('web:audio'), { uid: 33, gid: 29, groups: [], home: '/srv/web' });
  assert.deepEqual(resolve('5000'), { uid: 5000, gid: 0, groups: [], home: '/' });
  assert.deepEqual(resolve('5000:6000'), { uid: 5000, gid: 6000, groups: [], home: '/' });
  assert.deepEqual(resolve(':video'), { uid: 0, gid: 44, groups: [], home: '/root' });
  assert.equal(resolve('77').uid, 1077, 'a name made of digits comes before the number');
});

test('--group-add by name and number, without doubles', () => {
  assert.deepEqual(resolve('web', ['audio', '1234', 'www']).groups, [29, 44, 1234, 34]);
});

test('what is missing is named', () => {
  assert.throws(() => resolve('ghost'), { code: 'invalid-argument', message: /unable to find user ghost/ });
  assert.throws(() => resolve('web:ghosts'), { message: /unable to find group ghosts/ });
  assert.throws(() => resolve('web', ['ghosts']), { message: /unable to find group ghosts/ });
  assert.throws(() => resolve('2147483648'), { message: /0 to 2147483647/ });
});

test('an image without the files has numbers only', () => {
  assert.deepEqual(resolveUser('7:8', ['9'], '', ''), { uid: 7, gid: 8, groups: [9], home: '/' });
  assert.throws(() => resolveUser('web', [], '', ''), { message: /user web/ });
});
