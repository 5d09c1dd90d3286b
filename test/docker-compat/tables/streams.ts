import type { Table } from '../row.ts';

const id = /^[0-9a-f]{64}\n$/;

export const streams: Table = {
  name: 'streams: logs of the local driver, stats that go on, what is on the disk',
  rows: [
    [
      'docker run --rm --log-driver local --log-opt odd=1 busybox true',
      125,
      /unknown log opt 'odd' for local log driver/,
    ],
    [
      'docker run -d --name local --log-driver local --log-opt max-size=1m --log-opt max-file=2 busybox sh -c "echo out; echo err >&2; exec sleep 1000"',
      0,
      id,
    ],
    [
      'docker inspect -f "{{.HostConfig.LogConfig.Type}} {{index .HostConfig.LogConfig.Config \\"max-size\\"}}" local',
      0,
      /^local 1m\n$/,
    ],
    ['until docker logs local 2>&1 | grep err; do :; done', 0, /err\n$/],
    ['docker logs local 2>/dev/null', 0, /^out\n$/],
    ['docker logs -t --tail 1 local 2>&1', 0, /^\d{4}-\d\d-\d\dT[0-9:.]+Z (out|err)\n$/],
    [
      'docker stats --format "{{.Name}} {{.PIDs}}" local | grep -m 3 -o "local [0-9]"',
      0,
      /^local 1\nlocal 1\nlocal 1\n$/,
    ],
    [
      'docker stats --format "{{json .}}" | grep -m 2 -o "\\"Name\\":\\"local\\""',
      0,
      /^"Name":"local"\n"Name":"local"\n$/,
    ],
    ['docker rm -f local', 0, /^local\n$/],
    ['docker run --rm -v seen:/data busybox dd if=/dev/zero of=/data/file bs=1k count=100 2>/dev/null', 0, /^$/],
    [
      'docker system df -v --format "{{range .Volumes}}{{.Name}} {{.Links}} {{.Size}} {{end}}"',
      0,
      /\bseen 0 1[01]\d(\.\d)?kB /,
    ],
    ['docker system df -v --format "{{range .Images}}{{.Repository}} {{.Size}} {{end}}"', 0, /\bbusybox \d(\.\d+)?MB /],
    [
      'docker system df --format "{{.Type}} {{.TotalCount}} {{.Size}}"',
      0,
      /^Images \d+ .*\nContainers 0 0B\nLocal Volumes \d+ /,
    ],
    ['docker volume rm seen', 0, /^seen\n$/],
  ],
};
