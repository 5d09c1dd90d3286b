/** What `berth explain` says of real containers: ways that work, and each way to break that can be brought about. */
import assert from 'node:assert/strict';
import { randomBytes } from 'node:crypto';
import { once } from 'node:events';
import { createServer, type AddressInfo } from 'node:net';
import { after, before, describe, test } from 'node:test';
import type { Explanation } from '../../app/contract/index.ts';
import { berth, detached, guest, ok } from '../support/berth.ts';
import { until } from '../support/until.ts';

const word = randomBytes(3).toString('hex');
const [front, back] = [`front-${word}`, `back-${word}`];
const freePort = (): string => String(20_000 + Math.floor(Math.random() * 10_000));

async function explain(...args: string[]): Promise<Explanation & { readonly code: number }> {
  const { code, stdout, stderr } = await berth(['explain', ...args, '--format', 'json']);
  assert.equal(stderr, '');
  return { ...(JSON.parse(stdout) as Explanation), code };
}

/** The broken step with its words and its fix; the exit code says the same. */
function brokenAt({ code, works, hops }: Awaited<ReturnType<typeof explain>>): [string, string, string] {
  const { name, detail, fix } = hops.find(({ status }) => status === 'broken') ?? { name: '', detail: '', fix: '' };
  assert.deepEqual([works, code], [name === '', name === '' ? 0 : 1]);
  return [name, detail, fix];
}

before(async () => {
  await ok(['network', 'create', front]);
  await ok(['network', 'create', back]);
});
after(async () => {
  for (const name of [front, back]) await berth(['network', 'rm', name]);
});

describe('a port', () => {
  test('that works, over every step; then without its rule, paused, ended', async (t) => {
    const port = freePort();
    const name = `web-${word}`;
    const id = await detached(t, ['--name', name, '-p', `${port}:80`], ['httpd', '-f', '-p', '80']);
    const works = await until('it works', async () => {
      const explained = await explain('port', port);
      return explained.works && explained;
    });
    assert.deepEqual(brokenAt(works), ['', '', '']);
    const details = works.hops.map(({ name: hop, detail }) => `${hop}: ${detail}`).join('\n');
    assert.match(
      details,
      new RegExp(`^host listener: 127\\.0\\.0\\.1:${port}.*held by the engine \\(process \\d+\\)`, 'm'),
    );
    assert.match(details, /^guest rule: port 2\d{4} is led to 172\.30\.\d+\.\d+:80$/m);
    assert.match(details, /^process: in web-.* httpd \(pid \d+ in the guest\) listens on \[?[0:.]+\]?:80$/m);
    const shown = await ok(['explain', 'port', port]);
    assert.match(shown, /^ok {7}container: web-/m);
    assert.match(shown, /^works: port/m);
    const [, guestPort] = /port (\d+) is led/.exec(details) ?? [];
    await guest(`nft delete element inet berth tcp_ports { ${guestPort ?? ''} }`);
    assert.deepEqual(
      brokenAt(await explain('port', port)).filter((_, index) => index !== 1),
      ['guest rule', `berth restart ${name}`],
    );
    await ok(['restart', '-t', '0', name]);
    await until('it works again', async () => (await explain('port', port)).works);
    await ok(['pause', id]);
    assert.deepEqual(brokenAt(await explain('port', port)), [
      'container',
      `${name} is paused`,
      `berth unpause ${name}`,
    ]);
    await ok(['unpause', id]);
    await ok(['kill', id]);
    await ok(['wait', id]);
    const ended = brokenAt(await explain('port', port));
    assert.match(ended.join('\n'), new RegExp(`^container\n${name} has ended: code 137\nberth start ${name}`));
  });

  test('on which the program listens inside alone, on another port, or not at all', async (t) => {
    const [alone, other, none] = [freePort(), freePort(), freePort()];
    await detached(t, ['-p', `${alone}:80`], ['httpd', '-f', '-p', '127.0.0.1:80']);
    await detached(t, ['-p', `${other}:80`], ['httpd', '-f', '-p', '3000']);
    await detached(t, ['-p', `${none}:80`], ['sleep', '1000']);
    for (const [port, detail, fix] of [
      [alone, /httpd .* listens on 127\.0\.0\.1:80 only/, /0\.0\.0\.0/],
      [other, /nothing in .* listens on port 80\/tcp; httpd .* listens on .*:3000/, /-p HOSTPORT:3000/],
      [none, /nothing in .* listens on port 80\/tcp$/, /berth logs/],
    ] as const) {
      const [hop, said, todo] = await until(`the evidence: ${String(detail)}`, async () => {
        const found = brokenAt(await explain('port', port));
        return detail.test(found[1]) && found;
      });
      assert.equal(hop, 'process', said);
      assert.match(todo, fix);
    }
  });

  test('that nobody publishes, or that another program has', async (t) => {
    const server = createServer().listen(0, '127.0.0.1');
    await once(server, 'listening');
    t.after(() => server.close());
    const port = String((server.address() as AddressInfo).port);
    const [hop, detail] = brokenAt(await explain('port', port));
    assert.equal(hop, 'host listener');
    assert.match(
      detail,
      new RegExp(`no container publishes port ${port}/tcp.*\\(process ${process.pid}\\) listens there`),
    );
    const name = `late-${word}`;
    t.after(() => berth(['rm', '-f', name]));
    await ok(['create', '--name', name, '-p', `${port}:80`, 'busybox', 'true']);
    const held = brokenAt(await explain('port', port));
    assert.match(
      held.join('\n'),
      new RegExp(`^host listener\n.*\\(process ${process.pid}\\) holds port ${port}.*\nstop that`),
    );
  });
});

