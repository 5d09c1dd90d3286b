/** Names of the world in containers: what the host's own resolver says, and nothing else. */
import assert from 'node:assert/strict';
import { randomBytes } from 'node:crypto';
import { lookup } from 'node:dns/promises';
import { readFileSync } from 'node:fs';
import { after, before, describe, test } from 'node:test';
import { berth, detached, guest, inside, ok } from '../support/berth.ts';

const network = `names-${randomBytes(3).toString('hex')}`;
/** A name that is in this host's hosts file alone; a container has files of its own. */
const name = readFileSync('/etc/hosts', 'utf8')
  .split('\n')
  .flatMap((line) => line.replace(/#.*/, '').trim().split(/\s+/).slice(1))
  .find((one) => !/^(localhost|ip6-|broadcasthost)/.test(one));
const skip = name === undefined && 'the hosts file of this host has no name but localhost';

before(() => ok(['network', 'create', network]));
after(() => berth(['network', 'rm', network]));

describe('a name of the host’s hosts file', { skip }, () => {
  const asked = `nslookup -type=a ${name ?? ''} | tail -n +4`;
  const answer = async () => new RegExp(`Address: ${(await lookup(name ?? '', { family: 4 })).address}`);

  for (const mode of ['bridge', network, 'host'])
    test(`on the network ${mode === network ? 'of a user' : mode}`, async () => {
      assert.match(await inside(asked, '--network', mode), await answer());
    });

  test('by the programs of a container, by those of the guest, and by TCP', async (t) => {
    const { address } = await lookup(name ?? '', { family: 4 });
    const id = await detached(t, ['--network', network], ['sleep', '1000']);
    assert.match(
      await ok(['exec', id, 'ping', '-c', '1', name ?? '']),
      new RegExp(`\\(${address.replaceAll('.', '\\.')}\\)`),
    );
    assert.match(await guest(asked), await answer());
    const byTcp = `const s=require("net").connect(53,"10.0.2.3");const n=${JSON.stringify(name)};
      const q=Buffer.concat([Buffer.from([0,7,1,0,0,1,0,0,0,0,0,0]),...n.split(".").map(l=>Buffer.concat([Buffer.of(l.length),Buffer.from(l)])),Buffer.from([0,0,1,0,1])]);
      const l=Buffer.alloc(2);l.writeUInt16BE(q.length);s.write(Buffer.concat([l,q]));
      s.once("data",d=>{console.log(d.subarray(-4).join("."));s.destroy()})`;
    assert.equal(await guest(`node -e '${byTcp}'`), address);
  });
});

test('a name that nobody has is told as such, on every network', async () => {
  for (const mode of ['bridge', network])
    assert.match(
      (await berth(['run', '--rm', '--network', mode, 'busybox', 'nslookup', 'berth-tests.invalid'])).stdout,
      /NXDOMAIN/,
      mode,
    );
});

test('the host’s name is there on the default bridge, too', async () => {
  assert.match(await inside('nslookup -type=a host.docker.internal'), /Address: 10\.0\.2\.2/);
});
