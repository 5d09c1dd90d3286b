import assert from 'node:assert/strict';
import { describe, it } from 'node:test';
import { psColumns } from '../../../../app/contract/ps-columns.ts';

const shown = (...args: string[]): string =>
  psColumns(args)
    .map(({ column, title }) => (column === title ? column : `${column}:${title}`))
    .join(' ');

const full = 'USER:UID PID PPID C STIME TTY TIME CMD';
const user = 'USER PID %CPU %MEM VSZ RSS TTY STAT STIME:START BSDTIME:TIME CMD:COMMAND';

describe('columns of ps', () => {
  const table: [string[], string][] = [
    [[], full],
    [['-ef'], full],
    [['-A', '-f', '-w'], full],
    [['-e'], 'PID TTY TIME COMM:CMD'],
    [['aux'], user],
    [['-aux'], user],
    [['auxww'], user],
    [['ax'], 'PID TTY STAT BSDTIME:TIME CMD:COMMAND'],
    [['-o', 'pid,cmd'], 'PID CMD'],
    [['-opid', '-o', 'user %mem'], 'PID USER %MEM'],
    [['-eo', 'pid,comm,args'], 'PID COMM:COMMAND CMD:COMMAND'],
    [['-eopid'], 'PID'],
    [['axo', 'pid,etime'], 'PID ELAPSED'],
    [['--format=pid,stat'], 'PID STAT'],
    [['--format', 'PID', 'aux'], 'PID'],
    [['-o', 'ppid,pid=number, as it is'], 'PPID PID:number, as it is'],
    [['-o', 'user=', '-o', 'pid'], 'USER: PID'],
  ];
  for (const [args, expected] of table) it(args.join(' ') || 'nothing', () => assert.equal(shown(...args), expected));

  const wrong: [string[], RegExp][] = [
    [['-o', 'pid,odd'], /^error: unknown user-defined format specifier "odd"$/],
    [['-o'], /must follow -o/],
    [['-eZ'], /^error: unsupported SysV option: Z in -eZ$/],
    [['-u', 'root'], /SysV option: u in -u/],
    [['axf'], /^error: unsupported option \(BSD syntax\): f in axf$/],
    [['--sort=-rss'], /^error: unknown gnu long option: --sort=-rss$/],
    [['-'], /unsupported option: "-"/],
  ];
  for (const [args, message] of wrong)
    it(`refuses ${args.join(' ')}`, () => assert.throws(() => psColumns(args), { code: 'invalid-argument', message }));
});