describe('a name', () => {
  test('of a container: from its own network, from another, from the default bridge, when it has ended', async (t) => {
    const [web, db] = [`ask-${word}`, `db-${word}`];
    await detached(t, ['--name', web, '--network', front], ['sleep', '1000']);
    await detached(t, ['--name', `plain-${word}`], ['sleep', '1000']);
    await detached(t, ['--name', db, '--network', back, '--network-alias', 'store'], ['sleep', '1000']);
    const [hop, detail, fix] = brokenAt(await explain('dns', db, '--from', web));
    assert.deepEqual([hop, fix], ['names of containers', `berth network connect ${back} ${web}`]);
    assert.match(detail, new RegExp(`on the network ${back}, which ${web} is not on`));
    const plain = brokenAt(await explain('dns', web, '--from', `plain-${word}`));
    assert.deepEqual([plain[0], plain[2]], ['names of containers', `berth network connect ${front} plain-${word}`]);
    // What is advised works.
    await ok(fix.split(' ').slice(1));
    for (const name of [db, 'store', `store.${back}`]) {
      const explained = await explain('dns', name, '--from', web);
      assert.deepEqual(brokenAt(explained), ['', '', '']);
      assert.match(explained.verdict, /is 172\./);
    }
    await ok(['stop', '-t', '0', db]);
    assert.deepEqual(
      brokenAt(await explain('dns', db, '--from', web))
        .slice(0, 3)
        .filter((_, at) => at !== 1),
      ['names of containers', `berth start ${db}`],
    );
    assert.equal(brokenAt(await explain('dns', web, '--from', db))[0], 'asker');
  });

  test('of this machine, of the container itself, and of nobody', async (t) => {
    const id = await detached(t, ['--network', front, '--add-host', 'api:10.1.2.3'], ['sleep', '1000']);
    for (const [name, from, verdict] of [
      ['host.docker.internal', [], 'host.docker.internal is 10.0.2.2'],
      ['host.docker.internal', ['--from', id], 'host.docker.internal is 10.0.2.2'],
      ['api', ['--from', id], 'api is 10.1.2.3'],
    ] as const)
      assert.equal((await explain('dns', name, ...from)).verdict, verdict);
    for (const from of [[], ['--from', id]]) {
      const explained = await explain('dns', 'berth-tests.invalid', ...from);
      assert.equal(brokenAt(explained)[0], 'host resolver');
    }
    const nowhere = await detached(t, ['--network', 'none'], ['sleep', '1000']);
    assert.equal(brokenAt(await explain('dns', 'api', '--from', nowhere))[0], 'name server');
  });
});
