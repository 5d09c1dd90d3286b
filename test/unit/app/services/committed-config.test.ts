import assert from 'node:assert/strict';
import { describe, it } from 'node:test';
import { mergedRun, type RunPart } from '../../../../app/services/committed-config.ts';

const own: RunPart = {
  ...{ User: 'www', WorkingDir: '/srv', StopSignal: 'SIGINT' },
  ...{ Env: ['PATH=/bin', 'A=own'], Entrypoint: ['/entry'], Cmd: ['serve'] },
  ...{ Labels: { a: 'own', b: 'own' }, ExposedPorts: { '80/tcp': {} }, Volumes: { '/data': {} } },
};

describe('a configuration over that of the container', () => {
  it('leaves what it does not name', () => {
    const { StopSignal, ...expected } = own;
    assert.equal(StopSignal, 'SIGINT');
    assert.deepEqual(mergedRun({}, own), { ...expected, Healthcheck: undefined });
  });

  it('joins variables, labels, ports and volumes, its own first', () => {
    const given = {
      Env: ['A=given', 'B='],
      Labels: { a: 'given' },
      ExposedPorts: { '9/udp': {} },
      Volumes: { '/v': {} },
    };
    const merged = mergedRun(given, own);
    assert.deepEqual(merged.Env, ['A=given', 'B=', 'PATH=/bin']);
    assert.deepEqual(merged.Labels, { a: 'given', b: 'own' });
    assert.deepEqual(Object.keys(merged.ExposedPorts ?? {}), ['80/tcp', '9/udp']);
    assert.deepEqual(Object.keys(merged.Volumes ?? {}), ['/data', '/v']);
  });

  const commands: [name: string, given: RunPart, Entrypoint: string[], Cmd: string[]][] = [
    ['a command keeps the entrypoint', { Cmd: ['other'] }, ['/entry'], ['other']],
    ['an entrypoint takes no command along', { Entrypoint: ['/own'] }, ['/own'], []],
    ['an empty entrypoint clears it', { Entrypoint: [] }, [], ['serve']],
    ['both', { Entrypoint: ['/own'], Cmd: ['x'] }, ['/own'], ['x']],
  ];
  for (const [name, given, Entrypoint, Cmd] of commands)
    it(name, () => {
      const merged = mergedRun(given, own);
      assert.deepEqual([merged.Entrypoint, merged.Cmd], [Entrypoint, Cmd]);
    });
});
