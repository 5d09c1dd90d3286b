import assert from 'node:assert/strict';
import { test } from 'node:test';
import { changedConfig } from '../../../../app/content/config-change.ts';

const none = {} as Parameters<typeof changedConfig>[0];

const cases: readonly [changes: string[], config: object][] = [
  [['CMD ["sh", "-c", "ls"]'], { Cmd: ['sh', '-c', 'ls'] }],
  [['cmd echo hello'], { Cmd: ['/bin/sh', '-c', 'echo hello'] }],
  [['ENTRYPOINT ["/app"]', 'USER 1000:1000'], { Entrypoint: ['/app'], User: '1000:1000' }],
  [['ENV A=1 B="two words" C=\'x y\' D=a\\ b'], { Env: ['A=1', 'B=two words', 'C=x y', 'D=a b'] }],
  [['ENV A=1', 'ENV A=2', 'ENV OLD way of it'], { Env: ['A=2', 'OLD=way of it'] }],
  [['EXPOSE 80 53/udp'], { ExposedPorts: { '80/tcp': {}, '53/udp': {} } }],
  [['LABEL a=b "c d"="e f"'], { Labels: { a: 'b', 'c d': 'e f' } }],
  [['VOLUME /data /logs', 'VOLUME ["/more"]'], { Volumes: { '/data': {}, '/logs': {}, '/more': {} } }],
  [['WORKDIR /srv', 'WORKDIR app'], { WorkingDir: '/srv/app' }],
  [['STOPSIGNAL SIGINT', 'ONBUILD RUN true'], { StopSignal: 'SIGINT', OnBuild: ['RUN true'] }],
];

for (const [changes, config] of cases)
  test(changes.join('; '), () => assert.deepEqual(changedConfig(none, changes), config));

for (const line of ['RUN true', 'COPY a b', 'CMD', '', 'constructor x'])
  test(`${JSON.stringify(line)} is refused`, () =>
    assert.throws(() => changedConfig(none, [line]), { code: 'invalid-argument', hint: /CMD, ENTRYPOINT, ENV/ }));
