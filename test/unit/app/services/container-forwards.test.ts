import assert from 'node:assert/strict';
import { test } from 'node:test';
import { EngineError } from '../../../../app/base/error.ts';
import type { PortForward } from '../../../../app/ports/port-plan.ts';
import { ContainerForwards } from '../../../../app/services/container-forwards.ts';
import type { WantedForward } from '../../../../app/services/port-forwards.ts';

const want = (change: Partial<WantedForward> = {}): WantedForward => ({
  ...{ container: 'c1', containerPort: 80, protocol: 'tcp', hostAddress: '', hostPort: 8080, guestPort: 30_000 },
  ...change,
});

function forwards(options: { busy?: number; noIpv6?: boolean; taken?: readonly number[] } = {}) {
  let random = 49_152;
  let set: readonly PortForward[] = [];
  const check = (host: string, port: number): Promise<number> => {
    if (options.noIpv6 === true && host === '::1')
      return Promise.reject(new EngineError('invalid-argument', 'no IPv6'));
    if (port === options.busy) return Promise.reject(new EngineError('port-busy', `${port} is in use`));
    if (host === '::1' && options.taken?.includes(port) === true)
      return Promise.reject(new EngineError('port-busy', `${port} is in use`));
    return Promise.resolve(port === 0 ? (options.taken === undefined ? random : random++) : port);
  };
  const forwarder = {
    set: (wanted: readonly PortForward[]) => {
      if (wanted.some(({ hostPort }) => hostPort === options.busy))
        return Promise.reject(new EngineError('port-busy', `${options.busy ?? 0} is in use`));
      set = wanted;
      return Promise.resolve();
    },
    close: () => Promise.resolve(),
  };
  return {
    it: new ContainerForwards(forwarder, check),
    set: () => set.map(({ host, hostPort }) => `${host} ${hostPort}`),
  };
}

test('without an address both loopback families are meant; IPv4 alone where there is no IPv6', async () => {
  const both = forwards();
  await both.it.apply([want()]);
  assert.deepEqual(both.set(), ['127.0.0.1 8080', '::1 8080']);
  const one = forwards({ noIpv6: true });
  await one.it.apply([want(), want({ hostAddress: '0.0.0.0', hostPort: 81 })]);
  assert.deepEqual(one.set(), ['127.0.0.1 8080', '0.0.0.0 81']);
});

test('port 0 takes a free one, the same in both families and for as long as it is wanted', async () => {
  const { it, set } = forwards();
  await it.apply([want({ hostPort: 0 })]);
  await it.apply([want({ hostPort: 0 }), want({ container: 'c2', hostPort: 9000 })]);
  assert.deepEqual(set(), ['127.0.0.1 49152', '::1 49152', '127.0.0.1 9000', '::1 9000']);
  assert.deepEqual(
    it
      .active()
      .map(({ container, hostAddress, hostPort }) => [container, hostAddress, hostPort])
      .slice(0, 1),
    [['c1', '127.0.0.1', 49_152]],
  );
});

test('a free one of IPv4 that is taken in IPv6 is passed over, for a while', async () => {
  const { it, set } = forwards({ taken: [49_152, 49_153] });
  assert.deepEqual(await it.apply([want({ hostPort: 0 })]), []);
  assert.equal(set()[0]?.split(' ')[1], set()[1]?.split(' ')[1]);
  const never = forwards({ taken: Array.from({ length: 1000 }, (_, index) => 49_152 + index) });
  const [failure] = await never.it.apply([want({ hostPort: 0 })]);
  assert.match(failure?.error.message ?? '', /is in use/);
});

test('one container’s busy port does not keep the others’ closed', async () => {
  const { it, set } = forwards({ busy: 8080 });
  const failures = await it.apply([want(), want({ container: 'c2', hostPort: 9000, hostAddress: '127.0.0.1' })]);
  assert.deepEqual(
    failures.map(({ wanted, error }) => [wanted.container, error.message]),
    [['c1', '8080 is in use']],
  );
  assert.deepEqual(set(), ['127.0.0.1 9000']);
});

test('a port of one of our containers is told by its id; the same number of UDP is another port', async () => {
  const { it } = forwards();
  await it.apply([want({ container: 'c'.repeat(64) })]);
  await assert.rejects(it.requireFree([want()]), {
    code: 'port-busy',
    message: /port is already allocated, by the container cccccccccccc\./,
  });
  await it.requireFree([want({ protocol: 'udp' })]);
  await it.apply([]);
  await it.requireFree([want()]);
});

test('of a range the first free port is taken, and told when none is', async () => {
  const { it, set } = forwards({ busy: 8080 });
  await it.apply([want({ hostPort: 8080, hostPortEnd: 8082 })]);
  await it.apply([
    want({ hostPort: 8080, hostPortEnd: 8082 }),
    want({ container: 'c2', hostPort: 8080, hostPortEnd: 8082 }),
  ]);
  assert.deepEqual(set(), ['127.0.0.1 8081', '::1 8081', '127.0.0.1 8082', '::1 8082']);
  await assert.rejects(it.requireFree([want({ hostPort: 8080, hostPortEnd: 8082 })]), { code: 'port-busy' });
});
