/** `docker top` held against ps(1) of this machine: a real process counts as the container's. */
import assert from 'node:assert/strict';
import { spawn, spawnSync } from 'node:child_process';
import { once } from 'node:events';
import { mkdirSync, readFileSync, writeFileSync } from 'node:fs';
import { join } from 'node:path';
import { test } from 'node:test';
import Docker from 'dockerode';
import { cgroupRoot } from '../../../guest-agent/services/paths.ts';
import { dockerStack } from '../../support/docker-stack.ts';
import { until } from '../../support/until.ts';

const ps = (...args: string[]) => spawnSync('ps', args, { encoding: 'utf8', env: { ...process.env, TZ: 'UTC' } });
const found = ps('--version');
const here = found.error === undefined && found.stdout.includes('procps');

interface Answer {
  readonly Titles: string[];
  readonly Processes: string[][];
}

test(
  'processes are told as ps tells them, by its options',
  { skip: !here && 'there is no ps of procps' },
  async (t) => {
    const { socketPath, agent } = await dockerStack(t);
    const docker = new Docker({ socketPath });
    const container = await docker.createContainer({ Image: 'tiny', Cmd: ['sleep'] });
    await container.start();
    const child = spawn('sleep', ['1234'], { detached: true, stdio: 'ignore' });
    await once(child, 'spawn');
    t.after(() => void child.kill());
    const pid = String(child.pid);
    const status = `/proc/${pid}/status`;
    await until('it sleeps, and changes no more', () => /^State:\tS /m.test(readFileSync(status, 'utf8')));
    const cgroup = join(cgroupRoot(agent.paths), container.id);
    mkdirSync(cgroup, { recursive: true });
    writeFileSync(join(cgroup, 'cgroup.procs'), `${pid}\n`);

    const asked = 'pid,ppid,pgid,sid,uid,gid,tty,ni,pri,nlwp,stat,s,vsz,sz,rss,comm,time,args';
    for (const options of [['-ef'], ['aux'], ['ax'], ['-e'], ['-o', asked], ['-o', 'pid=Number', '-o', 'pid,cmd']]) {
      const { Titles, Processes } = (await container.top({ ps_args: options.join(' ') })) as Answer;
      const [titles, ...lines] = ps(...options)
        .stdout.trim()
        .split('\n');
      assert.deepEqual(Titles, titles?.trim().split(/\s+/), options.join(' '));
      const line = lines.find((one) => one.trim().split(/\s+/).includes(pid));
      if (options.includes(asked)) assert.equal(Processes[0]?.join(' '), line?.trim().replace(/\s+/g, ' '));
      assert.deepEqual(
        Processes.map((row) => row[Titles.indexOf('PID')]),
        [pid],
      );
    }
    await assert.rejects(container.top({ ps_args: '-o cmd' }), { statusCode: 500, message: /find PID field/ });
    await assert.rejects(container.top({ ps_args: '-Z' }), { statusCode: 400, message: /unsupported SysV option: Z/ });
  },
);
