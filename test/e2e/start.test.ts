/** `npm start` on a checkout in which everything is built. */
import assert from 'node:assert/strict';
import { join } from 'node:path';
import { test } from 'node:test';
import { command } from '../support/berth.ts';
import { ownHome } from '../support/own-home.ts';

const root = join(import.meta.dirname, '../..');

test('it shows a container what it is, says how to go on and how to stop; again, it takes what runs', async (t) => {
  const home = await ownHome(t);
  const start = () =>
    command(process.execPath, [join(root, 'scripts/start.mjs')], {
      env: { BERTH_HOME: home.path },
      limitMs: 300_000,
    });
  for (const time of ['first', 'second']) {
    const { code, stdout, stderr } = await start();
    assert.equal(code, 0, `${time}: ${stderr}`);
    assert.match(stdout, /^pid 1 +sh \(this shell is pid 1\)$/m);
    assert.match(stdout, /^hostname +first-container$/m);
    const namespaces = /^namespaces +(.*)$/m.exec(stdout)?.[1]?.trim().split(' ') ?? [];
    assert.deepEqual(
      namespaces.map((name) => name.split(':')[0]),
      ['cgroup', 'ipc', 'mnt', 'net', 'pid', 'user', 'uts'],
    );
    assert.match(stdout, /^uid map +0 [1-9]\d+ 65536;$/m);
    assert.match(stdout, /^memory limit +67108864 bytes$/m);
    assert.match(stderr, /Go on with:\n\n {2}scripts\/berth run /);
    assert.match(stderr, /Stop it with:\n\n {2}scripts\/berth stop --service\n$/);
  }
  assert.equal(await home.ok(['ps', '-aq']), '');
  const state = await home.ok(['status', '--format', '{{.status}}']);
  assert.equal(state, 'running');
  await home.ok(['stop', '--service']);
});
